"""Every request about a coupon has one answer, and no coupon is given out of its time, or twice."""

from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.ids import key_of, partition_of
from tests.verifier.inputs import Sent
from tests.verifier.replied import Replied
from tests.verifier.report import Check

REQUEST = "coupon.check_requested"
CONFLICT = "request_conflict"
REMEMBERED_COUNT = 4  # requests of a customer that are answered the same when they come again
RETRIES = frozenset({"payment_failed", "payment_denied", "retry"})

Asked = tuple[str, str]


def check_replies(facts: Facts) -> list[Check]:
    """Look at requests, replies, and what else came of the coupons that they name."""
    return [_formed(facts), _once(facts), _same(facts), *_true(facts)]


def _formed(facts: Facts) -> Check:
    check = Check(name="replies_formed", promise="a reply is well formed, and in its user's place")
    for replied in facts.replied:
        problems = list(replied.problems)
        if not problems:
            number = partition_of(key_of(replied.user_id), facts.partitions_count)
            if number != replied.partition:
                problems.append(f"must be in partition {number}, was in {replied.partition}")
        check.expect(not problems, f"{replied.name}: {'; '.join(problems)}")
    return check


def _once(facts: Facts) -> Check:
    check = Check(
        name="replies_once", promise="every request has one reply, and nothing else was answered"
    )
    most: Counter[Asked] = Counter()
    least: Counter[Asked] = Counter()
    for (_, user_id, _), group in facts.groups.items():
        if group.applied and group.applied[0].event_type == REQUEST:
            asked = user_id, _name_of(group.applied[0])
            least[asked] += 1
            most[asked] += len(group.applied) if group.stretched else 1
    found = Counter((one.user_id, one.request_id) for one in facts.replied)
    for asked in sorted(most.keys() | found.keys()):
        check.expect(
            least[asked] <= found[asked] <= most[asked],
            f"{asked[1]} of {asked[0]} was asked {least[asked]} times, has {found[asked]} replies",
        )
    return check


def _name_of(sent: Sent) -> str:
    return str(sent.told.get("request_id") or sent.event_id)


def _same(facts: Facts) -> Check:
    check = Check(name="replies_same", promise="the same request gets the same reply")
    lately: defaultdict[str, deque[Replied]] = defaultdict(lambda: deque(maxlen=REMEMBERED_COUNT))
    for replied in facts.replied:
        known = lately[replied.user_id]
        before = [one for one in known if one.request_id == replied.request_id]
        if not before:
            known.append(replied)
            check.expect(replied.reason != CONFLICT, f"{replied.name} conflicts with none")
        else:
            same = replied.payload == before[0].payload or replied.reason == CONFLICT
            check.expect(same, f"{replied.name} contradicts that at {before[0].place}")
    return check


@dataclass(slots=True)
class _Coupons:
    """What is known of one customer's coupons while their events are gone through."""

    gone: dict[str, str] = field(default_factory=dict)
    waits: dict[str, Replied] = field(default_factory=dict)
    orders: dict[str, Any] = field(default_factory=dict)
    answered: deque[str] = field(default_factory=lambda: deque(maxlen=REMEMBERED_COUNT))


def _true(facts: Facts) -> list[Check]:
    true = Check(
        name="replies_true",
        promise="what is allowed was given, stands, and takes off what was promised",
    )
    once = Check(name="reserved_once", promise="a coupon is kept for one payment at a time")
    offers = {one.decision_id: one for one in facts.decided if one.is_charged}
    replies: defaultdict[Asked, deque[Replied]] = defaultdict(deque)
    for replied in facts.replied:
        replies[replied.user_id, replied.request_id].append(replied)
    customers: defaultdict[str, _Coupons] = defaultdict(_Coupons)
    for sent in facts.in_order():
        if sent.state != "native" or facts.letters_for(sent):
            continue
        group = facts.groups.get((sent.partition, sent.user_id, sent.event_id))
        if group is None or group.stretched or group.applied[0] is not sent:
            continue
        coupons = customers[sent.user_id]
        if sent.event_type != REQUEST:
            _follow(coupons, sent)
            continue
        name = _name_of(sent)
        waiting = replies[sent.user_id, name]
        if not waiting:
            continue
        replied = waiting.popleft()
        if name not in coupons.answered and replied.reason != CONFLICT:
            coupons.answered.append(name)
            if replied.allowed:
                problems = list(_problems(coupons, sent, replied, offers))
                true.expect(not problems, f"{replied.name}: {'; '.join(problems)}")
                _reserve(coupons, sent, replied, once)
    return [true, once]


def _follow(coupons: _Coupons, sent: Sent) -> None:
    """Note what ends a coupon, or the waiting for its payment."""
    told, kind = sent.told, sent.event_type
    name = told.get("decision_id")
    if kind == "order.cancelled":
        for other, order in list(coupons.orders.items()):
            if order == told.get("order_id"):
                coupons.waits.pop(other, None)
    if name is None:
        return
    if kind == "coupon.released" and told.get("reason") in RETRIES:
        coupons.waits.pop(name, None)
    elif kind in ("coupon.released", "coupon.redeemed", "coupon.voided"):
        coupons.gone.setdefault(name, kind)
    elif kind == "order.completed" and told.get("discount_minor"):
        coupons.gone.setdefault(name, kind)


def _problems(
    coupons: _Coupons, sent: Sent, replied: Replied, offers: dict[str, Decided]
) -> Iterator[str]:
    if replied.answered_ms != sent.ts_ms:
        yield f"answered_at must be the request's {sent.ts_ms}, was {replied.answered_ms}"
    for name, minor in replied.applied:
        offer = offers.get(name)
        if offer is None or offer.user_id != replied.user_id:
            yield f"{name} was never given to them"
            continue
        if name in coupons.gone:
            yield f"{name} was gone by {coupons.gone[name]}"
        kept = coupons.waits.get(name)
        until_ms = max(offer.expires_ms or 0, kept.reserved_ms or 0 if kept is not None else 0)
        if sent.ts_ms > until_ms:
            yield f"{name} was good until {until_ms}, allowed at {sent.ts_ms}"
        if not 0 <= minor <= offer.charged_minor:
            yield f"{name} must take off at most {offer.charged_minor}, was {minor}"
        wanted = _exact_minor(sent, offer) if len(replied.applied) == 1 else None
        if wanted is not None and wanted != minor:
            yield f"{name} must take off {wanted}, was {minor}"
    asked = offers.get(replied.decision_id or "")
    if asked is not None and (asked.template_id, asked.campaign_id) != (
        replied.coupon_id,
        replied.campaign_id,
    ):
        yield f"{replied.decision_id} gave {asked.template_id}, the reply says {replied.coupon_id}"


def _exact_minor(sent: Sent, offer: Decided) -> int | None:
    """Compute the discount of a coupon for the whole shop, None for other coupons."""
    if offer.scope != "shop" or offer.kind not in ("amount_off", "percent_off"):
        return None
    goods_minor = 0
    for one in sent.told["items"]:
        goods_minor += int(one["price_minor"]) * int(one.get("quantity", 1))
    if offer.kind == "amount_off":
        return min(offer.value_minor or 0, offer.charged_minor, goods_minor)
    off_minor = (goods_minor * (offer.value_bp or 0) + 5_000) // 10_000
    return min(off_minor, offer.charged_minor)


def _reserve(coupons: _Coupons, sent: Sent, replied: Replied, check: Check) -> None:
    name = replied.decision_id or ""
    if replied.reserved_ms is None:
        return
    before = coupons.waits.get(name)
    check.expect(
        before is None or sent.ts_ms > (before.reserved_ms or 0),
        f"{replied.name}: {name} waited for {before.request_id if before is not None else ''}",
    )
    coupons.waits[name], coupons.orders[name] = replied, sent.told.get("order_id")
