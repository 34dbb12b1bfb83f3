"""What an offer says: each kind and occasion, both languages, bounded, no markup, no person."""

from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.catalogue import Audience, Coupon, Kind, Scope
from features.events import EVENT_TYPES
from streams import flow
from streams.offer_text import KINDS, MAX_CHARS, OCCASIONS, offer_text
from tests.builders import FixedScorer, a_context, a_coupon, an_event, some_rules


def said(coupon: Coupon, trigger: str = "product.viewed", currency: str = "EUR") -> list[str]:
    text = offer_text(coupon, trigger, currency, None)  # type: ignore[arg-type]
    return [text["en"], text["zh"]]


@pytest.mark.parametrize(
    ("fields", "english", "chinese"),
    [
        ({"off_minor": 500}, "For you: 5.00 EUR off your order.", "为您准备：全场立减5.00 EUR。"),
        (
            {"off_minor": 500, "min_spend_minor": 3_000},
            "For you: 5.00 EUR off your order from 30.00 EUR on.",
            "为您准备：全场立减5.00 EUR，满30.00 EUR可用。",
        ),
        (
            {"kind": "percent_off", "off_minor": 0, "off_ratio": 0.15},
            "For you: 15 % off your order.",
            "为您准备：全场8.5折。",
        ),
        (
            {"audience": Audience(first_order=True)},
            "Welcome! 5.00 EUR off your order.",
            "欢迎新朋友！全场立减5.00 EUR。",
        ),
        (
            {
                "kind": "second_half_price",
                "off_minor": 0,
                "scope": Scope(of="category", names=frozenset({"home/lamps", "home/desks"})),
            },
            "For you: the second item at half price on desks and lamps.",
            "为您准备：desks、lamps第二件半价。",
        ),
    ],
)
def test_c69_the_line_says_what_the_coupon_does(
    fields: dict[str, Any], english: str, chinese: str
) -> None:
    assert said(a_coupon(**fields)) == [english, chinese]


def test_c69_every_kind_and_occasion_has_a_line_in_both_languages() -> None:
    assert KINDS.keys() == set(get_args(Kind))
    for english, chinese in (*KINDS.values(), *OCCASIONS.values()):
        assert english.isascii()
        assert not chinese.isascii()


def test_c69_amounts_have_the_decimals_of_their_currency() -> None:
    assert said(a_coupon(off_minor=500), currency="JPY")[0] == "For you: 500 JPY off your order."
    assert "0.500 KWD" in said(a_coupon(off_minor=500), currency="KWD")[0]


@given(
    names=st.frozensets(st.text(min_size=1, max_size=300), min_size=1, max_size=4),
    of=st.sampled_from(["category", "brand", "product"]),
    kind=st.sampled_from(get_args(Kind)),
    trigger=st.sampled_from(EVENT_TYPES),
)
def test_c69_whatever_the_catalogue_names_the_line_is_short_and_holds_no_markup(
    names: frozenset[str], of: str, kind: str, trigger: str
) -> None:
    coupon = a_coupon(kind=kind, scope=Scope(of=of, names=names))  # type: ignore[arg-type]
    for line in said(coupon, trigger):
        assert 0 < len(line) <= MAX_CHARS
        assert line.isprintable()
        assert not set("<>&\"'`\\{}") & set(line)


def test_c69_a_decision_tells_the_line_and_it_holds_nothing_about_the_person() -> None:
    row, context = flow.new_row(), a_context(some_rules(FixedScorer(nothing=0.05, ten=0.20)))
    event = an_event("cart.added", user_id="ann-4711", device="phone", session_id="s-99")
    decision = flow.step(row, event, context).decision
    assert decision is not None
    assert decision.offer is not None
    text = decision.offer.text
    assert text["en"] == "For your cart: 5.00 EUR off your order."
    assert not any(part in line for part in ("ann", "4711", "s-99") for line in text.values())
