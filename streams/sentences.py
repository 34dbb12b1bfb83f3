"""Decisions in plain sentences, for terminals and people."""

from streams.decisions import Decision

_WHEN = {
    "product.viewed": "looking at a product",
    "list.viewed": "browsing",
    "search.performed": "searching",
    "cart.added": "filling the cart",
    "cart.removed": "emptying the cart",
    "cart.viewed": "looking at the cart",
    "checkout.started": "starting to pay",
    "order.completed": "buying",
}


def money(amount_minor: float, currency: str = "EUR") -> str:
    """Write an amount for people; of currencies with two decimals.

    Examples
    --------
    >>> money(-1234)
    '-12.34 EUR'
    """
    return f"{amount_minor / 100:,.2f} {currency}"


def sentence(decision: Decision) -> str:
    """Say who gets what, when and why, in one line."""
    when = _WHEN.get(decision.trigger_event_type, decision.trigger_event_type)
    why = decision.reasons[0].code if decision.reasons else ""
    if decision.action == "holdout":
        return f"{decision.user_id} gets nothing while {when}: kept without coupons, to compare"
    if decision.action == "suppressed":
        return f"{decision.user_id} is left in peace while {when}: {why.replace('_', ' ')}"
    if decision.offer is None or decision.scores is None:
        return f"{decision.user_id} gets nothing while {when}: {why.replace('_', ' ')}"
    scores, offer = decision.scores, decision.offer
    worth = next(row.score for row in decision.candidates if row.action == offer.template_id)
    drawn = ", drawn to learn" if decision.explored else ""
    return (
        f"{decision.user_id} gets {offer.template_id} while {when}{drawn}: the chance to buy rises"
        f" from {scores.p_buy_without:.1%} to {scores.p_buy_with:.1%},"
        f" worth {money(worth, offer.currency)}"
    ).replace("%", " %")
