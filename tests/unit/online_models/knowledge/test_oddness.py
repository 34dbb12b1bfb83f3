"""Oddness: planted outliers stand out, and a loaded score goes on as the dumped one."""

import json
from random import Random

from river import metrics

from online_models.knowledge.oddness import WINDOW_COUNT, Oddness
from tests.unit.online_models.knowledge.sessions import a_session

AXES = ("views", "carts", "orders", "paid", "codes")


def usual(random: Random) -> list[float]:
    return [min(4.0, max(0.0, random.gauss(middle, 0.25))) for middle in (1.0, 0.4, 0.3, 1.2, 0.1)]


def odd(random: Random) -> list[float]:
    x = usual(random)
    for at in random.sample(range(5), 2):
        x[at] = random.uniform(2.4, 4.0)
    return x


def test_c08_auc_on_injected_outliers_is_at_least_09() -> None:
    random, oddness, auc = Random(8), Oddness(AXES), metrics.ROCAUC()
    for number in range(4_000):
        is_odd = random.random() < 0.02
        x = odd(random) if is_odd else usual(random)
        if number >= WINDOW_COUNT:
            auc.update(is_odd, oddness.score_one(x))
        oddness.learn_one(x)
    print(f"AUC {auc.get():.3f}")
    assert auc.get() >= 0.9


def test_c08_nothing_is_odd_while_nothing_is_known() -> None:
    assert Oddness().score(a_session(viewed="a")) == 0.0


def test_c08_a_loaded_score_goes_on_as_the_dumped_one() -> None:
    random, oddness = Random(1), Oddness(AXES)
    assert Oddness.load(oddness.dump()).dump() == oddness.dump()
    for _ in range(WINDOW_COUNT + 40):
        oddness.learn_one(usual(random))
    again = Oddness.load(json.loads(json.dumps(oddness.dump())))
    for _ in range(WINDOW_COUNT):
        x = usual(random)
        assert again.score_one(x) == oddness.score_one(x)
        again.learn_one(x)
        oddness.learn_one(x)
    assert again.dump() == oddness.dump()


def test_p11_hostile_rows_stay_within_the_stated_bytes() -> None:
    random, oddness = Random(3), Oddness()
    for _ in range(2 * WINDOW_COUNT - 1):
        oddness.learn_one([random.choice((-1e9, 0.0, 1e9)) for _ in oddness.names])
    assert len(json.dumps(oddness.dump(), separators=(",", ":"))) <= Oddness.MAX_BYTES
