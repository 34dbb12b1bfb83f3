"""What would have flipped a decision: told only where the policy, asked again, agrees."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import structs

from coupons.catalogue import Campaign, Catalogue, Coupon, Scope
from coupons.choices import Candidate, Choice
from coupons.ledger import Ledger
from coupons.policy import PolicySettings, choose
from features.actions import Action
from features.basket import Basket
from streams.context import Context, PartitionState, Point
from streams.decisions import Decision
from streams.explaining.flips import (
    Flip,
    chance_to_win,
    decided_by_values,
    discount_to_win,
    flips_of,
    price_to_win,
    ways_to_win,
)
from streams.explaining.values import NONE, table_of
from streams.report import report_choice
from tests.builders import FixedAnswers, FixedScorer, an_event, decided, some_rules

NAMES = ("a", "b", "c", "d")
MARGIN_RATIO = 0.4


@dataclass(frozen=True)
class Line:
    """A coupon in a shop whose truth is known: its chance, cost and true shadow price."""

    p_buy: float
    discount_minor: int
    price: float = 0.0


def of_one_campaign(shop: "Shop") -> "Shop":
    """Let all coupons be paid by one campaign, at the price of the first."""
    price = shop.lines[0].price
    return replace(
        shop, shared=True, lines=tuple(replace(line, price=price) for line in shop.lines)
    )


@dataclass(frozen=True)
class Shop:
    p_nothing: float
    goods_minor: int
    lines: tuple[Line, ...]
    shared: bool = False

    def campaign(self, name: str) -> str:
        return "campaign" if self.shared else f"campaign-{name}"

    def candidates(self) -> list[Candidate]:
        return [
            Candidate(
                coupon=coupon,
                action=Action(action_id=coupon.coupon_id, kind=coupon.kind),
                discount_minor=line.discount_minor,
                charge_minor=line.discount_minor,
            )
            for coupon, line in zip(self.coupons(), self.lines, strict=True)
        ]

    def coupons(self) -> list[Coupon]:
        return [
            Coupon(
                coupon_id=name,
                campaign_id=self.campaign(name),
                kind="amount_off",
                off_minor=line.discount_minor,
                scope=Scope(of="product", names=frozenset({name})),
            )
            for name, line in zip(NAMES, self.lines, strict=False)
        ]

    def prices(self) -> dict[str, float]:
        return {self.campaign(n): line.price for n, line in zip(NAMES, self.lines, strict=False)}

    def choice(self) -> Choice:
        return choose(
            candidates=self.candidates(),
            blocked=(),
            p_nothing=self.p_nothing,
            p_buy=[line.p_buy for line in self.lines],
            margin_minor=self.goods_minor * MARGIN_RATIO,
            prices=self.prices(),
            arm="policy",
            decision_id="x",
            settings=PolicySettings(explore_ratio=0.0),
            cold=False,
        )

    def decision(self) -> Decision:
        """Record the choice as the worker does."""
        coupons = self.coupons()
        campaigns = [
            Campaign(
                campaign_id=name,
                budget_minor=10**9,
                coupons=tuple(one for one in coupons if one.campaign_id == name),
            )
            for name in self.prices()
        ]
        rules = some_rules(catalogue=Catalogue.of(campaigns), margin_ratio=MARGIN_RATIO)
        ledger = Ledger(partition=0, partitions=1)
        ledger.adopt(rules.catalogue)
        point = Point(
            decision_id="d" * 26,
            event=an_event(),
            x={},
            basket=Basket(goods_minor=self.goods_minor),
            experiment=rules.experiment_of("ann"),
        )
        return report_choice(
            point,
            self.choice(),
            FixedAnswers(self.p_nothing, [line.p_buy for line in self.lines]),
            Context(rules=rules, partition=PartitionState(partition=0, ledger=ledger)),
        )

    def changed(self, kind: str, coupon: str, value: float) -> "Shop":
        lines = list(self.lines)
        at = NAMES.index(coupon)
        if kind == "chance":
            lines[at] = replace(lines[at], p_buy=value)
        elif kind == "discount":
            lines[at] = replace(lines[at], discount_minor=int(value))
        else:
            alike = [number for number in range(len(lines)) if self.shared or number == at]
            for number in alike:
                lines[number] = replace(lines[number], price=value)
        return replace(self, lines=tuple(lines))

    def chosen(self) -> str:
        candidate = self.choice().candidate
        return NONE if candidate is None else candidate.coupon.coupon_id


chances = st.integers(0, 1_000_000).map(lambda micro: micro / 1e6)
small_chances = st.integers(0, 50_000).map(lambda micro: micro / 1e6)
prices = st.just(0.0) | st.integers(0, 5_000_000).map(lambda micro: micro / 1e6)
lines = st.builds(
    Line, p_buy=chances | small_chances, discount_minor=st.integers(1, 5_000), price=prices
)
shops = st.builds(
    Shop,
    p_nothing=chances | small_chances,
    goods_minor=st.integers(0, 100_000),
    lines=st.lists(lines, min_size=1, max_size=4).map(tuple),
)


STEPS = {"chance": 1e-6, "discount": 1.0, "price": 1e-6}


def assert_smallest(shop: Shop, flip: Flip) -> None:
    """The choice turns at the number told, and not yet one step before it."""
    after = shop.changed(flip.kind, flip.coupon, flip.needed).chosen()
    assert after == flip.becomes, flip
    way = 1 if flip.needed > flip.now else -1
    nearly = round(flip.needed - way * STEPS[flip.kind], 6)
    before = shop.changed(flip.kind, flip.coupon, nearly).chosen()
    assert (before == flip.coupon) != (after == flip.coupon), flip
    if flip.coupon in (shop.chosen(), after):
        assert (before == flip.coupon) == (shop.chosen() == flip.coupon), flip


@settings(max_examples=200)
@given(shops)
@example(Shop(0.003, 5_000, (Line(0.0031, 400), Line(0.0032, 1_000, 0.7))))
@example(Shop(0.05, 5_000, (Line(0.2, 500, 1.25), Line(0.21, 900))))
@example(of_one_campaign(Shop(0.05, 5_000, (Line(0.2, 500, 2.5), Line(0.25, 900)))))
@example(Shop(0.0, 0, (Line(0.0, 1),)))
def test_c66_every_flip_told_is_the_smallest_that_flips(shop: Shop) -> None:
    for asked in (shop, of_one_campaign(shop)):
        decision = asked.decision()
        table = table_of(decision)
        assert table is not None
        found = list(flips_of(decision))
        for coupon in decision.why_not:
            found += [flip for flip in ways_to_win(table, coupon) if flip is not None]
        for flip in found:
            assert_smallest(asked, flip)


@settings(max_examples=200)
@given(shops)
def test_the_record_alone_repeats_the_choice_to_the_last_digit(shop: Shop) -> None:
    table = table_of(shop.decision())
    assert table is not None
    assert table.margin_minor == shop.goods_minor * MARGIN_RATIO
    assert table.answer() == shop.chosen()


likely = st.integers(10_000, 900_000).map(lambda micro: micro / 1e6)


@settings(max_examples=100)
@given(
    st.builds(
        Shop,
        likely,
        st.integers(1_000, 100_000),
        st.tuples(
            st.builds(Line, p_buy=likely, discount_minor=st.integers(1, 5_000), price=prices)
        ),
    )
)
def test_an_offer_of_ordinary_size_always_has_a_chance_and_a_price_that_flip_it(
    shop: Shop,
) -> None:
    decision = shop.decision()
    if decision.action == "offer":
        assert [flip.kind for flip in flips_of(decision)] == ["chance", "price"]


def test_n6_the_chance_needed_is_the_smallest_step_that_wins() -> None:
    # margin 2000: p (2000 - 500) must exceed 0.60 x 2000 by half a hundredth, so p 0.8000033
    decision = decided(scorer=FixedScorer(nothing=0.60, ten=0.62))
    chance, discount = flips_of(decision)
    assert chance == Flip(kind="chance", coupon="ten", now=0.62, needed=0.800004, becomes="ten")
    # 0.62 x (2000 - c) must exceed 1200, so c must be below 64.5
    assert (discount.kind, discount.now, discount.needed) == ("discount", 500, 64)


def test_n6_the_chance_lost_is_the_largest_step_that_loses() -> None:
    # p (2000 - 500) must stay below 0.05 x 2000 and half a hundredth, so p 0.06667
    chance, price = flips_of(decided(scorer=FixedScorer(nothing=0.05, ten=0.20)))
    assert (chance.needed, chance.becomes) == (0.06667, "nothing")
    # 200 of value over 0.20 x 500 expected discount
    assert (price.kind, price.now, price.becomes) == ("price", 0.0, "nothing")
    assert price.needed == pytest.approx(2.0, abs=1e-4)


def test_a_runner_up_takes_the_place_of_a_coupon_that_loses() -> None:
    shop = Shop(0.05, 5_000, (Line(0.20, 500), Line(0.15, 300)))
    assert shop.chosen() == "a"
    assert flips_of(shop.decision())[0].becomes == "b"


def test_a_coupon_held_back_by_the_price_of_budget_is_told_the_price_that_frees_it() -> None:
    shop = Shop(0.05, 5_000, (Line(0.20, 500, 3.0),))
    decision = shop.decision()
    assert decision.why_not == {"a": "budget_price"}
    found = next(flip for flip in flips_of(decision) if flip.kind == "price")
    assert found.needed == pytest.approx(2.0, abs=1e-4)
    assert found.now == 3.0


def test_a_lower_price_that_frees_a_dearer_coupon_first_is_not_told_for_the_cheaper_one() -> None:
    """As the price of their budget falls, b is chosen; a leads at no price, or in the middle."""
    shop = of_one_campaign(Shop(0.05, 5_000, (Line(0.10, 500, 4.0), Line(0.30, 500))))
    table = table_of(shop.decision())
    assert table is not None
    assert price_to_win(table, "a") is None
    middle = of_one_campaign(Shop(0.05, 5_000, (Line(0.16, 300, 4.0), Line(0.30, 900))))
    table = table_of(middle.decision())
    assert table is not None
    found = price_to_win(table, "a")
    assert found is not None
    assert_smallest(middle, found)
    assert table.answer(lambda line: line._replace(price=0.0)) == "b"


def test_no_chance_helps_a_coupon_that_costs_more_than_the_margin() -> None:
    table = table_of(Shop(0.05, 1_000, (Line(0.20, 500),)).decision())
    assert table is not None
    assert chance_to_win(table, "a") is None
    assert discount_to_win(table, "a") is not None


def test_no_discount_helps_a_coupon_that_does_not_raise_the_chance() -> None:
    table = table_of(Shop(0.20, 5_000, (Line(0.20, 500),)).decision())
    assert table is not None
    assert discount_to_win(table, "a") is None
    assert price_to_win(table, "a") is None


def test_numbers_that_contradict_each_other_give_no_flip() -> None:
    decision = decided(scorer=FixedScorer(nothing=0.05, ten=0.20))
    for changed in (
        structs.replace(decision, margin_minor=9_000.0),
        structs.replace(decision, margin_minor=None),
        structs.replace(decision, prices=()),
    ):
        assert table_of(changed) is None
        assert flips_of(changed) == ()


def test_a_choice_that_was_drawn_is_told_what_the_values_say() -> None:
    decision = decided(scorer=FixedScorer(nothing=0.05, ten=0.20))
    drawn = structs.replace(decision, explored=True)
    assert decided_by_values(decision)
    assert not decided_by_values(drawn)
    assert flips_of(drawn)[0] == Flip(kind="values", coupon="ten", becomes="ten")
