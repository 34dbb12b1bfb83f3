"""The ledger of campaigns in one process with its partitions: what is asked is answered at once."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from coupons.books import Books
from coupons.claims import Permit
from coupons.leases import Grant
from streams import wire
from streams.context import Rules
from streams.dead_letters import Outbound
from streams.partitions import Partition


@dataclass(slots=True)
class Answer:
    """A grant as a partition takes it: the record that the ledger would have sent."""

    offset: int
    key: bytes
    value: bytes
    timestamp: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


class LendingAtOnce:
    """Lends money to partitions after each chunk, where no broker stands between.

    Parameters
    ----------
    topic
        The topic that grants come by where there is a broker.
    """

    def __init__(self, partitions: Sequence[Partition], topic: str, rules: Rules) -> None:
        self._partitions, self._topic = partitions, topic
        self._offsets: Counter[int] = Counter()
        self._books = Books(
            partitions=len(partitions),
            shares=rules.shares,
            lease_ratio=rules.lease_ratio,
            horizon_ms=rules.pacing.horizon_ms,
        )
        self._catalogue = rules.catalogue
        self._books.adopt(self._catalogue)

    def lend(self, asks: Sequence[Outbound], rules: Rules) -> None:
        """Answer what a chunk asked for, and what hearing the answer makes partitions ask."""
        if rules.catalogue is not self._catalogue:
            self._catalogue = rules.catalogue
            self._books.adopt(self._catalogue)
        while asks:
            for _, value, _ in asks:
                self._books.hear(wire.decode_ask(value or b""))
            self._books.close_old()
            more: list[Outbound] = []
            for grant in self._books.answers():
                answer = (self._topic, self._answer(grant))
                more += self._partitions[grant.partition].apply([answer], rules).asks
            told: defaultdict[int, list[tuple[str, Answer]]] = defaultdict(list)
            for permit in self._books.permitted():
                told[permit.partition].append((self._topic, self._answer(permit)))
            for number, answers in sorted(told.items()):
                more += self._partitions[number].apply(answers, rules).asks
            asks = more

    def _answer(self, told: Grant | Permit) -> Answer:
        key, value, _ = wire.encode_grant(told)
        offset = self._offsets[told.partition]
        self._offsets[told.partition] += 1
        return Answer(offset, key or b"", value or b"")
