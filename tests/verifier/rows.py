"""Follows the changelog of the users: every version of every row, the newest one in full."""

import json
from dataclasses import dataclass, field
from typing import Any

from tests.verifier.ids import digest
from tests.verifier.log import Record

PARTITION_KEY = b"\x00partition"
# Says that somebody was erased, and holds nothing to be judged.
ERASED_PREFIX = b"\x00erased:"


# What a coupon that left somebody's hands may still become.
_FOLLOWS = {
    "redeemed": {"redeemed", "returned"},
    "returned": {"returned"},
    "released": {"released", "unfunded"},
    "expired": {"expired", "unfunded"},
    "voided": {"voided", "unfunded"},
    "unfunded": {"unfunded"},
}
_HELD = frozenset({"issued", "viewed", "clicked", "denied", "reserved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A coupon that was used or is gone, as the newest row that still knew it tells."""

    campaign_id: str
    coupon_id: str
    stage: str
    spent_minor: int


@dataclass(slots=True, kw_only=True)
class UserRow:
    """The newest row of a user in a partition; `held` maps decisions to (campaign, charge)."""

    place: str
    value: bytes
    at: dict[str, int]
    pending: dict[str, int]
    held: dict[str, tuple[str, int]]


@dataclass(slots=True)
class RowBook:
    """All that the changelog tells.

    Attributes
    ----------
    users
        The newest rows by (partition, key); None where a tombstone ended it.
    shared
        What the users of a partition share, the newest record of each.
    closed
        Coupons that left somebody's hands, by (partition, decision).
    pots
        The limits that each coupon which was seen in a row was charged to.
    backward, unbalanced, unreadable, unlawful
        Offenders met on the way; the last are coupons that came back to life.
    """

    users: dict[tuple[int, bytes], UserRow | None] = field(default_factory=dict)
    shared: dict[int, dict[str, Any]] = field(default_factory=dict)
    closed: dict[tuple[int, str], Closed] = field(default_factory=dict)
    pots: dict[tuple[int, str], tuple[str, ...]] = field(default_factory=dict)
    versions_count: int = 0
    accounts_count: int = 0
    backward: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    unlawful: list[str] = field(default_factory=list)
    states_count: int = 0
    _places: dict[int, str] = field(default_factory=dict)

    def follow(self, record: Record) -> None:
        """Take the next record of the changelog, in offset order of its partition."""
        self.versions_count += 1
        key = record.key or b""
        if key.startswith(ERASED_PREFIX):
            return
        if record.value is None:
            self.users[record.partition, key] = None
            return
        try:
            row = json.loads(record.value)
            if key == PARTITION_KEY:
                self._follow_shared(record, row)
            else:
                self._follow_user(record, key, row)
        except (ValueError, KeyError, TypeError, AttributeError) as found:
            self.unreadable.append(f"{record.place} of {key!r}: {found!r}")

    def _follow_user(self, record: Record, key: bytes, row: dict[str, Any]) -> None:
        wallet = row["wallet"]
        newest = UserRow(
            place=record.place,
            value=record.value or b"",
            at=dict(row["at"]),
            pending={str(one["id"]): int(one["due"]) for one in row["pending"]},
            held={
                name: (str(one["campaign_id"]), int(one["charge_minor"]))
                for name, one in wallet["held"].items()
            },
        )
        self._follow_coupons(record, wallet)
        for name, one in (wallet["held"] | wallet["closed"]).items():
            self.pots[record.partition, name] = tuple(one.get("pots", ()))
        for name, one in wallet["closed"].items():
            self.closed[record.partition, name] = Closed(
                campaign_id=str(one["campaign_id"]),
                coupon_id=str(one["coupon_id"]),
                stage=str(one["stage"]),
                spent_minor=int(one["spent_minor"]),
            )
        before = self.users.get((record.partition, key))
        self.users[record.partition, key] = newest
        if before is not None:
            steps = _backward(before.at, newest.at)
            self.backward += [
                f"{key!r} at {record.place}: {step}, after {before.place}" for step in steps
            ]

    def _follow_coupons(self, record: Record, wallet: dict[str, Any]) -> None:
        """Look whether coupons are in a state that may follow the one before."""
        for name, one in wallet["held"].items():
            self.states_count += 1
            before = self.closed.get((record.partition, name))
            if before is not None or one["stage"] not in _HELD:
                was = "held" if before is None else before.stage
                self.unlawful.append(f"{name} at {record.place}: {one['stage']} after {was}")
        for name, one in wallet["closed"].items():
            self.states_count += 1
            before = self.closed.get((record.partition, name))
            lawful = _FOLLOWS if before is None else _FOLLOWS[before.stage]
            dearer = before is not None and one["spent_minor"] > before.spent_minor
            if one["stage"] not in lawful or dearer:
                was = "held" if before is None else f"{before.stage} for {before.spent_minor}"
                now = f"{one['stage']} for {one['spent_minor']}"
                self.unlawful.append(f"{name} at {record.place}: {now} after {was}")

    def _follow_shared(self, record: Record, row: dict[str, Any]) -> None:
        before = self.shared.get(record.partition)
        if before is not None:
            steps = _backward(before["at"], row["at"])
            if row["watermark_ms"] < before["watermark_ms"]:
                steps.append(f"watermark {before['watermark_ms']} -> {row['watermark_ms']}")
            place = self._places[record.partition]
            self.backward += [
                f"the partition at {record.place}: {step}, after {place}" for step in steps
            ]
        ledger = row["ledger"]
        for name, account in (ledger["accounts"] | ledger.get("pots", {})).items():
            self.accounts_count += 1
            sides = [account[side] for side in ("free_minor", "held_minor", "spent_minor")]
            if min(sides) < 0 or sum(sides) != account["share_minor"]:
                self.unbalanced.append(f"{name} at {record.place}: {account}")
        self.shared[record.partition] = row
        self._places[record.partition] = record.place


def _backward(before: dict[str, int], after: dict[str, int]) -> list[str]:
    return [
        f"{name} {offset} -> {after.get(name)}"
        for name, offset in before.items()
        if after.get(name, -1) < offset
    ]


def canonical(row: object) -> bytes:
    """Write plain JSON so that equal rows are equal bytes, and shorten it."""
    text = json.dumps(row, sort_keys=True, separators=(",", ":"))
    return digest(text.encode())
