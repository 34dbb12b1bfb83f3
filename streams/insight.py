"""What is known across customers, put into a decision: suspicions before, add-ons and names after.

Rows hold nothing that depends on knowledge, and everything here depends on the row, the event and
the knowledge alone: so a repetition needs no more than the knowledge's version, which stands in
every decision.
"""

from dataclasses import replace as dataclass_replace

from msgspec.structs import replace

from features import cart as carts
from features import moves
from features import session as open_sessions
from features.events import Event
from features.session_text import short
from features.traits import Traits
from online_models.knowledge.known import NOTHING
from online_models.knowledge.risk import Risk
from streams import consent
from streams.context import Row, Rules
from streams.decisions import Decision, Hint, Reason
from streams.sessions import VISIT_STEPS

MAX_HINTS = 3
MAX_ALIKE = 3


def known_as(person: Traits, row: Row, rules: Rules) -> Traits:
    """Name the customer's segment, so that coupons may be for it."""
    visit = _last_visit(row) if rules.families.segments else ()
    name = rules.known.seen(visit).name if visit else ""
    return dataclass_replace(person, segment=name) if name else person


def risk_at(row: Row, event: Event, rules: Rules) -> Risk | None:
    """Give the risk of an offer where it is too high for one."""
    limit = rules.families.risk_limit
    if limit >= 1.0:
        return None
    session = open_sessions.under_way(row["sessions"], event.user_id, event.ts_ms)
    if session is None:
        return None
    found = rules.known.risk(session, _last_visit(row))
    return found if found.score >= limit else None


def held_back(decision: Decision, risk: Risk) -> Decision:
    """Give the answer to somebody who is too risky, with the signs."""
    signs = tuple([Reason(code=sign, weight=1.0) for sign in risk.signs])
    return replace(decision, reasons=(Reason(code="risk", weight=risk.score), *signs))


def told(decision: Decision, row: Row, event: Event, rules: Rules) -> Decision:
    """Add to a decision what the families that are on have to tell."""
    families, known = rules.families, rules.known
    found: list[Reason] = []
    visit = _last_visit(row) if families.segments else ()
    if visit and (seen := known.seen(visit)).name:
        found.append(Reason(code="segment", weight=seen.share, detail=seen.name))
    if families.heat and event.items:
        product = event.items[0].product_id
        share = round(known.heat(short(product)), 6)
        found.append(Reason(code="hot_product", weight=share, detail=product))
    if families.alike and event.event_type == "product.viewed" and event.items:
        found += _alike(event.items[0].product_id, rules)
    if families.next_step:
        prior = known.chance(event.event_type, "order.completed")
        own = moves.probability(row["moves"], event.event_type, "order.completed", prior)
        chance = round(own, 6)
        found.append(Reason(code="next_step", weight=chance, detail="order.completed"))
    return replace(decision, reasons=(*decision.reasons, *found)) if found else decision


def _alike(product: str, rules: Rules) -> list[Reason]:
    sold_out = rules.stock.sold_out
    others = [one for one in rules.known.alike(short(product)) if one[0] not in sold_out]
    return [
        Reason(code="alike_product", weight=round(alike, 4), detail=other)
        for other, alike in others[:MAX_ALIKE]
    ]


def hinted(decision: Decision, row: Row, event: Event, rules: Rules) -> Decision:
    """Add goods that go with the cart to the answer to a cart event, if the customer agrees."""
    if event.family != "cart" or not rules.families.hints or rules.known.version == NOTHING:
        return decision
    if not consent.covers(row, event):
        return decision
    basket = [short(name) for name in carts.lines_at(row["profile"]["cart"], event.ts_ms)]
    rules_found = rules.known.hints(sorted(basket), MAX_HINTS, rules.stock.sold_out)
    hints = tuple(
        [
            Hint(
                product_id=one.then,
                because=one.when,
                support=round(min(1.0, one.support), 6),
                confidence=round(one.confidence, 4),
                lift=round(one.lift, 3),
            )
            for one in rules_found
        ]
    )
    return replace(decision, hints=hints) if hints else decision


def _last_visit(row: Row) -> tuple[float, ...]:
    return tuple([number / VISIT_STEPS for number in row["last_visit"]])
