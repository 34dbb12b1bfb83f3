"""Counts with noise: of the right size, exact, and refused when the budget is spent (C64)."""

import json
from collections import Counter
from decimal import Decimal
from fractions import Fraction
from math import exp
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import Event, Item
from online_models.noise import discrete_laplace
from streams import wire
from streams.cli import cli
from streams.insights.private import (
    MOST_MOVED,
    NAMES,
    EpsilonLedger,
    PrivacyError,
    count_customers,
    release,
)
from tests.builders import NOON_MS, an_event

GOODS = (Item(product_id="p", category="phones"), Item(product_id="q", category="dresses"))
KINDS = ("product.viewed", "search.performed", "cart.added", "order.completed", "coupon.viewed")
histories = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(GOODS)), max_size=12)


def events(history: list[tuple[str, Item]], user_id: str) -> list[Event]:
    return [
        an_event(kind, at_ms=NOON_MS + at, user_id=user_id, items=(item,))
        for at, (kind, item) in enumerate(history)
    ]


@settings(max_examples=40, deadline=None)
@given(others=histories, one=histories)
def test_c64_one_customer_moves_the_counts_by_no_more_than_the_noise_is_made_for(
    others: list[tuple[str, Item]], one: list[tuple[str, Item]]
) -> None:
    without = count_customers(events(others, "bob"))
    with_one = count_customers([*events(one, "ann"), *events(others, "bob")])
    assert without.keys() == with_one.keys() == set(NAMES)
    moved = sum(abs(with_one[name] - without[name]) for name in NAMES)
    assert moved <= MOST_MOVED


@pytest.mark.parametrize("decay", [Fraction(1, 2), Fraction(3, 2)])
def test_c64_the_noise_has_the_discrete_laplace_distribution(decay: Fraction) -> None:
    dice, tries = Random(64), 2_500
    drawn = Counter(discrete_laplace(decay, dice) for _ in range(tries))
    alpha = exp(-decay)
    for value in range(-3, 4):
        share = (1 - alpha) / (1 + alpha) * alpha ** abs(value)
        assert drawn[value] / tries == pytest.approx(share, abs=4 * (share / tries) ** 0.5)


def test_c64_half_the_epsilon_is_twice_the_noise() -> None:
    def spread(epsilon: str) -> float:
        dice, decay = Random(7), Fraction(Decimal(epsilon)) / MOST_MOVED
        return sum(abs(discrete_laplace(decay, dice)) for _ in range(600)) / 600

    assert spread("0.5") == pytest.approx(MOST_MOVED / 0.5, rel=0.15)
    assert spread("1") == pytest.approx(MOST_MOVED / 1, rel=0.15)


def test_c64_releases_add_up_until_the_budget_is_spent_and_then_nothing_is_told(
    tmp_path: Path,
) -> None:
    path, counts = tmp_path / "epsilon.json", dict.fromkeys(NAMES, 100)
    first = release(counts, Decimal("0.6"), EpsilonLedger(path, Decimal(1)), Random(1))
    assert (first["epsilon_spent"], first["epsilon_left"]) == ("0.6", "0.4")
    # A larger budget that is asked for later does not replace the one that was set.
    again = EpsilonLedger(path, Decimal(99))
    with pytest.raises(PrivacyError, match=r"epsilon must be at most 0\.4, what is left, was 0\.5"):
        release(counts, Decimal("0.5"), again, Random(1))
    assert release(counts, Decimal("0.4"), again, Random(1))["epsilon_left"] == "0.0"
    with pytest.raises(PrivacyError):
        EpsilonLedger(path, Decimal(1)).spend(Decimal("0.0001"))


@pytest.mark.parametrize("epsilon", ["0", "-1", "NaN", "Infinity"])
def test_c64_what_is_no_epsilon_is_refused(tmp_path: Path, epsilon: str) -> None:
    with pytest.raises(PrivacyError, match="epsilon must be positive"):
        EpsilonLedger(tmp_path / "e", Decimal(1)).spend(Decimal(epsilon))


@pytest.mark.parametrize("content", ["", "{}", '{"format":2}', '{"format":1,"budget":"x"}'])
def test_c64_a_ledger_that_cannot_be_read_stops_every_release(tmp_path: Path, content: str) -> None:
    path = tmp_path / "epsilon.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(PrivacyError):
        EpsilonLedger(path, Decimal(1))


def test_c64_two_releases_at_once_cannot_spend_the_same(tmp_path: Path) -> None:
    path = tmp_path / "epsilon.json"
    one, other = EpsilonLedger(path, Decimal(1)), EpsilonLedger(path, Decimal(1))
    one.spend(Decimal("0.7"))
    with pytest.raises(PrivacyError, match=r"at most 0\.3"):
        other.spend(Decimal("0.7"))
    path.with_name("epsilon.json.lock").touch()
    with pytest.raises(PrivacyError, match="must be gone before a release"):
        one.spend(Decimal("0.1"))


def test_c64_the_command_tells_noisy_counts_only_and_stops_when_the_budget_is_spent(
    tmp_path: Path,
) -> None:
    path, ledger = tmp_path / "shop.ndjson", tmp_path / "epsilon.json"
    told = [line for n in range(30) for line in events([(KINDS[0], GOODS[0])], f"u{n}")]
    path.write_bytes(b"".join(wire.encode_event(event) + b"\n" for event in told))
    arguments = ["insights", str(path), "--format", "native", "--private", str(ledger), "--json"]
    first = CliRunner().invoke(cli, [*arguments, "--epsilon", "0.9"])
    assert first.exit_code == 0, first.output
    record = json.loads(first.stdout.splitlines()[-1])
    assert record["counts"].keys() == set(NAMES)
    assert record["epsilon_left"] == "0.1"
    second = CliRunner().invoke(cli, [*arguments, "--epsilon", "0.9"])
    assert second.exit_code == 2
    assert "epsilon must be at most 0.1" in second.output
    assert "customers who" not in second.output
