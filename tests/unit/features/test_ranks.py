import json
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.imputation import Imputer
from features.ranks import Ranks

NUMBERS = st.lists(st.integers(0, 1 << 40), min_size=1, max_size=60)


def ranks_of(numbers: list[int]) -> Ranks:
    ranks = Ranks()
    for number in numbers:
        ranks.add(number)
    return ranks


@given(NUMBERS)
def test_c07_the_median_is_the_batch_median_within_a_sixteenth(numbers: list[int]) -> None:
    batch = statistics.median_low(numbers)
    found = ranks_of(numbers).median()
    assert found == pytest.approx(batch, rel=1 / 16, abs=0.0)


@given(st.lists(st.integers(0, 15), min_size=1, max_size=60))
def test_c07_the_median_of_small_numbers_is_exact(numbers: list[int]) -> None:
    assert ranks_of(numbers).median() == statistics.median_low(numbers)


@given(NUMBERS, st.randoms(use_true_random=False))
def test_the_order_of_numbers_leaves_no_trace(numbers: list[int], dice: object) -> None:
    shuffled = numbers[:]
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranks_of(shuffled).dump() == ranks_of(numbers).dump()


@given(NUMBERS, st.integers(0, 1 << 40))
def test_counts_survive_json_and_go_on_alike(numbers: list[int], more: int) -> None:
    first = ranks_of(numbers)
    second = Ranks.load(json.loads(json.dumps(first.dump())))
    assert second.median() == first.median()
    first.add(more)
    second.add(more)
    assert (second.dump(), second.median()) == (first.dump(), first.median())


def test_p11_whatever_numbers_come_the_counts_stay_bounded() -> None:
    ranks = ranks_of([-1, 1 << 60, *[part << bits for bits in range(50) for part in range(17)]])
    assert len(ranks.dump()) <= 305
    many = {size: 10**11 for size in ranks.dump()}
    assert len(json.dumps(Ranks.load(many).dump(), separators=(",", ":"))) <= 6_000


def test_a_few_huge_prices_do_not_move_the_median_as_they_move_the_mean() -> None:
    imputer = Imputer()
    for price_minor in [*[1_000] * 98, 50_000_000, 90_000_000]:
        imputer.rank("price_minor", price_minor)
        imputer.observe("same", price_minor)
    assert imputer.median("price_minor", 0.0) == pytest.approx(1_000, rel=1 / 16)
    assert imputer.mean("same", 0.0) > 1_000_000


def test_before_the_first_number_there_is_no_median() -> None:
    assert Ranks().median() is None
    assert Imputer().median("price_minor", 7.0) == 7.0


@pytest.mark.parametrize("dumped", [{"-1": 1}, {"305": 1}, {"3": 0}])
def test_counts_of_no_size_are_refused(dumped: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="counts must be at least 1"):
        Ranks.load(dumped)
