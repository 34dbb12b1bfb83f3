"""Reads what the ledger granted to each partition."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.verifier.log import Record

Totals = dict[str, int]


@dataclass(slots=True)
class GrantBook:
    """All grants by (partition, campaign) and number; `offenders` tells what cannot be."""

    totals: dict[tuple[int, str], dict[int, Totals]] = field(default_factory=dict)
    offenders: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[Record]) -> "GrantBook":
        """Read the records of all partitions, those of each in offset order."""
        book = cls()
        for record in records:
            try:
                book._take(record)
            except (ValueError, KeyError, TypeError) as found:
                book.offenders.append(f"{record.place}: must be a grant: {found!r}")
        return book

    def heard(self, partition: int, campaign_id: str, number: int) -> Totals | None:
        """Give the totals of a grant; None where there was none of this number."""
        return self.totals.get((partition, campaign_id), {}).get(number)

    def newest_minor(self, partition: int, campaign_id: str) -> int:
        """Give all that was ever granted to a partition."""
        known = self.totals.get((partition, campaign_id))
        return sum(known[max(known)].values()) if known else 0

    def _take(self, record: Record) -> None:
        told = json.loads(record.value or b"")
        totals: Totals = {arm: int(minor) for arm, minor in told["granted"].items()}
        known = self.totals.setdefault((record.partition, str(told["campaign_id"])), {})
        number = int(told["seq"])
        if int(told["partition"]) != record.partition:
            self.offenders.append(f"{record.place}: is meant for {told['partition']}")
        if number != len(known) + 1:
            self.offenders.append(f"{record.place}: must be number {len(known) + 1}, was {number}")
        before = known.get(number - 1, {})
        if any(totals.get(arm, 0) < minor for arm, minor in before.items()):
            self.offenders.append(f"{record.place}: {before} fell to {totals}")
        known[number] = totals
