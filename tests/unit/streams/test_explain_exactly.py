"""Decisions of the product itself, in the simulated shop: each repeats itself from its record."""

from functools import lru_cache

import pytest

from coupons.policy import PolicySettings
from features.actions import Action
from online_models.shapes import log_odds
from simulation.play import play
from streams import flow, wire
from streams.context import Context, Effects, Row
from streams.decisions import Decision
from streams.explaining.flips import flips_of
from streams.explaining.values import NONE, table_of
from streams.settings import Settings
from streams.simulating import worlds
from streams.simulating.closed_loop import Product
from tests.builders import FixedAnswers, a_catalogue, a_context, a_coupon, an_event, some_rules

MEAN_BYTES = 4_000


@lru_cache
def decisions() -> tuple[Decision, ...]:
    """Decisions of a shop whose budget has a price."""
    made: list[Decision] = []
    settings = Settings().model_copy(update={"snapshot_every": 250, "holdout_ratio": 0.0})
    world = worlds.build_world(3_000, 5, 1_500)
    with pytest.MonkeyPatch.context() as patch:
        whole = flow.step

        def keeping(row: Row, event: object, context: Context) -> Effects:
            effects = whole(row, event, context)  # type: ignore[arg-type]
            if effects.decision is not None and effects.decision.candidates:
                made.append(effects.decision)
            return effects

        patch.setattr(flow, "step", keeping)
        play(world.open(), Product(settings, world.catalogue, PolicySettings()), world.until_ms)
    return tuple(made)


def test_c66_every_record_repeats_its_choice_and_its_contributions_sum_to_its_score() -> None:
    weighed = [one for one in decisions() if len(one.candidates) > 1]
    assert len(weighed) > 100
    assert any(priced.price > 0 for one in weighed for priced in one.prices)
    assert any(priced.hold_price > 0 for one in weighed for priced in one.prices)
    for one in weighed:
        assert table_of(one) is not None
        assert one.scores is not None
        total = one.base_log_odds + sum(part.log_odds for part in one.contributions)
        chance = one.scores.p_buy_with
        # a chance is told to the millionth: small ones know their log-odds less exactly
        assert total == pytest.approx(log_odds(chance), abs=1e-5 + 1e-6 / (chance * (1 - chance)))


def test_every_flip_told_of_them_flips() -> None:
    told = 0
    for one in decisions()[::10]:
        table = table_of(one)
        for flip in flips_of(one):
            if table is not None and flip.kind == "chance":
                row = table.line(flip.coupon)
                told += 1
                assert flip.becomes == table.answer(
                    lambda line, row=row, flip=flip: (  # type: ignore[misc]
                        line._replace(p_buy=flip.needed) if line is row else line
                    )
                )
    assert told > 10


def test_a_coupon_raised_to_the_chance_of_a_shallower_one_says_so() -> None:
    class Falling:
        """Believes that the deeper coupon sells less."""

        def score(self, x: dict[str, float], coupons: list[Action]) -> FixedAnswers:
            return FixedAnswers(0.05, [0.3 if one.action_id == "five" else 0.2 for one in coupons])

        def is_cold(self, action: Action) -> bool:
            return False

    offers = a_catalogue(a_coupon("five", off_minor=300), a_coupon("ten", off_minor=500))
    rules = some_rules(Falling(), catalogue=offers, policy=PolicySettings(explore_ratio=1.0))
    seen = set()
    for number in range(20):
        event = an_event("cart.added", event_id=f"e{number}", user_id=f"u{number}")
        decision = flow.step(flow.new_row(), event, a_context(rules)).decision
        assert decision is not None
        if decision.offer is None:
            continue
        seen.add(decision.offer.template_id)
        raised = {part.feature: part.log_odds for part in decision.contributions}.get("order")
        wanted = log_odds(0.3) - log_odds(0.2) if decision.offer.template_id == "ten" else None
        assert raised == (None if wanted is None else pytest.approx(wanted, abs=1e-5))
    assert seen == {"five", "ten"}


def test_a_decision_stays_small() -> None:
    sizes = [len(wire.encode_decision(one)[1] or b"") for one in decisions()]
    assert sum(sizes) / len(sizes) < MEAN_BYTES
    assert NONE in {one.candidates[0].action for one in decisions()}
