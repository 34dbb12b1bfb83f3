"""The one pure step: an event and a user's row in, effects out. No I/O, no clock, no dice."""

from collections.abc import Sequence

from coupons import eligibility, habit, wallet
from coupons.choices import Choice
from coupons.policy import choose
from coupons.refusing import refusal_of
from features import profile as profiles
from features import seen
from features import session as open_sessions
from features.actions import NOTHING
from features.events import Event
from features.growth import bought_minor, grown, guess_of
from features.imputation import observe_event
from features.reading import read
from features.traits import Traits
from features.vector import NAMES, expected_basket, traits, vector
from online_models import labels
from online_models.league.contracts import Answers
from streams import consent, insight, sessions
from streams.ballots import told_options
from streams.context import Context, Effects, Point, Row
from streams.decisions import Decision, decision_id
from streams.hindrances import hindrance_of, stage_of, standing_of
from streams.limits import Limits
from streams.replying import answer
from streams.report import report_choice, report_suppressed

# Within this stretch any order of arrival gives the same answer; labels and held coupons wait for
# it too before time alone settles them.
GRACE_MS = profiles.GRACE_MS


def new_row() -> Row:
    """Give the row of a user never seen before."""
    return Row(
        v=1,
        seen="",
        profile=profiles.empty(),
        pending=[],
        wallet=wallet.empty(),
        at={},
        last=[0, -1],
        net_minor=0,
        sessions=open_sessions.empty(),
        last_visit=[],
        moves={},
    )


def step(row: Row, event: Event, context: Context) -> Effects:
    """Apply one event to its user's row and say what follows from it.

    Changes `row` and `context.partition`, and returns the effects: a decision charges the budget
    that the next one sees. The order is fixed: settle, update the profile, decide, remember.
    """
    effects = Effects()
    known, row["seen"] = seen.meet(row["seen"], event.event_id, event.payload_digest)
    if known == "duplicate":
        return Effects(verdict="duplicate")
    if known == "conflict":
        return Effects(verdict="refused", refusal="id_conflict")
    effects.late = profiles.is_late(row["profile"], event.ts_ms)
    context.partition.ledger.advance(event.ts_ms)
    settle_event(row, event, context, effects)
    if consent.heed(row, event, context, effects):
        profiles.update(row["profile"], event)
        observe_event(context.partition.imputer, event)
        sessions.keep(row, event, context.rules, effects)
    if event.event_type == "coupon.check_requested":
        answer(row, event, context.rules, effects)
    if event.event_type in context.rules.triggers:
        decision = decide(row, event, context, effects)
        effects.decision = insight.hinted(decision, row, event, context.rules)
    return effects


def settle_event(row: Row, event: Event, context: Context, effects: Effects) -> None:
    """Settle labels and held coupons that this event or its time settles."""
    rules = context.rules
    settle_due(row, event.user_id, event.ts_ms - GRACE_MS, context, effects)
    moved = wallet.follow(row["wallet"], event)
    effects.denial = None if moved else refusal_of(row["wallet"], event)
    _settle_money(moved, event.user_id, context, effects)
    labels.notice(row["pending"], [(one.decision_id, one.stage) for one in moved])
    learns = consent.covers(row, event)
    if learns and rules.pauses_habits and (known := habit.follow(row.get("habit"), event, moved)):
        row["habit"] = known
    if event.family != "purchase" or event.event_type == "order.rated":
        return
    used = next((one for one in moved if one.stage == "redeemed"), None)
    spent_minor = used.charge_minor - used.refund_minor if used is not None else None
    if event.event_type == "order.completed":
        for category, guess_minor in labels.guesses(row["pending"], event):
            context.partition.growth.observe(category, guess_minor, bought_minor(event, category))
        effects.outcomes += labels.settle(
            row["pending"],
            event,
            names=NAMES,
            margin_ratio=rules.margin_ratio,
            used_decision_id=used.decision_id if used is not None else None,
            discount_minor=spent_minor,
        )
    context.partition.earnings.spend(rules.arm_of(event.user_id), spent_minor or 0)
    if learns:
        margin_minor = labels.order_margin_minor(event, rules.margin_ratio, spent_minor)
        context.earn(row, event.user_id, margin_minor)


def settle_due(row: Row, user_id: str, now_ms: int, context: Context, effects: Effects) -> None:
    """Settle labels, held coupons and sessions whose time passed by `now_ms` (event time)."""
    if row["pending"]:
        effects.outcomes += labels.expire(row["pending"], now_ms, user_id=user_id, names=NAMES)
    if row["wallet"]["held"]:
        moved = wallet.expire(row["wallet"], now_ms + GRACE_MS)  # it keeps a grace of its own
        _settle_money(moved, user_id, context, effects)
    if row["sessions"]["open"]:
        sessions.close(row, user_id, now_ms + GRACE_MS, context.rules, effects)


def due_ms(row: Row) -> int | None:
    """Tell when time alone will next change this row, as event time of the watermark."""
    coupon_ms = wallet.next_due_ms(row["wallet"])
    waits = [labels.next_due_ms(row["pending"]), sessions.due_ms(row)]
    waits += [None if coupon_ms is None else coupon_ms - GRACE_MS]
    return min([due for due in waits if due is not None], default=None)


def _settle_money(
    moved: Sequence[wallet.Lifecycle], user_id: str, context: Context, effects: Effects
) -> None:
    for lifecycle in moved:
        context.partition.ledger.settle(lifecycle, context.rules.arm_of(user_id))
        effects.is_waiting |= lifecycle.stage == "reserved"
    effects.lifecycle += moved


def decide(row: Row, event: Event, context: Context, effects: Effects) -> Decision:
    """Answer a trigger event, and remember what was answered.

    The first trigger of an episode, and any that comes closer to the checkout, is a decision
    point: there the policy chooses, and what follows becomes a label. Triggers in between repeat
    that the last answer stands, so that labels do not overlap by the dozen and no customer is
    asked twice in a breath. Nor is a trigger a decision point while an offer still stands: what
    follows would be learned as the effect of nothing, though the offer acts. Both are known before
    anything is drawn, so propensities stay exact.
    """
    rules = context.rules
    identity = decision_id(rules.app_id, event.user_id, event.event_id, "main")
    stage = stage_of(event)
    hindrance = hindrance_of(row, event, stage, effects.late, rules)
    if hindrance is not None:
        return report_suppressed(identity, event, rules, hindrance, standing_of(row))
    if not consent.covers(row, event):
        return report_suppressed(identity, event, rules, "no_consent", standing_of(row))
    reading = read(row["profile"], event, context.partition.imputer)
    person = insight.known_as(traits(reading), row, rules)
    if (risk := insight.risk_at(row, event, rules)) is not None:
        refused = report_suppressed(identity, event, rules, "risk", standing_of(row))
        return insight.held_back(refused, risk)
    basket = rules.stock.left(expected_basket(reading))
    if basket.sold_out and not basket.items:
        return report_suppressed(identity, event, rules, "out_of_stock", standing_of(row))
    row["last"] = [event.ts_ms, stage]
    point = Point(
        decision_id=identity,
        event=event,
        x=vector(reading),
        basket=grown(basket, context.partition.growth),
        experiment=rules.experiment_of(event.user_id),
        segment=person.segment,
    )
    choice, answers = _choose(point, row, person, context)
    decision = report_choice(point, choice, answers, context)
    _remember(row, point, choice, answers, context, effects)
    return insight.told(decision, row, event, rules)


def _choose(point: Point, row: Row, person: Traits, context: Context) -> tuple[Choice, Answers]:
    rules, partition, event = context.rules, context.partition, point.event
    moment = eligibility.Moment(
        now_ms=event.ts_ms,
        user_id=event.user_id,
        venue="store" if event.channel == "store" else "online",
        channel=event.channel,
        salt=rules.salt,
    )
    limits = Limits(row["wallet"], partition.ledger, point.arm, point.whose)
    given, blocked = eligibility.eligible(
        rules.catalogue,
        point.basket,
        person,
        moment,
        limits,
        stock=rules.stock,
        promise_ratio=rules.promise_ratio,
    )
    limits.miss(blocked, rules.dry_run)
    answers = rules.model.score(point.x, [candidate.action for candidate in given])
    paused = rules.pauses_habits and habit.is_paused(row.get("habit"), event.ts_ms)
    choice = choose(
        candidates=given,
        blocked=blocked,
        p_nothing=answers.p_nothing,
        p_buy=answers.p_buy,
        margin_minor=point.basket.goods_minor * rules.margin_ratio,
        prices=partition.ledger.prices(),
        hold_prices=partition.ledger.hold_prices(),
        arm=point.arm,
        decision_id=point.decision_id,
        settings=rules.policy,
        cold=rules.model.is_cold(NOTHING),
        at_cart=event.family == "cart",
        suppressed="coupon_habit" if paused else None,
    )
    return choice, answers


def _remember(
    row: Row, point: Point, choice: Choice, answers: Answers, context: Context, effects: Effects
) -> None:
    rules, event, given = context.rules, point.event, choice.candidate
    if given is not None and not rules.dry_run:
        code = rules.code_of(given.coupon, point.decision_id)
        identity, channel = point.decision_id, event.channel
        held = wallet.issue(row["wallet"], given, identity, event.ts_ms, channel, code)
        pay, campaign = context.partition.ledger.charge, rules.campaigns[held["campaign_id"]]
        if pots := pay(given.coupon, campaign, given.charge_minor, point.arm, point.whose):
            held["pots"] = pots
    told = labels.remember(
        row["pending"],
        decision_id=point.decision_id,
        user_id=event.user_id,
        decided_ms=event.ts_ms,
        arm=point.arm,
        action=given.action if given is not None else NOTHING,
        propensity=choice.propensity,
        p_buy=answers.expected(choice.at),  # plain: evaluation must not see the caution
        x=point.x,
        names=NAMES,
        model_version=rules.model_version,
        campaign_id=given.coupon.campaign_id if given is not None else None,
        horizon_ms=rules.horizon_ms,
        guess=guess_of(point.basket),
    )
    if told and point.arm == "random" and choice.candidates:
        told[-1] = told_options(told[-1], choice)
    effects.outcomes += told
