"""What `doctor` says of one thing that it examined."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from streams.access import Role

Verdict = Literal["good", "note", "failed"]
SHOWN_COUNT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing examined; `remedy` is empty where there is nothing to do."""

    name: str
    verdict: Verdict
    found: str
    remedy: str = ""


def judge_rights(role: Role, missing: Sequence[str]) -> Check:
    """Judge what the broker would refuse to a role.

    Examples
    --------
    >>> judge_rights("consumer", ["Read on group coupon-decisions"]).remedy
    'run what `coupon-stream topics access consumer` prints'
    """
    if not missing:
        found = f"Kafka allows all that role {role} needs on topics and groups"
        return Check(name="rights", verdict="good", found=found)
    shown = "; ".join(missing[:SHOWN_COUNT])
    more = f" and {len(missing) - SHOWN_COUNT} more" if len(missing) > SHOWN_COUNT else ""
    remedy = f"run what `coupon-stream topics access {role}` prints"
    found = f"Kafka would refuse role {role}: {shown}{more}"
    return Check(name="rights", verdict="failed", found=found, remedy=remedy)


def judge_schema(seen_count: int, refused: Mapping[str, int]) -> Check:
    """Judge whether what producers send can be read.

    Examples
    --------
    >>> judge_schema(3, {"missing_field": 1}).found
    '1 of the newest 3 events cannot be read: missing_field 1'
    >>> judge_schema(0, {}).verdict
    'note'
    """
    if not seen_count:
        return Check(name="schema", verdict="note", found="no events yet to judge by")
    if not refused:
        found = f"the newest {seen_count} events can all be read"
        return Check(name="schema", verdict="good", found=found)
    reasons = ", ".join(f"{reason} {count}" for reason, count in sorted(refused.items()))
    bad_count = sum(refused.values())
    # Of a few bad ones the alert tells; a third of all is a producer that speaks another language.
    verdict: Verdict = "failed" if bad_count * 3 > seen_count else "note"
    return Check(
        name="schema",
        verdict=verdict,
        found=f"{bad_count} of the newest {seen_count} events cannot be read: {reasons}",
        remedy="see `coupon-stream dlq list`; what may be sent: `coupon-stream schema`",
    )
