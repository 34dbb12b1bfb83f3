"""Products that the same customers cared for, told with a view where that is asked for."""

from dataclasses import replace

from coupons.stock import Stock
from features.events import EventType, Item
from features.session_record import Session
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from streams import flow
from streams.context import Rules
from streams.decisions import Reason
from streams.explaining.texts import REASONS
from streams.families import Families
from tests.builders import FixedScorer, a_context, an_event, some_rules

TENT = Item(product_id="tent", category="camp", price_minor=5_000)
LONG = "x" * 90


def learned() -> Known:
    """Know that who looks at tents looks at stoves most, then mats, pegs, ropes; and a long name.

    Others look at lamps.
    """
    knowledge = Knowledge()
    for number in range(60):
        others = {"stove": 1, "mat": 2, "pegs": 3, "rope": 4, LONG[:29] + "~0123456789": 1}
        seen = [name for name, every in others.items() if number % every == 0]
        goods = ("tent", *seen) if number % 2 else ("lamp",)
        knowledge.learn(
            Session(
                user_id="u", start_ms=0, end_ms=number, viewed=tuple([(name, 1) for name in goods])
            )
        )
    return Known(knowledge)


KNOWN = learned()
ASKED = Families(alike=True)


def told(rules: Rules, kind: EventType = "product.viewed") -> list[Reason]:
    effects = flow.step(flow.new_row(), an_event(kind, items=(TENT,)), a_context(rules))
    assert effects.decision is not None
    return [one for one in effects.decision.reasons if one.code == "alike_product"]


def asking(known: Known = KNOWN, families: Families = ASKED) -> Rules:
    return some_rules(FixedScorer(nothing=0.05, ten=0.20), known=known, families=families)


def test_c31_a_view_is_answered_with_what_the_same_customers_cared_for() -> None:
    found = told(asking())
    assert found[0].detail == "stove"
    assert [one.weight for one in found] == sorted([one.weight for one in found], reverse=True)
    assert all(0 < one.weight <= 1 for one in found)
    assert not {"tent", "lamp"} & {one.detail for one in found}, "neither itself nor strangers"


def test_c31_what_is_sold_out_is_not_told_and_neither_are_names_that_were_cut() -> None:
    rules = replace(asking(), stock=Stock(sold_out=frozenset({"stove"})))
    names = {one.detail for one in told(rules)}
    assert "stove" not in names
    assert names
    assert not any("~" in (name or "") for name in names)


def test_c31_it_is_told_only_where_asked_for_and_only_with_views() -> None:
    assert told(asking(families=Families())) == []
    assert told(asking(), "cart.added") == []
    assert told(asking(known=Known(Knowledge()))) == []


def test_c31_the_same_knowledge_tells_the_same() -> None:
    again = Known(Knowledge.load(KNOWN.knowledge.dump()))
    assert told(asking(known=again)) == told(asking())


def test_the_reason_has_its_sentence_in_both_languages() -> None:
    assert all(REASONS["alike_product"])
