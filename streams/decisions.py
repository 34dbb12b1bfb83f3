"""What we answer: the outbound record `coupon.decision.v1`, complete enough to repeat and explain.

Inside `.v1` fields are only ever added, with a default. A consumer treats an `action` that it does
not know as `no_offer`. Money is integer minor units, shares are basis points. No record here can
hold itself, so the collector of cycles need not look at any (`gc=False`).
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Annotated, Literal

from msgspec import Meta, Struct

from coupons.catalogue import Kind
from coupons.choices import DecisionAction

SCHEMA_VERSION = "1.0"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000
_TWO = [f"{number:02}" for number in range(60)]
_THREE = [f"{number:03}" for number in range(1_000)]

# Base 32 of RFC 4648 in lower case, two characters for ten bits: the standard library's goes
# through the digest in Python, character by character.
_BASE32 = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS = [first + second for first in _BASE32 for second in _BASE32]
_SHIFTS = range(120, -1, -10)  # 130 bits are 26 characters

Ratio = Annotated[float, Meta(ge=0, le=1)]
Minor = Annotated[int, Meta(ge=0)]
Timestamp = Annotated[str, Meta(description="RFC 3339, UTC, milliseconds")]


class Offer(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """The coupon that is given.

    `value_bp` (a share, 100 is one percent) or `value_minor` tells the depth, by `kind`.
    `template_id` is the catalogue's coupon; echo `offer_id` as `promotion_id` or `offer_id`.
    """

    offer_id: str
    template_id: str
    campaign_id: str
    kind: Kind
    currency: str
    value_bp: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    value_minor: Minor | None = None
    max_discount_minor: Minor | None = None
    min_basket_minor: Minor = 0
    scope: str = "shop"
    names: tuple[str, ...] = ()  # the categories, brands or products of the scope, sorted
    venue: Literal["online", "store", "any"] = "any"
    code: str | None = None
    title: str = ""
    text: dict[str, str] = {}
    products: tuple[str, ...] = ()  # goods worth showing beside the coupon


class ScoredCandidate(Struct, frozen=True, kw_only=True, gc=False):
    """One action that could have been chosen; `score` is its worth in minor units over nothing."""

    action: str
    score: float
    p_buy: Ratio
    propensity: Ratio
    discount_minor: Minor = 0


class Scores(Struct, frozen=True, kw_only=True, gc=False):
    """What the chosen action was expected to change."""

    p_buy_without: Ratio
    p_buy_with: Ratio
    uplift: float
    expected_margin_minor: int


class Experiment(Struct, frozen=True, kw_only=True, gc=False):
    """The arm the user belongs to, for good."""

    id: str
    variant: str
    bucket: Annotated[int, Meta(ge=0, le=9_999)]


class ModelRef(Struct, frozen=True, kw_only=True, gc=False):
    """The model that scored."""

    id: str
    version: str
    learned_count: Annotated[int, Meta(ge=0)] = 0
    checkpoint_id: str | None = None


class PolicyRef(Struct, frozen=True, kw_only=True, gc=False):
    """The policy that chose."""

    name: str
    version: str


class Reason(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A coded reason, most important first; `detail` is short English."""

    code: str
    weight: float = 0.0
    detail: str = ""


class Guardrail(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """A rule that blocked or changed the choice."""

    code: str
    action: str = ""
    detail: str = ""


class BudgetRef(Struct, frozen=True, kw_only=True, gc=False):
    """The money behind the offer; `lambda_micro` is the shadow price in millionths."""

    campaign_id: str
    remaining_minor: int
    charged_minor: Minor = 0
    lambda_micro: Annotated[int, Meta(ge=0)] = 0
    lease_id: str | None = None


class Hint(Struct, frozen=True, kw_only=True, gc=False):
    """A product that goes with the cart, likeliest first.

    Of all carts and orders `support` hold both it and `because`; of those with `because`,
    `confidence` hold it too, which is `lift` times its share of all.
    """

    product_id: str
    because: str
    support: Ratio
    confidence: Ratio
    lift: Annotated[float, Meta(ge=0)]


class Priced(Struct, frozen=True, kw_only=True, gc=False):
    """A budget's shadow price and the `coupons` it pays for (all if none); the price of holding."""

    campaign_id: str
    price: Annotated[float, Meta(ge=0)]
    coupons: tuple[str, ...] = ()
    hold_price: Annotated[float, Meta(ge=0)] = 0.0
    held_minor: dict[str, Minor] = {}  # by coupon, each minor unit at `hold_price`


class Contribution(Struct, frozen=True, kw_only=True, gc=False):
    """What one feature added to the log-odds of the chosen action."""

    feature: str
    log_odds: float


class Decision(Struct, frozen=True, kw_only=True, gc=False):
    """The answer to one trigger event.

    `base_log_odds` and the `contributions` sum to the logit of the chosen action's probability.
    `why_not` names, for every coupon that was not chosen, the first rule that spoke against it;
    `features` holds those that the contributions speak of, where they are not zero, and
    `features_hash` is over all of them, which the opened outcome tells. A candidate's score is
    p_buy x (margin - discount) - p_buy of nothing x margin - price x p_buy x discount, with
    `margin_minor` of the expected basket before any discount and the price of its campaign from
    `prices`, rounded to 2 decimals. `stock_version` is the place in `shop.stock.v1` up to which it
    was read.
    """

    decision_id: Annotated[str, Meta(min_length=26, max_length=26)]
    user_id: str
    trigger_event_id: str
    trigger_event_type: str
    decided_at: Timestamp
    expires_at: Timestamp | None = None
    action: DecisionAction
    offer: Offer | None = None
    propensity: Ratio
    explored: bool = False
    candidates: tuple[ScoredCandidate, ...] = ()
    scores: Scores | None = None
    experiment: Experiment
    model: ModelRef
    policy: PolicyRef
    catalogue_version: str
    reasons: tuple[Reason, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    budget: BudgetRef | None = None
    base_log_odds: float = 0.0
    contributions: tuple[Contribution, ...] = ()
    why_not: dict[str, str] = {}
    features: dict[str, float] = {}
    features_hash: str = ""
    channel: str | None = None
    dry_run: bool = False
    schema_version: str = SCHEMA_VERSION
    margin_minor: float | None = None
    prices: tuple[Priced, ...] = ()
    knowledge_version: str = "none"
    hints: tuple[Hint, ...] = ()
    stock_version: Annotated[int, Meta(ge=0)] = 0


def decision_id(app_id: str, user_id: str, trigger_event_id: str, slot: str) -> str:
    """Name a decision so that a replay gives it the same name.

    Examples
    --------
    >>> decision_id("coupon-stream", "user-7", "event-1", "main")
    'ifbx3z23f7xyjieepngortxzyr'
    """
    digest = sha256(f"v1|{app_id}|{user_id}|{trigger_event_id}|{slot}".encode()).digest()
    bits = int.from_bytes(digest[:17], "big") >> 6
    return "".join([_PAIRS[bits >> shift & 1_023] for shift in _SHIFTS])


def rfc3339(ts_ms: int) -> str:
    """Write epoch milliseconds as RFC 3339, UTC.

    Examples
    --------
    >>> rfc3339(1_700_000_000_123)
    '2023-11-14T22:13:20.123Z'
    """
    day, ms = divmod(ts_ms, _DAY_MS)
    second, ms = divmod(ms, 1_000)
    minute, second = divmod(second, 60)
    hour, minute = divmod(minute, 60)
    return f"{_date(day)}T{_TWO[hour]}:{_TWO[minute]}:{_TWO[second]}.{_THREE[ms]}Z"


@lru_cache(maxsize=512)
def _date(days: int) -> str:
    return (_EPOCH + timedelta(days=days)).date().isoformat()


def epoch_ms(text: str) -> int:
    """Read what `rfc3339` wrote.

    Examples
    --------
    >>> epoch_ms("2023-11-14T22:13:20.123Z")
    1700000000123
    """
    return (datetime.fromisoformat(text) - _EPOCH) // timedelta(milliseconds=1)
