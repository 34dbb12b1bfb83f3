"""The one pure step: an event and a user's row in, effects out. No I/O, no clock, no dice."""

from coupons import eligibility, habit, wallet
from coupons.choices import Choice
from coupons.policy import choose
from features import profile as profiles
from features import seen
from features import session as open_sessions
from features.actions import NOTHING
from features.events import Event
from features.growth import grown, guess_of
from features.imputation import observe_event
from features.reading import read
from features.traits import Traits
from features.vector import NAMES, expected_basket, traits, vector
from online_models import labels
from online_models.league.contracts import Answers
from streams import consent, insight, sessions, sharing
from streams.ballots import told_options
from streams.context import Context, Effects, Point, Row
from streams.decisions import Decision, decision_id
from streams.hindrances import hindrance_of, stage_of, standing_of
from streams.limits import Limits
from streams.replying import answer
from streams.report import report_choice, report_suppressed
from streams.settled import GRACE_MS, due_ms, settle_due, settle_event

__all__ = ["GRACE_MS", "decide", "due_ms", "new_row", "settle_due", "step"]


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
        if context.rules.shared:
            sharing.claim_ahead(row, event, context, effects)
    if event.event_type == "coupon.check_requested":
        answer(row, event, context.rules, effects)
    if event.event_type in context.rules.triggers:
        decision = decide(row, event, context, effects)
        effects.decision = insight.hinted(decision, row, event, context.rules)
    return effects


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
    shared = None if rules.dry_run else row.get("shared")
    limits = Limits(row["wallet"], partition.ledger, point.arm, point.whose, shared)
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
    # the other arms go on: they tell what the pause costs, and what used to be done
    pauses = rules.pauses_habits and point.arm == "policy"
    paused = pauses and habit.is_paused(row.get("habit"), event.ts_ms)
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
        if campaign.shared_caps and "shared" in row:
            sharing.use(row["shared"], held, campaign, context)
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
