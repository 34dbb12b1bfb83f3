"""Reads decisions: what each says, and whether it is well formed by the message contract."""

import json
from dataclasses import dataclass
from typing import Any

from tests.verifier.ids import decision_id, digest, key_of, to_ms
from tests.verifier.log import Record

NOTHING = "nothing"
ACTIONS = frozenset({"offer", "no_offer", "holdout", "suppressed"})
_TEXTS = "decision_id user_id trigger_event_id trigger_event_type decided_at catalogue_version"
_SHAPES: dict[str, tuple[type, ...]] = {
    **dict.fromkeys(_TEXTS.split(), (str,)),
    **dict.fromkeys("features_hash schema_version".split(), (str,)),
    **dict.fromkeys("experiment model policy why_not features".split(), (dict,)),
    **dict.fromkeys("candidates reasons guardrails contributions".split(), (list,)),
    **dict.fromkeys("explored dry_run".split(), (bool,)),
    **dict.fromkeys("propensity base_log_odds".split(), (int, float)),
    **dict.fromkeys("offer scores budget".split(), (dict, type(None))),
    **dict.fromkeys("expires_at channel".split(), (str, type(None))),
    "action": (str,),
}
ROUNDING = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A decision as far as checks need it.

    Attributes
    ----------
    problems
        What is wrong with its form.
    is_point
        The policy was asked, so a label follows. A customer at their caps counts too, though the
        answer is called suppressed: only answers without scores were given unasked.
    """

    place: str
    partition: int
    offset: int
    payload: bytes
    problems: tuple[str, ...]
    decision_id: str = ""
    user_id: str = ""
    trigger_event_id: str = ""
    trigger_event_type: str = ""
    decided_ms: int = 0
    action: str = ""
    propensity: float = 0.0
    variant: str = ""
    template_id: str = NOTHING
    campaign_id: str | None = None
    channel: str | None = None
    remaining_minor: int = 0
    charged_minor: int = 0
    promised_minor: int | None = None
    expires_ms: int | None = None
    kind: str = ""
    scope: str = ""
    value_minor: int | None = None
    value_bp: int | None = None
    dry_run: bool = False
    is_point: bool = False

    @property
    def name(self) -> str:
        """What to call it in a report."""
        return f"{self.decision_id} at {self.place}"

    @property
    def is_charged(self) -> bool:
        """Tell whether it gave a coupon and so took money."""
        return self.campaign_id is not None and not self.dry_run


def read_decided(record: Record, app_id: str) -> Decided:
    """Read one decision."""
    value = record.value or b""
    where: dict[str, Any] = {
        "place": record.place,
        "partition": record.partition,
        "offset": record.offset,
        "payload": digest(value),
    }
    try:
        body = json.loads(value)
        decided_ms = to_ms(body["decided_at"])
    except (ValueError, KeyError, TypeError) as found:
        return Decided(**where, problems=(f"must be a JSON object with decided_at: {found!r}",))
    problems = _misshapen(body)
    if problems:
        return Decided(**where, problems=tuple(problems))
    try:
        return _decided(record, body, app_id, {**where, "decided_ms": decided_ms})
    except (KeyError, TypeError, AttributeError) as found:
        return Decided(**where, problems=(f"a part is missing or misshapen: {found!r}",))


def _decided(record: Record, body: dict[str, Any], app_id: str, where: dict[str, Any]) -> Decided:
    offer, budget = body["offer"] or {}, body["budget"] or {}
    return Decided(
        **where,
        problems=tuple([*_header_problems(record, body, app_id), *_content_problems(body)]),
        is_point=body["scores"] is not None,
        variant=body["experiment"]["variant"],
        template_id=str(offer["template_id"]) if offer else NOTHING,
        campaign_id=str(offer["campaign_id"]) if offer else None,
        remaining_minor=_minor(budget, "remaining_minor"),
        charged_minor=_minor(budget, "charged_minor"),
        promised_minor=offer.get("max_discount_minor"),
        expires_ms=to_ms(body["expires_at"]) if body["expires_at"] is not None else None,
        kind=offer.get("kind", ""),
        scope=offer.get("scope", "shop"),
        value_minor=offer.get("value_minor"),
        value_bp=offer.get("value_bp"),
        **{name: body[name] for name in _TAKEN},
    )


def _minor(budget: dict[str, Any], name: str) -> int:
    amount = budget[name] if budget else 0
    if not isinstance(amount, int):
        message = f"{name} must be a whole number of minor units, was {amount!r}"
        raise TypeError(message)
    return amount


_TAKEN = (
    *("decision_id", "user_id", "trigger_event_id", "trigger_event_type"),
    *("action", "propensity", "channel", "dry_run"),
)


def _misshapen(body: dict[str, Any]) -> list[str]:
    absent = [name for name in _SHAPES if name not in body]
    if absent:
        return [f"must have {', '.join(absent)}"]
    return [
        f"{name} must be {' or '.join(one.__name__ for one in shape)}, was {body[name]!r}"
        for name, shape in _SHAPES.items()
        if not isinstance(body[name], shape)
    ]


def _header_problems(record: Record, body: dict[str, Any], app_id: str) -> list[str]:
    user_id, name = body["user_id"], body["decision_id"]
    wanted = {
        "ce_specversion": "1.0",
        "ce_id": name,
        "ce_type": "coupon.decision.v1",
        "ce_source": "/coupon-stream",
        "ce_subject": user_id,
        "ce_time": body["decided_at"],
        "ce_dataschema": "coupon.decision.v1.schema.json",
        "content-type": "application/json",
    }
    found = {
        header: (content or b"").decode("utf-8", "replace") for header, content in record.headers
    }
    problems = [
        f"{header} must be {text}, was {found.get(header)}"
        for header, text in wanted.items()
        if found.get(header) != text
    ]
    if record.key != key_of(user_id):
        problems.append(f"the key must be the user {user_id}, was {record.key!r}")
    if decision_id(app_id, user_id, body["trigger_event_id"]) != name:
        problems.append("decision_id must be the hash of app, user and trigger")
    return problems


def _content_problems(body: dict[str, Any]) -> list[str]:
    action, offer, propensity = body["action"], body["offer"], body["propensity"]
    problems = []
    if action not in ACTIONS:
        problems.append(f"action must be of the closed list, was {action!r}")
    if (action == "offer") != (offer is not None) or (offer is None) != (body["budget"] is None):
        problems.append("exactly an offer must have a coupon and its money")
    if offer is not None and offer.get("campaign_id") != body["budget"].get("campaign_id"):
        problems.append("the money must be of the coupon's campaign")
    if not 0 < propensity <= 1:
        problems.append(f"propensity must be within (0, 1], was {propensity}")
    if body["experiment"].get("variant") == "holdout" and action not in ("holdout", "suppressed"):
        problems.append(f"the holdout must get nothing, got {action}")
    if action != "suppressed" and body["scores"] is None:
        problems.append(f"{action} must have scores")
    if body["scores"] is not None:
        chosen = offer["template_id"] if offer is not None else NOTHING
        by_action = {one["action"]: one["propensity"] for one in body["candidates"]}
        if by_action.get(chosen) != propensity:
            problems.append(f"propensity must be that of {chosen}: {by_action.get(chosen)}")
        if abs(sum(by_action.values()) - 1) > ROUNDING * len(by_action):
            problems.append(f"propensities must sum to 1, was {sum(by_action.values())}")
    return problems
