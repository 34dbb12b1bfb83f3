"""When the alarm sounds, what counts as good, and when there is a way back."""

from collections import Counter
from random import Random

from features.actions import NOTHING
from online_models.league.contracts import Form, Scorer
from online_models.league.loading import scorer_from
from online_models.league.watch import Watch
from tests.unit.online_models.league.shop import NAMES, Sure, belief

EVERY = 300


def load(form: Form) -> Scorer:
    return scorer_from(form, names=NAMES)


def watch() -> Watch:
    return Watch(load, every=EVERY, alpha=0.005, least=50)


def form(base: float) -> Form:
    return Sure(belief(base=base)).scoring_form()


class Run:
    """Feed labels of a known chance to a watch, with what the leader says of them."""

    def __init__(self, seed: int):
        self.watch = watch()
        self.found: Counter[str] = Counter()
        self._random = Random(seed)

    def labels(self, count: int, *, true: float, said: float, base: float = -2.0) -> "Run":
        for _ in range(count):
            opinion = self.watch.opinion({}, NOTHING)
            found = self.watch.update(self._random.random() < true, said, opinion)
            if found is not None:
                self.found[found] += 1
            elif self.watch.is_due():
                self.watch.end_period(0, form(base))
        return self


def test_a_form_is_good_after_a_healthy_period_of_probation() -> None:
    run = Run(1).labels(EVERY, true=0.12, said=0.12, base=-3.0)
    assert run.watch.good is None
    run.labels(EVERY, true=0.12, said=0.12, base=-2.0)
    assert run.watch.good is not None
    assert run.watch.good.form == form(-3.0)


def test_a_leader_that_turns_bad_alarms_and_is_surely_worse_than_it_was() -> None:
    run = Run(2).labels(4 * EVERY, true=0.12, said=0.12)
    assert not run.found
    run.labels(EVERY, true=0.12, said=0.7, base=1.0)
    assert run.found["drift"] == 1
    assert run.found["worse"] >= 1
    assert run.watch.good is not None
    assert run.watch.good.form == form(-2.0)


def test_a_world_that_turns_alarms_and_nothing_old_is_called_better() -> None:
    run = Run(3).labels(4 * EVERY, true=0.12, said=0.12)
    run.labels(4 * EVERY, true=0.5, said=0.5, base=0.0)
    assert run.found == {"drift": 1}
    assert run.watch.good is not None
    assert run.watch.good.form == form(0.0)  # the leader went with the world: it is good again


def test_a_loss_that_falls_is_no_alarm() -> None:
    run = Run(4).labels(3 * EVERY, true=0.5, said=0.5).labels(3 * EVERY, true=0.01, said=0.01)
    assert not run.found


def test_an_opinion_of_a_form_that_was_replaced_does_not_count() -> None:
    run = Run(5).labels(2 * EVERY, true=0.12, said=0.12)
    old = run.watch.opinion({}, NOTHING)
    run.labels(EVERY, true=0.12, said=0.12)
    compared = run.watch.compared.count
    run.watch.update(False, 0.12, old)
    assert run.watch.compared.count == compared


def test_after_a_restart_there_is_no_way_back_but_the_one_given() -> None:
    run = Run(6).labels(3 * EVERY, true=0.12, said=0.12)
    good = run.watch.good
    run.watch.restart(None)
    assert run.watch.good is None
    assert not run.watch.is_alarmed
    run.watch.restart(good)
    assert run.watch.good == good
