"""May this coupon be used now, on this basket, and for how much: the shop's question at the till.

An answer depends on the wallet, the request and the catalogue alone. It is kept in the wallet, so
that the same request gets the same answer; a request that reserves has one winner.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, NotRequired, TypedDict, cast

from coupons import codes
from coupons.catalogue import Campaign, Coupon
from coupons.deals import best_of, deal_of, excludes, terms_of
from coupons.held import Closed, Held, Wallet, ends_ms
from coupons.lifecycle import REFUSED_IN, Lifecycle
from coupons.price import scoped_minor
from coupons.reserving import reservation_at, reserve
from coupons.stacking import MAX_STACK
from features.basket import Basket

ANSWERS_MAX = 4
TRIES_MAX = 5
TRIES_MS = 15 * 60_000

# [decision id, coupon id, minor units]
Used = list[str | int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a shop asks.

    Attributes
    ----------
    decision_id, code
        Which coupon: at least one of them is told, and the decision is the surer one.
    order
        The order that the coupon is for; coupons reserved for it are used together with this one.
    is_late
        Told so long after what else is known of the customer, that nobody waits for the answer.
    """

    request_id: str
    ts_ms: int
    basket: Basket
    currency: str
    decision_id: str | None = None
    code: str | None = None
    order: str | None = None
    venue: Literal["online", "store"] = "online"
    reserve: bool = False
    is_late: bool = False

    @property
    def brief(self) -> str:
        """What tells one question from another, whenever it is asked."""
        asked = (
            self.decision_id,
            self.code,
            self.order,
            self.basket,
            self.venue,
            self.currency,
            self.reserve,
        )
        return sha256(repr(asked).encode()).hexdigest()[:12]


class Answer(TypedDict):
    """What the shop is told, as plain JSON; what does not apply is left out.

    `refusal` is a code of `coupons.denials`. `applied` is in the order of application and sums to
    `discount_minor`; `total_minor` is what then is to be paid. `better` would save more, and is
    told then only. `retry_ms` is when a refusal ends by itself, `short_minor` what is missing to
    the minimum.
    """

    request_id: str
    brief: str
    at_ms: int
    refusal: NotRequired[str]
    decision_id: NotRequired[str]
    coupon_id: NotRequired[str]
    campaign_id: NotRequired[str]
    discount_minor: NotRequired[int]
    total_minor: NotRequired[int]
    applied: NotRequired[list[Used]]
    better: NotRequired[list[Used]]
    until_ms: NotRequired[int]
    reserved_until_ms: NotRequired[int]
    retry_ms: NotRequired[int]
    short_minor: NotRequired[int]


def check(
    wallet: Wallet, request: Request, campaigns: Mapping[str, Campaign]
) -> tuple[Answer, list[Lifecycle]]:
    """Answer a request, and reserve the coupon if that was asked and nothing speaks against it.

    The last `ANSWERS_MAX` answers are given again when their request comes again; another question
    under the same id is refused. After `TRIES_MAX` codes within `TRIES_MS` that were not the
    customer's, codes are not looked at; tries meanwhile do not count, so that this ends.
    """
    known = cast(list[Answer], wallet.get("answers", []))
    for answer in known:
        if answer["request_id"] == request.request_id:
            if answer["brief"] == request.brief:
                return answer, []
            return _refused(request, "request_conflict"), []
    answer, told = _answered(wallet, request, campaigns)
    wallet["answers"] = [*wallet.get("answers", []), dict(answer)][-ANSWERS_MAX:]
    return answer, told


def _answered(
    wallet: Wallet, request: Request, campaigns: Mapping[str, Campaign]
) -> tuple[Answer, list[Lifecycle]]:
    if request.is_late:
        return _refused(request, "request_too_late"), []
    name, refused = _named(wallet, request)
    if refused is not None or name is None:
        return refused or _refused(request, "coupon_unknown"), []
    closed = wallet["closed"].get(name)
    if closed is not None:
        return _refused(request, REFUSED_IN[closed["stage"]], name), []
    one = wallet["held"][name]
    answer = _priced(wallet, request, name, campaigns)
    answer["coupon_id"], answer["campaign_id"] = one["coupon_id"], one["campaign_id"]
    answer["until_ms"] = ends_ms(one)
    if "refusal" in answer or not request.reserve:
        return answer, []
    told = reserve(one, name, request.request_id, request.order, request.ts_ms)
    answer["reserved_until_ms"] = one["reserved"]["until_ms"]
    return answer, [told]


def _refused(request: Request, refusal: str, decision_id: str | None = None) -> Answer:
    answer = Answer(
        request_id=request.request_id, brief=request.brief, at_ms=request.ts_ms, refusal=refusal
    )
    if decision_id is not None:
        answer["decision_id"] = decision_id
    return answer


def _named(wallet: Wallet, request: Request) -> tuple[str | None, Answer | None]:
    """Find the coupon that is meant: exactly by its decision, else by the code on it."""
    held, closed = wallet["held"], wallet["closed"]
    if request.decision_id is not None:
        known = request.decision_id in held or request.decision_id in closed
        return (request.decision_id if known else None), None
    code = request.code or ""
    since_ms = request.ts_ms - TRIES_MS
    tries = [try_ms for try_ms in wallet.get("tries", []) if try_ms > since_ms]
    if len(tries) >= TRIES_MAX:
        answer = _refused(request, "too_many_attempts")
        answer["retry_ms"] = sorted(tries)[-TRIES_MAX] + TRIES_MS
        return None, answer
    found = [(0, one["given_ms"], name) for name, one in held.items() if _bears(one, code)]
    found += [(1, -one["given_ms"], name) for name, one in closed.items() if _bears(one, code)]
    if found:
        return min(found)[2], None
    if codes.is_ours(code) and not codes.is_well_formed(code):
        return None, _refused(request, "code_malformed")
    wallet["tries"] = [*tries, request.ts_ms]
    return None, _refused(request, "code_unknown")


def _bears(one: Held | Closed, entered: str) -> bool:
    return codes.same(entered, one.get("code", one["coupon_id"]))


def _priced(
    wallet: Wallet, request: Request, name: str, campaigns: Mapping[str, Campaign]
) -> Answer:
    one, now_ms = wallet["held"][name], request.ts_ms
    if now_ms > ends_ms(one):
        return _refused(request, "coupon_expired", name)
    holder = reservation_at(one, now_ms)
    if holder is not None and (request.reserve or not _is_its_order(request, holder["order"])):
        answer = _refused(request, "already_reserved", name)
        answer["retry_ms"] = holder["until_ms"]
        return answer
    coupon = terms_of(one, campaigns, request.currency, request.venue)
    if isinstance(coupon, str):
        return _refused(request, coupon, name)
    if any(item.price_minor is None for item in request.basket.items):
        return _refused(request, "price_unknown", name)
    others = _others(wallet, request, name, campaigns)
    beside = {
        other: terms for other, terms in others.items() if "reserved" in wallet["held"][other]
    }
    answer = _dealt(request, name, coupon, beside)
    best = best_of({name: coupon, **others}, request.basket) if others else None
    if best is not None and best.discount_minor > answer.get("discount_minor", 0):
        answer["better"] = best.used
    return answer


def _dealt(request: Request, name: str, coupon: Coupon, beside: Mapping[str, Coupon]) -> Answer:
    """Price a coupon beside those that wait for the same order."""
    if excludes(coupon, beside):
        return _refused(request, "stacking_conflict", name)
    if len(beside) >= MAX_STACK:
        return _refused(request, "too_many_coupons", name)
    deal = deal_of({**beside, name: coupon}, request.basket)
    for refused in deal.refused:
        if refused.coupon_id == coupon.coupon_id:
            answer = _refused(request, refused.reason, name)
            if refused.reason == "min_spend_not_reached":
                goods_minor = scoped_minor(coupon.scope, request.basket)
                answer["short_minor"] = max(0, coupon.min_spend_minor - goods_minor)
            return answer
    return Answer(
        request_id=request.request_id,
        brief=request.brief,
        at_ms=request.ts_ms,
        decision_id=name,
        discount_minor=deal.discount_minor,
        total_minor=deal.total_minor,
        applied=deal.used,
    )


def _others(
    wallet: Wallet, request: Request, name: str, campaigns: Mapping[str, Campaign]
) -> dict[str, Coupon]:
    """Give the customer's other coupons that could be used for the same order now."""
    others = {}
    for other, one in wallet["held"].items():
        holder = reservation_at(one, request.ts_ms)
        free = holder is None or _is_its_order(request, holder["order"])
        if other == name or not free or request.ts_ms > ends_ms(one):
            continue
        terms = terms_of(one, campaigns, request.currency, request.venue)
        if isinstance(terms, Coupon):
            others[other] = terms
    return others


def _is_its_order(request: Request, order: str | None) -> bool:
    return order is not None and order == request.order
