"""Who takes part: one learner of every family, and the articles' rule on the leader's numbers."""

from collections.abc import Mapping, Sequence

from online_models.league.contracts import Entrant
from online_models.league.factors import Factors
from online_models.league.logistic import Logistic, Margin
from online_models.league.optimist import Optimist
from online_models.league.trees import Trees
from online_models.league.two_causes import TwoCauses
from online_models.response import ResponseModel

# What tells most of the next purchase, for the learners whose cost grows with the square of it.
TELLING = (
    "cart_value_now",
    "cart_quantity_now",
    "browse_count_1h",
    "browse_count_7d",
    "order_count_lifetime",
    "order_gap_now",
    "trigger_search_now",
    "trigger_cart_now",
    "trigger_checkout_now",
    "browse_price_now",
    "coupon_redeem_rate_lifetime",
    "profile_member_now",
)


def lineup(
    names: Sequence[str], typical: Mapping[str, float], model: ResponseModel
) -> tuple[Entrant, ...]:
    """Line up all entrants; the first one leads until another is surely better.

    Parameters
    ----------
    model
        The response model that leads from the start.

    Examples
    --------
    >>> names = ("cart_value_now", "browse_count_1h")
    >>> [one.name for one in lineup(names, {}, ResponseModel(names))]
    ['two_causes', 'logistic', 'svm', 'trees', 'factors', 'linucb', 'article']
    """
    ours = TwoCauses(model)
    telling = tuple(name for name in TELLING if name in names)
    return (
        Entrant(name="two_causes", learner=ours),
        Entrant(name="logistic", learner=Logistic(names, typical)),
        Entrant(name="svm", learner=Margin(names, typical)),
        Entrant(name="trees", learner=Trees(names)),
        Entrant(name="factors", learner=Factors(names, telling)),
        Entrant(name="linucb", learner=Optimist(names, telling)),
        Entrant(name="article", learner=ours, rule="article"),
    )
