"""A recorded run once more: its events, and each decision by the model that made it then.

Workers take over a new model wherever they happen to be; which one scored stands in every decision.
Models are not recorded: they are learned again from the recorded outcomes, bit by bit the same.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from streams import wire
from streams.app import families_of, source_of
from streams.context import Rules
from streams.emission import Emission
from streams.learning import PRIOR, Learning
from streams.partitions import Partition, state_hash
from streams.recordings.reading import Message, lines_of, manifest_of, message_of
from streams.recordings.writing import DECISIONS, EVENTS, OUTCOMES, RecordingError
from streams.refusals import MalformedEvent
from streams.rules import read_catalogue, rules_of
from streams.settings import Settings

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
    """

    events: int = 0
    same: int = 0
    different: int = 0
    lost: int = 0
    undecided: int = 0
    models: int = 0
    first_different: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether everything that was recorded was made again, to the byte."""
        return not (self.different or self.lost)


class Decided(NamedTuple):
    """What a recorded decision rests on, and its bytes' digest."""

    model_version: str
    digest: bytes


class Models:
    """The rules of a run by the model in force, learned again as far as they are asked for."""

    def __init__(self, settings: Settings, outcomes: Iterator[bytes]) -> None:
        self._settings = settings
        self._catalogue = read_catalogue(settings)
        self._learning = Learning(settings)
        self._outcomes = enumerate(outcomes, 1)
        self._rules = {PRIOR: rules_of(settings, self._catalogue, self._learning.in_force)}
        self._learning.begin()

    @property
    def catalogue_version(self) -> str:
        """The version of the catalogue in the file."""
        return self._catalogue.version

    @property
    def count(self) -> int:
        """How many models were in force, the prior among them."""
        return len(self._rules)

    def rules(self, version: str) -> Rules:
        """Give the rules with the model of that name.

        Raises
        ------
        RecordingError
            The outcomes end before it.
        """
        while version not in self._rules:
            self._learn(version)
        return self._rules[version]

    def _learn(self, version: str) -> None:
        number, value = next(self._outcomes, (0, None))
        if value is None:
            message = (
                f"{OUTCOMES}: must bring forth the model {version!r} that a decision names, was at"
                f" its end before; COUPON_SNAPSHOT_EVERY must be as in the run"
            )
            raise RecordingError(message)
        try:
            outcome = wire.decode_outcome(value)
        except ValueError as error:
            message = f"{OUTCOMES}, line {number}: must be an outcome, was not: {error}"
            raise RecordingError(message) from error
        trained = self._learning.learn([(number, outcome)])
        for _, snapshot in trained.snapshots:
            self._learning.take(snapshot)
            self._rules[self._learning.version] = rules_of(
                self._settings, self._catalogue, self._learning.in_force
            )


class Repeat:
    """All partitions of a recorded run in one process.

    Parameters
    ----------
    write
        Gets each decision's bytes as they are made now.
    """

    def __init__(
        self, settings: Settings, folder: Path, write: Callable[[bytes], object] = len
    ) -> None:
        manifest = manifest_of(folder)
        self.settings = settings.model_copy(
            update={"app_id": manifest["app_id"], "partitions": manifest["partitions"]}
        )
        self.found = Repeated()
        self._folder = folder
        self._write = write
        self._models = Models(self.settings, lines_of(folder / OUTCOMES))
        self._topics = {family: topic for topic, family in families_of(self.settings).items()}
        source = source_of(self.settings)
        self.partitions = [Partition(n, {}, source) for n in range(self.settings.partitions)]
        self._recorded: dict[tuple[str, str], Decided] = {}
        self._waiting: list[list[Message]] = [[] for _ in self.partitions]
        self._versions = [PRIOR for _ in self.partitions]

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
        self.found.models = self._models.count
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
            if decision.catalogue_version != self._models.catalogue_version:
                message = (
                    f"{DECISIONS}, line {number}: must rest on the catalogue"
                    f" {self._models.catalogue_version} of COUPON_CATALOGUE_FILE, was on"
                    f" {decision.catalogue_version}"
                )
                raise RecordingError(message)
            key = (decision.user_id, decision.trigger_event_id)
            self._recorded[key] = Decided(decision.model.version, sha256(line).digest())

    def _take(self, message: Message) -> None:
        version = self._version_at(message)
        number = message.partition
        if version is not None and version != self._versions[number]:
            self._apply(number)
            self._versions[number] = version
        self._waiting[number].append(message)
        if len(self._waiting[number]) >= _CHUNK_COUNT:
            self._apply(number)

    def _version_at(self, message: Message) -> str | None:
        """Name the model that decided on a message; None where nothing was decided."""
        family = self.partitions[0].source.families[message.topic]
        try:
            event = wire.decode(
                family, message.key, message.value, message.headers, message.timestamp
            )
        except MalformedEvent:
            return None
        decided = self._recorded.get((event.user_id, event.event_id))
        return None if decided is None else decided.model_version

    def _apply(self, number: int) -> None:
        waiting, self._waiting[number] = self._waiting[number], []
        if waiting:
            rules = self._models.rules(self._versions[number])
            records = [(message.topic, message) for message in waiting]
            self._compare(self.partitions[number].apply(records, rules))

    def _compare(self, emission: Emission) -> None:
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
