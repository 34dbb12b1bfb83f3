"""Who leads the league, as it is broadcast: name, rule, and what it takes to score."""

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from online_models.league.contracts import Form, Rule
from online_models.refusals import Reason, require, require_shape
from streams import wire
from streams.seal import Seal

OURS = "two_causes"  # the response model, which is broadcast by itself, as a snapshot
_SHAPE: dict[str, Any] = {
    "name": str,
    "rule": str,
    "pinned": bool,
    "offset": int,
    "learned_count": int,
    "form": dict,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Who leads.

    Attributes
    ----------
    pinned
        It is a form of the past, which does not learn.
    offset
        The last outcome that was looked at.
    form
        What it takes to score; `online_models.league.loading.scorer_from` reads it.
    """

    name: str
    rule: Rule
    pinned: bool
    offset: int
    learned_count: int
    form: Form


def as_record(lead: Lead, seal: Seal | None) -> dict[str, Any]:
    """Write a lead down, signed where there is a key."""
    body = asdict(lead)
    return {"lead": body, "signature": "" if seal is None else seal.sign(_digest(body))}


def lead_of(record: dict[str, Any], seal: Seal | None) -> Lead:
    """Read a lead.

    Raises
    ------
    SnapshotRefused
        It is damaged, or signed by nobody we trust.
    """
    require_shape(record, {"lead": _SHAPE, "signature": str})
    body, signature = record["lead"], record["signature"]
    trusted = signature == "" if seal is None else seal.verify(_digest(body), signature)
    require(trusted, Reason.BAD_SIGNATURE, f"signed by nobody we trust: {signature[:80]!r}")
    return Lead(**body)


def _digest(body: dict[str, Any]) -> str:
    return sha256(wire.encode_canonical(body)).hexdigest()
