"""Reads what partitions asked of the ledger, and what it granted to them."""

import json
import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.verifier.log import Record

Totals = dict[str, int]
Party = tuple[int, str]
"""A partition and a campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a partition told; `returned` is all that it ever gave back, by arm."""

    place: str
    at_ms: int
    seq: int
    first_minor: int
    returned: Totals


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What the ledger told; `totals` is all that it ever granted, by arm."""

    place: str
    at_ms: int
    seq: int
    answers: int
    totals: Totals
    standing: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """What people ordered of a campaign's ledger, and had to be obeyed."""

    at_ms: int
    added_minor: int
    standing: str


@dataclass(slots=True)
class LeaseBook:
    """Asks and grants of each partition and campaign, in the order of their topics.

    Attributes
    ----------
    orders
        By campaign, those that were in time and could be obeyed.
    strange
        Records that are neither, or lie in another partition's place.
    """

    asks: defaultdict[Party, list[Asked]] = field(default_factory=lambda: defaultdict(list))
    grants: defaultdict[Party, list[Granted]] = field(default_factory=lambda: defaultdict(list))
    orders: defaultdict[str, list[Ordered]] = field(default_factory=lambda: defaultdict(list))
    strange: list[str] = field(default_factory=list)
    _stops: set[tuple[str, str]] = field(default_factory=set)

    @classmethod
    def of(cls, asks: Iterable[Record], grants: Iterable[Record]) -> "LeaseBook":
        """Read the records of both topics, each partition's in offset order."""
        book = cls()
        for read, records in ((book._take_ask, asks), (book._take_grant, grants)):
            for record in records:
                try:
                    read(record, json.loads(record.value or b""))
                except (ValueError, KeyError, TypeError, AttributeError) as found:
                    book.strange.append(f"{record.place} cannot be read: {found!r}")
        return book

    def parties(self) -> list[Party]:
        """Name who asked or was granted something."""
        return sorted(self.asks.keys() | self.grants.keys())

    def granted(self, party: Party, seq: int) -> Totals | None:
        """Give the totals of the grant of this number; None where there was none."""
        return next((one.totals for one in self.grants.get(party, ()) if one.seq == seq), None)

    def granted_minor(self, party: Party) -> int:
        """Give all that was ever granted."""
        known = self.grants.get(party)
        return sum(known[-1].totals.values()) if known else 0

    def added_minor(self, name: str, until_ms: float = math.inf) -> int:
        """Give all that was added to a campaign's budget by then."""
        return sum(one.added_minor for one in self.orders.get(name, ()) if one.at_ms <= until_ms)

    def standing(self, party: Party, before_ms: int) -> str:
        """Tell how the campaign stood by the newest grant before an append time."""
        told = [one.standing for one in self.grants.get(party, ()) if one.at_ms < before_ms]
        return told[-1] if told else "open"

    def _take_order(self, record: Record, told: dict[str, Any]) -> None:
        obeyed, kind = self.orders[str(told["campaign_id"])], str(told["kind"])
        standing = obeyed[-1].standing if obeyed else "open"
        follows = {"pause": "paused", "stop": "paused", "resume": "open", "close": "closed"}
        is_idle = kind != "top_up" and follows[kind] == standing
        if standing == "closed" or self._is_late(kind, told, len(obeyed)) or is_idle:
            return
        obeyed.append(
            Ordered(
                at_ms=record.timestamp_ms,
                added_minor=int(told["amount_minor"]),
                standing=follows.get(kind, standing),
            )
        )

    def _is_late(self, kind: str, told: dict[str, Any], obeyed_count: int) -> bool:
        """A stop is late only if it came before; all others must be the next in number."""
        if kind != "stop":
            return int(told["version"]) != obeyed_count + 1
        came = told["campaign_id"], told["order_id"]
        is_repeated = came in self._stops
        self._stops.add(came)
        return is_repeated

    def _take_ask(self, record: Record, told: dict[str, Any]) -> None:
        if "claim" in told:
            return  # what customers share is judged by what they were given
        if "order_id" in told:
            self._take_order(record, told)
            return
        party = int(told["partition"]), str(told["campaign_id"])
        self.asks[party].append(
            Asked(
                place=record.place,
                at_ms=record.timestamp_ms,
                seq=int(told["seq"]),
                first_minor=int(told["first_minor"]),
                returned=_totals(told["returned"]),
            )
        )

    def _take_grant(self, record: Record, told: dict[str, Any]) -> None:
        if int(told["partition"]) != record.partition:
            self.strange.append(f"{record.place} is meant for {told['partition']}")
        if "permit" in told:
            return
        party = record.partition, str(told["campaign_id"])
        self.grants[party].append(
            Granted(
                place=record.place,
                at_ms=record.timestamp_ms,
                seq=int(told["seq"]),
                answers=int(told["answers"]),
                totals=_totals(told["granted"]),
                standing=str(told["standing"]),
            )
        )


def _totals(told: dict[str, Any]) -> Totals:
    return {arm: int(minor) for arm, minor in told.items()}
