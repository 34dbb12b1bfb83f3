"""A recorded run once more: its events, and each decision by the model that made it then.

Workers take over a new model, new knowledge or word of the stock wherever they happen to be; which
one it was stands in every decision. Models and knowledge are not recorded: they are learned again
from the recorded outcomes and sessions (see `streams.recordings.relearning`), bit by bit the same.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from online_models.knowledge.known import NOTHING
from streams import wire
from streams.app import families_of, signed_source_of
from streams.dead_letters import Outbound
from streams.emission import Emission, Watch, nobody
from streams.learning import PRIOR
from streams.partitions import Partition
from streams.recordings.reading import (
    Message,
    levels_of,
    lines_of,
    manifest_of,
    message_of,
)
from streams.recordings.relearning import Relearned
from streams.recordings.writing import (
    DECISIONS,
    EVENTS,
    OUTCOMES,
    REPLIES,
    SESSIONS,
    STOCK,
    RecordingError,
)
from streams.refusals import MalformedEvent
from streams.settings import Settings
from streams.state_hash import state_hash

_CHUNK_COUNT = 500


@dataclass(slots=True)
class Repeated:
    """How a repeated run compares with what was recorded.

    Attributes
    ----------
    same, different
        Decisions made again, byte for byte or not.
    lost
        Recorded decisions that were not made again.
    undecided
        Decisions that were made now and not in the recording: their events came last.
    first_different
        Ids of the first decisions that differ.
    models, knowledges
        How many of each were in force, those that learned nothing among them.
    sessions_same, sessions_lost, replies_same, replies_lost
        Recorded sessions and replies that were made again, byte for byte, and those that were not.
    """

    events: int = 0
    same: int = 0
    different: int = 0
    lost: int = 0
    undecided: int = 0
    models: int = 0
    first_different: list[str] = field(default_factory=list)
    knowledges: int = 0
    sessions_same: int = 0
    sessions_lost: int = 0
    replies_same: int = 0
    replies_lost: int = 0

    @property
    def holds(self) -> bool:
        """Whether everything that was recorded was made again, to the byte."""
        return not (self.different or self.lost or self.sessions_lost or self.replies_lost)


class Versions(NamedTuple):
    """What a decision was made with: versions of the model, the knowledge and the stock."""

    model: str
    knowledge: str
    stock: int


class Decided(NamedTuple):
    """What a recorded decision rests on, and its bytes' digest."""

    versions: Versions
    digest: bytes


class Repeat:
    """All partitions of a recorded run in one process.

    Parameters
    ----------
    write
        Gets each decision's bytes as they are made now.
    watch
        Told of each chunk, after it was decided.
    """

    def __init__(
        self,
        settings: Settings,
        folder: Path,
        write: Callable[[bytes], object] = len,
        watch: Watch = nobody,
    ) -> None:
        manifest = manifest_of(folder)
        self.settings = settings.model_copy(
            update={"app_id": manifest["app_id"], "partitions": manifest["partitions"]}
        )
        self.found = Repeated()
        self._folder = folder
        self._write = write
        self._watch = watch
        self._relearned = Relearned(
            self.settings, lines_of(folder / OUTCOMES), lines_of(folder / SESSIONS)
        )
        self._topics = {family: topic for topic, family in families_of(self.settings).items()}
        source = signed_source_of(self.settings)
        self.partitions = [Partition(n, {}, source) for n in range(self.settings.partitions)]
        self._recorded: dict[tuple[str, str], Decided] = {}
        self._ended = _digests(folder / SESSIONS)
        self._replied = _digests(folder / REPLIES)
        self._waiting: list[list[Message]] = [[] for _ in self.partitions]
        self._versions = [Versions(PRIOR, NOTHING, 0) for _ in self.partitions]

    def run(self, on_event: Callable[[], object] = lambda: None) -> Repeated:
        """Decide all events again and compare.

        Raises
        ------
        RecordingError
            The recording is damaged, or rests on another catalogue.
        """
        self._read_decisions()
        for number, line in enumerate(lines_of(self._folder / EVENTS), 1):
            self._take(message_of(number, line, self._topics))
            self.found.events += 1
            on_event()
        for number in range(len(self.partitions)):
            self._apply(number)
        self.found.lost = len(self._recorded)
        self.found.sessions_lost = self._ended.total()
        self.found.replies_lost = self._replied.total()
        self.found.models, self.found.knowledges = self._relearned.counts
        return self.found

    def state_hash(self) -> str:
        """Hash all rows and shared states, canonical and in order: equal states, equal hash."""
        return state_hash(self.partitions)

    def _read_decisions(self) -> None:
        for number, line in enumerate(lines_of(self._folder / DECISIONS), 1):
            try:
                decision = wire.decode_decision(line)
            except ValueError as error:
                message = f"{DECISIONS}, line {number}: must be a decision, was not: {error}"
                raise RecordingError(message) from error
            if decision.catalogue_version != self._relearned.catalogue.version:
                message = (
                    f"{DECISIONS}, line {number}: must rest on the catalogue"
                    f" {self._relearned.catalogue.version} of COUPON_CATALOGUE_FILE, was on"
                    f" {decision.catalogue_version}"
                )
                raise RecordingError(message)
            key = (decision.user_id, decision.trigger_event_id)
            versions = Versions(
                decision.model.version, decision.knowledge_version, decision.stock_version
            )
            self._recorded[key] = Decided(versions, sha256(line).digest())
        asked = {decided.versions.stock for decided in self._recorded.values()}
        self._relearned.take_stock(levels_of(self._folder / STOCK), asked)

    def _take(self, message: Message) -> None:
        versions = self._versions_at(message)
        number = message.partition
        if versions is not None and versions != self._versions[number]:
            self._apply(number)
            self._versions[number] = versions
        self._waiting[number].append(message)
        if len(self._waiting[number]) >= _CHUNK_COUNT:
            self._apply(number)

    def _versions_at(self, message: Message) -> Versions | None:
        """Name what decided on a message; None where nothing was decided."""
        family = self.partitions[0].source.families[message.topic]
        try:
            event = wire.decode(
                family, message.key, message.value, message.headers, message.timestamp
            )
        except MalformedEvent:
            return None
        decided = self._recorded.get((event.user_id, event.event_id))
        return None if decided is None else decided.versions

    def _apply(self, number: int) -> None:
        waiting, self._waiting[number] = self._waiting[number], []
        if waiting:
            rules = self._relearned.rules(*self._versions[number])
            records = [(message.topic, message) for message in waiting]
            emission = self.partitions[number].apply(records, rules)
            self._compare(emission)
            self._watch(number, records, rules, emission)

    def _compare(self, emission: Emission) -> None:
        self.found.sessions_same += _found_again(self._ended, emission.sessions)
        self.found.replies_same += _found_again(self._replied, emission.replies)
        for _, value, _ in emission.decisions:
            self._write(value or b"")
            made = wire.decode_decision(value or b"")
            recorded = self._recorded.pop((made.user_id, made.trigger_event_id), None)
            if recorded is None:
                self.found.undecided += 1
            elif recorded.digest == sha256(value or b"").digest():
                self.found.same += 1
            else:
                self.found.different += 1
                self.found.first_different = [*self.found.first_different, made.decision_id][:5]


def _digests(path: Path) -> Counter[bytes]:
    return Counter(sha256(line).digest() for line in lines_of(path))


def _found_again(recorded: Counter[bytes], made: Iterable[Outbound]) -> int:
    """Strike what was made again off the record; tell how much it was."""
    count = 0
    for _, value, _ in made:
        digest = sha256(value or b"").digest()
        if recorded[digest]:
            recorded[digest] -= 1
            count += 1
    return count
