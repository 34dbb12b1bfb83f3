from hypothesis import given
from hypothesis import strategies as st

from features import distinct, tally
from features.families.taste import shares
from tests.unit.features.stories import DAY, MINUTE, START, event, features_of, item, profile_of


def test_interest_halves_in_seven_days_and_smoothly_between() -> None:
    tastes = tally.empty()
    tally.add(tastes, "shoes", 1, START, START, cap=16)
    amount, _, epoch = tally.look(tastes, "shoes")
    halves = [tally.decayed(amount, epoch, START + days * DAY) for days in (0, 1, 7, 14)]
    assert [round(value, 2) for value in halves] == [1.0, 0.91, 0.5, 0.25]


def test_names_beyond_the_cap_lose_their_name_but_not_their_weight() -> None:
    views = [
        event("product.viewed", START + n * 20 * MINUTE, item(category=f"c{n % 30:02}"))
        for n in range(60)
    ]
    profile = profile_of(views)
    points = tally.points(profile["category"])
    assert tally.OTHER in points
    assert len(profile["category"]["kept"]) <= 17
    named = shares(profile["category"])
    assert 0 < sum(named.values()) < 1


def test_c14_the_favourite_survives_a_crowd_of_names() -> None:
    views = [event("product.viewed", START + n * MINUTE, item(category="zebra")) for n in range(9)]
    views += [
        event("product.viewed", START + (20 + n) * MINUTE, item(category=f"c{n}"))
        for n in range(200)
    ]
    assert max(shares(profile_of(views)["category"]).items(), key=lambda p: p[1])[0] == "zebra"


def test_affinity_shares_tell_the_event_from_the_rest() -> None:
    views = [
        event("product.viewed", START, item(category="shoes", brand="acme")),
        event("product.viewed", START + 1, item(category="shoes", brand="zeta")),
        event("cart.added", START + 2, item(category="bags")),
        event("product.viewed", START + 3, item(category="shoes", brand="acme")),
    ]
    x = features_of(views)
    assert x["category_share_now"] == 0.5
    assert x["brand_share_now"] == 0.6667
    assert x["category_missing"] == 0.0
    assert features_of([event("search.performed")])["category_missing"] == 1.0


@given(st.integers(0, 40), st.integers(0, 10**6))
def test_c14_distinct_counts_are_exact_below_24(many: int, first: int) -> None:
    sketch: list[int] = []
    for number in range(first, first + many):
        distinct.add(sketch, f"product-{number}")
        distinct.add(sketch, f"product-{first}")
    assert (distinct.count(sketch) == many) or many >= distinct.KEPT_COUNT
    assert len(sketch) == min(many, distinct.KEPT_COUNT)


def test_c14_distinct_counts_err_by_21_percent_as_a_rule() -> None:
    errors = []
    for user in range(300):
        sketch: list[int] = []
        for number in range(200):
            distinct.add(sketch, f"{user}-{number}")
        errors.append((distinct.count(sketch) / 200 - 1) ** 2)
    assert 0.15 < (sum(errors) / len(errors)) ** 0.5 < 0.25


@given(st.permutations([f"p{n}" for n in range(40)]))
def test_the_sketch_does_not_depend_on_order(names: list[str]) -> None:
    one: list[int] = []
    other: list[int] = []
    for name in names:
        distinct.add(one, name)
    for name in sorted(names):
        distinct.add(other, name)
    assert one == other
