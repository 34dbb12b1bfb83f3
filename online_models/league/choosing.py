"""From probabilities to a choice, by the rule of each entrant."""

from collections.abc import Sequence

from online_models.league.contracts import Answers, Rule
from online_models.outcomes import Option


def chosen(
    rule: Rule, answers: Answers, options: Sequence[Option], margin_minor: float
) -> int | None:
    """Give the place of the coupon that the rule chooses, None for nothing."""
    if rule == "article":
        return most_given_away(answers.p_buy, options)
    return best_value(answers.p_nothing, answers.p_buy, options, margin_minor)


def best_value(
    p_nothing: float, p_buy: Sequence[float], options: Sequence[Option], margin_minor: float
) -> int | None:
    """Choose the coupon that earns most beyond giving nothing, None where none does.

    P(a) x (margin - cost) - P(nothing) x margin - price x P(a) x cost, the first of equals.

    Examples
    --------
    >>> from features.actions import Action
    >>> ten = Option(action=Action(action_id="ten", kind="amount_off"), cost_minor=10)
    >>> best_value(0.5, [0.6], [ten], 100.0), best_value(0.5, [0.52], [ten], 100.0)
    (0, None)
    """
    best, at = p_nothing * margin_minor, None
    for place, (p, option) in enumerate(zip(p_buy, options, strict=True)):
        value = p * net_minor(option, margin_minor)
        if value > best:
            best, at = value, place
    return at


def most_given_away(p_buy: Sequence[float], options: Sequence[Option]) -> int | None:
    """Choose as the articles do: the highest P(buy) x discount, never nothing where there is one.

    Examples
    --------
    >>> from features.actions import Action
    >>> coupon = Action(action_id="c", kind="amount_off")
    >>> costs = [Option(action=coupon, cost_minor=cost) for cost in (10, 20)]
    >>> most_given_away([0.62, 0.5], costs)
    1
    """
    given = [p * option.cost_minor for p, option in zip(p_buy, options, strict=True)]
    return max(range(len(given)), key=given.__getitem__) if given else None


def net_minor(option: Option, margin_minor: float) -> float:
    """Give what a purchase with this coupon leaves, after its cost and the price of budget."""
    return margin_minor - option.cost_minor * (1.0 + option.price_ratio)
