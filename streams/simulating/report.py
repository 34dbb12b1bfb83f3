"""What a comparison of policies found, for the whole and for parts of the customers."""

from dataclasses import dataclass

from online_models.evaluation import Figures
from simulation.figures import Estimate
from simulation.play import Run
from streams.simulating.rivals import PolicyName
from streams.simulating.worlds import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One policy's figures.

    Attributes
    ----------
    expected
        Incremental profit against giving nothing: the exact expectation of every offer made.
    realised
        The same as it came out: profit less the profit of the same world without offers.
    figures
        How good the logged probabilities were; None for policies without a learner.
    """

    name: PolicyName
    expected: Estimate
    realised: Estimate
    run: Run
    overspend_minor: int
    figures: Figures | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Farmed:
    """What farmers took under one policy, and what the honest brought.

    Attributes
    ----------
    coupons_minor
        What the coupons that farmers used cost.
    waste_minor
        What farmers brought in without any offers, less what they bring in now: it came out so.
    honest_minor
        Expected incremental profit of everybody else.
    """

    coupons_minor: int
    waste_minor: int
    honest_minor: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All policies of one world; `arms` tells each customer's arm, in which only `policy` decides.

    The oracle knows no arms and is compared with itself on the same customers. `farmers` tells by
    customer who farms coupons, `bare_minor` what each brought in without any offers.
    """

    world: World
    results: tuple[Result, ...]
    arms: tuple[str, ...] = ()
    farmers: tuple[bool, ...] = ()
    bare_minor: tuple[int, ...] = ()

    def result(self, name: str) -> Result | None:
        """Find a policy's figures."""
        return next((result for result in self.results if result.name == name), None)

    def share_of_oracle(self, name: str) -> float | None:
        """Tell which part of the best possible profit a policy earned."""
        oracle, result = self.result("oracle"), self.result(name)
        if oracle is None or result is None or oracle.expected.point <= 0:
            return None
        return result.expected.point / oracle.expected.point

    def learned_share(self, name: str, arm: str | None = None) -> float | None:
        """Tell the same after the first fifth of the time, all customers or those of one arm."""
        oracle, result = self.result("oracle"), self.result(name)
        if oracle is None or result is None:
            return None
        customers = [i for i, own in enumerate(self.arms) if arm is None or own == arm]
        best_minor = sum(oracle.run.learned_minor[i] for i in customers)
        if best_minor <= 0:
            return None
        return sum(result.run.learned_minor[i] for i in customers) / best_minor

    def farmed(self, name: str) -> Farmed:
        """Tell what a policy lost to farmers, and what it earned from everybody else."""
        result = self.result(name)
        assert result is not None
        run = result.run
        those = [index for index, farms in enumerate(self.farmers) if farms]
        return Farmed(
            coupons_minor=sum(run.spends_minor[index] for index in those),
            waste_minor=sum(self.bare_minor[i] - run.profits_minor[i] for i in those),
            honest_minor=sum(run.expected_minor) - sum(run.expected_minor[i] for i in those),
        )
