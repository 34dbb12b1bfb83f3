"""What `doctor` says of one thing that it examined."""

from collections.abc import Sequence
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
