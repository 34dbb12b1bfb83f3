"""Reads replies: what a shop was told about a coupon, and whether it is well formed."""

import json
from dataclasses import dataclass
from typing import Any

from tests.verifier.ids import digest, key_of, to_ms
from tests.verifier.log import Record

_SHAPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys("request_id user_id answered_at".split(), (str,)),
    **dict.fromkeys(
        "reason decision_id coupon_id campaign_id reserved_until".split(), (str, type(None))
    ),
    "allowed": (bool,),
    "message": (dict,),
    "discount_minor": (int,),
    "applied": (list,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replied:
    """One reply; `applied` holds [decision id, minor units]."""

    place: str
    partition: int
    payload: bytes
    problems: tuple[str, ...] = ()
    request_id: str = ""
    user_id: str = ""
    answered_ms: int = 0
    allowed: bool = False
    reason: str | None = None
    decision_id: str | None = None
    coupon_id: str | None = None
    campaign_id: str | None = None
    discount_minor: int = 0
    applied: tuple[tuple[str, int], ...] = ()
    reserved_ms: int | None = None

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return f"the reply to {self.request_id} of {self.user_id} at {self.place}"


def read_replied(record: Record) -> Replied:
    """Read one reply."""
    value = record.value or b""
    where: dict[str, Any] = {
        "place": record.place,
        "partition": record.partition,
        "payload": digest(value),
    }
    try:
        body = json.loads(value)
        misshapen = [name for name, shape in _SHAPES.items() if not isinstance(body[name], shape)]
        if misshapen:
            return Replied(**where, problems=(f"misshapen: {', '.join(misshapen)}",))
        kept = body["reserved_until"]
        return Replied(
            **where,
            answered_ms=to_ms(body["answered_at"]),
            applied=tuple((one["decision_id"], one["discount_minor"]) for one in body["applied"]),
            reserved_ms=None if kept is None else to_ms(kept),
            problems=tuple(_problems(record, body)),
            **{name: body[name] for name in _TAKEN},
        )
    except (ValueError, KeyError, TypeError) as found:
        return Replied(**where, problems=(f"must be a reply in JSON: {found!r}",))


_TAKEN = (
    *("request_id", "user_id", "allowed", "reason", "decision_id", "coupon_id"),
    *("campaign_id", "discount_minor"),
)


def _problems(record: Record, body: dict[str, Any]) -> list[str]:
    allowed, applied = body["allowed"], body["applied"]
    problems = []
    if record.key != key_of(body["user_id"]):
        problems.append(f"the key must be the user {body['user_id']}, was {record.key!r}")
    if allowed != (body["reason"] is None) or allowed != (not body["message"]):
        problems.append("exactly a refusal must have a reason and sentences")
    if not allowed and set(body["message"]) != {"en", "zh"}:
        problems.append(f"a refusal must be said in en and zh, was {sorted(body['message'])}")
    if not allowed and (applied or body["discount_minor"] or body["reserved_until"]):
        problems.append("a refusal must neither take anything off nor keep a coupon")
    if sum(one["discount_minor"] for one in applied) != body["discount_minor"]:
        problems.append("what is applied must sum to the discount")
    if allowed and body["decision_id"] not in [one["decision_id"] for one in applied]:
        problems.append("what is allowed must be applied")
    return problems
