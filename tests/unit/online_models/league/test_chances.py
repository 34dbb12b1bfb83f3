"""How often the league errs: many races and many watches of which the truth is known."""

from random import Random

import pytest

from features.actions import NOTHING
from online_models.league.ballots import Ballot
from online_models.league.race import Race
from online_models.league.rules import LeagueRules
from online_models.league.watch import Watch
from tests.unit.online_models.league.test_watch import form, load

pytestmark = pytest.mark.slow
RUNS = 200
RULES = LeagueRules()


def race(seed: int, decisions: int, p_buy: tuple[float, ...], differ: float) -> int | None:
    """Run a race of one entrant; it differs in a share of decisions. Gives where it won, if so.

    The leader gives coupon 1, the entrant coupon 2; nothing and four others are drawn as well.
    """
    random = Random(seed)
    run = Race(
        1,
        alpha=RULES.alpha / 2,
        least=RULES.least_judged,
        least_told=RULES.least_told,
        tuned=RULES.tuned_judged,
    )
    actions = len(p_buy)
    for count in range(1, decisions + 1):
        drawn = random.randrange(actions)
        ballot = Ballot(
            season=0,
            choices=(2 if random.random() < differ else 1,),
            lead=1,
            drawn=drawn,
            weight=float(actions),
            # what the leader believes is off by a fifth
            expected_minor=tuple(1_200 * p * random.uniform(0.8, 1.2) for p in p_buy),
            variances=tuple(p * (1 - p) * 1_200.0**2 for p in p_buy),
            price_ratio=0.0,
        )
        y = random.random() < p_buy[drawn]
        run.judge(ballot, (y, round(random.expovariate(1 / 1_200)), 0))
        if run.winner() is not None:
            return count
    return None


@pytest.mark.parametrize("p", [0.1, 0.01])
@pytest.mark.parametrize("differ", [0.5, 0.1])
def test_n07_in_200_races_of_equals_hardly_one_is_promoted(p: float, differ: float) -> None:
    promoted = [race(seed, 1_500, (p,) * 6, differ) for seed in range(RUNS)]
    assert sum(won is not None for won in promoted) <= RULES.alpha * RUNS


def test_n07_in_200_races_none_that_is_worse_is_promoted() -> None:
    p_buy = (0.08, 0.12, 0.09, 0.1, 0.1, 0.1)
    promoted = [race(seed, 1_500, p_buy, 0.5) for seed in range(RUNS)]
    assert promoted == [None] * RUNS


def test_n07_one_that_is_better_wins_its_race() -> None:
    p_buy = (0.08, 0.08, 0.2, 0.1, 0.1, 0.1)
    promoted = [race(seed, 8_000, p_buy, 1.0) for seed in range(20)]
    assert all(promoted)


def test_n07_in_200_calm_watches_no_leader_is_rolled_back() -> None:
    for seed in range(RUNS):
        random = Random(seed)
        calm = Watch(load, every=400, alpha=RULES.rollback_alpha, least=RULES.least_compared)
        for _ in range(2_000):
            p = random.uniform(0.02, 0.3)
            # leader and last good form are both right, and scatter apart
            opinion = calm.opinion({}, NOTHING)
            said = None if opinion is None else (opinion[0], p * random.uniform(0.8, 1.2))
            found = calm.update(random.random() < p, p * random.uniform(0.8, 1.2), said)
            assert found != "worse"
            if calm.is_due():
                calm.end_period(0, form(-2.0))
