"""Reads outcomes: the steps in the life of a label."""

import json
from dataclasses import dataclass
from typing import Any

from tests.verifier.ids import digest, key_of
from tests.verifier.log import Record

_SHAPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys("decision_id user_id state arm".split(), (str,)),
    "propensity": (int, float),
    "decided_ms": (int,),
    "settled_ms": (int, type(None)),
    "campaign_id": (str, type(None)),
    "y": (bool,),
    "action": (dict,),
    "x": (dict,),
}
STATES = frozenset({"opened", "settled", "censored"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One step of a label; `problems` tells what is wrong with its form."""

    place: str
    payload: bytes
    problems: tuple[str, ...] = ()
    decision_id: str = ""
    user_id: str = ""
    state: str = ""
    action_id: str = ""
    propensity: float = 0.0
    variant: str = ""
    campaign_id: str | None = None
    decided_ms: int = 0
    settled_ms: int | None = None
    y: bool = False


def read_told(record: Record) -> Told:
    """Read one outcome."""
    value = record.value or b""
    where: dict[str, Any] = {"place": record.place, "payload": digest(value)}
    try:
        body = json.loads(value)
        misshapen = [name for name, shape in _SHAPES.items() if not isinstance(body[name], shape)]
        if misshapen:
            return Told(**where, problems=(f"misshapen: {', '.join(misshapen)}",))
        return Told(
            **where,
            decision_id=body["decision_id"],
            user_id=body["user_id"],
            state=body["state"],
            action_id=body["action"]["action_id"],
            propensity=body["propensity"],
            variant=body["arm"],
            campaign_id=body["campaign_id"],
            decided_ms=body["decided_ms"],
            settled_ms=body["settled_ms"],
            y=body["y"],
            problems=tuple(_problems(record, body)),
        )
    except (ValueError, KeyError, TypeError) as found:
        return Told(**where, problems=(f"must be an outcome in JSON: {found!r}",))


def _problems(record: Record, body: dict[str, Any]) -> list[str]:
    problems = []
    if record.key != key_of(body["user_id"]):
        problems.append(f"the key must be the user {body['user_id']}, was {record.key!r}")
    if body["state"] not in STATES:
        problems.append(f"state must be of the closed list, was {body['state']!r}")
    if (body["settled_ms"] is None) != (body["state"] == "opened"):
        problems.append("exactly what is opened must have no settled_ms")
    if body["y"] and body["state"] != "settled":
        problems.append("only what is settled may have been bought")
    return problems
