"""Gathers everything that the checks look at, reading each record once and keeping little of it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from heapq import merge
from typing import TypeVar

from tests.verifier.decided import read_decided
from tests.verifier.inputs import Sent, read_sent
from tests.verifier.leases import LeaseBook
from tests.verifier.letters import Letter, Source, read_letter
from tests.verifier.log import FAMILIES, OUR_OWN, Log, Record, Terms, Topics, UnreadableError
from tests.verifier.replied import read_replied
from tests.verifier.rows import RowBook
from tests.verifier.told import read_told

T = TypeVar("T")

# Two events appended in the same millisecond may have been applied in either order.
MEMORY_SLACK_COUNT = 4


@dataclass(slots=True)
class Group:
    """All inbound records of one customer in one partition that bear the same event id.

    Attributes
    ----------
    applied
        Those that were not refused, in the order of their append times.
    conflicts
        Those that were refused because the id was another event's.
    stretched
        A repeat came after more other events than the worker promises to remember.
    """

    applied: list[Sent] = field(default_factory=list)
    conflicts: list[Sent] = field(default_factory=list)
    stretched: bool = False


class Facts:
    """The whole run in memory."""

    def __init__(self, log: Log, terms: Terms) -> None:
        self.app_id = log.app_id
        self.partitions_count = log.partitions_count
        self.terms = terms
        families = Topics(app_id=log.app_id, prefix=log.prefix).families
        self.our_own = {topic for topic, family in families.items() if family in OUR_OWN}
        self.sent = _all(log.inputs, lambda record: read_sent(record, families[record.topic]))
        self.leases = LeaseBook.of(log.asks, log.grants)
        if not self.sent:
            message = "there is not one inbound record, so nothing can be judged"
            raise UnreadableError(message)
        self.letters = _all(log.dead_letters, lambda record: read_letter(record, log.app_id))
        self.decided = _all(log.decisions, lambda record: read_decided(record, log.app_id))
        self.replied = _all(log.replies, read_replied)
        self.told = _all(log.outcomes, read_told)
        self.rows = RowBook()
        for record in log.changelog:
            self.rows.follow(record)
        self.letters_of: defaultdict[Source | None, list[Letter]] = defaultdict(list)
        for letter in self.letters:
            self.letters_of[letter.source].append(letter)
        self.groups = self._grouped()
        self.triggers = {
            (user_id, event_id): group.applied[0]
            for (_, user_id, event_id), group in self.groups.items()
            if group.applied and group.applied[0].event_type in terms.triggers
        }

    @property
    def counts(self) -> dict[str, int]:
        """How many records of each sort there are."""
        return {
            "inputs": len(self.sent),
            "decisions": len(self.decided),
            "replies": len(self.replied),
            "outcomes": len(self.told),
            "dead letters": len(self.letters),
            "row versions": self.rows.versions_count,
        }

    def letters_for(self, sent: Sent) -> list[Letter]:
        """Give the dead letters of an inbound record."""
        return self.letters_of.get((sent.topic, sent.partition, sent.offset), [])

    def reaches_row(self, sent: Sent) -> bool:
        """Tell whether a record was applied to its customer's row, even as a repeat or conflict."""
        if sent.state == "bad" or sent.family == "heartbeats":
            return False
        return all(letter.reason == "id_conflict" for letter in self.letters_for(sent))

    def _grouped(self) -> dict[tuple[int, str, str], Group]:
        groups: defaultdict[tuple[int, str, str], Group] = defaultdict(Group)
        known: defaultdict[tuple[int, str], dict[str, int]] = defaultdict(dict)
        limit = self.terms.memory_count - MEMORY_SLACK_COUNT
        for sent in self.in_order():
            if sent.state != "native" or sent.event_type == "heartbeat":
                continue
            if not self.reaches_row(sent):
                continue
            group = groups[sent.partition, sent.user_id, sent.event_id]
            (group.conflicts if self.letters_for(sent) else group.applied).append(sent)
            seen = known[sent.partition, sent.user_id]
            first = seen.setdefault(sent.event_id, len(seen))
            if len(seen) - first > limit:
                group.stretched = True
        return dict(groups)

    def in_order(self) -> Iterator[Sent]:
        """Give the records of each partition as the worker merges their topics."""
        lanes: defaultdict[int, defaultdict[str, list[Sent]]] = defaultdict(
            lambda: defaultdict(list)
        )
        for sent in self.sent:
            lanes[sent.partition][sent.family].append(sent)
        for partition in sorted(lanes):
            topics = [lanes[partition][family] for family in FAMILIES]
            ranked = [
                [(sent.timestamp_ms, rank, sent.offset, sent) for sent in topic]
                for rank, topic in enumerate(topics)
            ]
            yield from (item[3] for item in merge(*ranked, key=lambda item: item[:2]))


def _all(records: Iterable[Record], read: Callable[[Record], T]) -> list[T]:
    return [read(record) for record in records]
