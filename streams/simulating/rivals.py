"""Policies that `simulate` plays beside ours, and which of them this machine can play."""

from collections.abc import Sequence
from typing import Literal, get_args

from coupons.policy import PolicyName as Rule
from coupons.policy import PolicySettings
from simulation.baselines.bandit import ARGUMENTS, EPSILON, Bandit
from simulation.baselines.estimates import Baseline
from simulation.baselines.learners import SLearner, TLearner
from streams.settings import Settings

try:
    from vowpalwabbit import Workspace
except ImportError:  # an extra: the product does not need it
    Workspace = None

PolicyName = Literal[
    "oracle",
    "policy",
    "guarded",
    "article",
    "random",
    "threshold",
    "single",
    "s_learner",
    "t_learner",
    "vowpal_wabbit",
    "none",
]
POLICIES: tuple[PolicyName, ...] = get_args(PolicyName)
# Ours with the pause of customers who buy anyway: of interest where some farm.
STANDARD: tuple[PolicyName, ...] = tuple(name for name in POLICIES if name != "guarded")
FARMED: tuple[PolicyName, ...] = ("policy", "guarded")

INSTALL_BANDIT = "pip install vowpalwabbit==9.11.9"
# Everybody who buys at all is far above it, nobody who only looks is.
THRESHOLD_RATIO = 0.1


def playable(names: Sequence[PolicyName]) -> tuple[list[PolicyName], str | None]:
    """Leave out what is not installed here; the text says what, and what would bring it."""
    if Workspace is not None or "vowpal_wabbit" not in names:
        return list(names), None
    left_out = f"vowpal_wabbit is left out: it is not installed ({INSTALL_BANDIT})"
    return [name for name in names if name != "vowpal_wabbit"], left_out


def baseline_of(name: PolicyName) -> Baseline | None:
    """Give what learns in the place of our model; None where ours does."""
    if name == "s_learner":
        return SLearner()
    if name == "t_learner":
        return TLearner()
    return Bandit(Workspace(ARGUMENTS)) if name == "vowpal_wabbit" else None


def policy_of(name: PolicyName, settings: Settings, single_id: str | None) -> PolicySettings:
    """Give how probabilities become a choice: both learners choose by uplift, as ours does."""
    is_bandit = name == "vowpal_wabbit"
    return PolicySettings(
        name=_rule_of(name),
        explore_ratio=EPSILON if is_bandit else settings.exploration_ratio,
        salt=settings.experiment_salt,
        threshold_ratio=THRESHOLD_RATIO,
        single_coupon_id=single_id,
    )


def _rule_of(name: PolicyName) -> Rule:
    if name == "vowpal_wabbit":
        return "likeliest"
    if name == "oracle" or name == "guarded" or name == "s_learner" or name == "t_learner":
        return "policy"
    return name
