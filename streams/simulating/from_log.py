"""A log that was decided, decided once more under other rules beside it, and what differs in money.

The events are facts and stay as they are: a customer who would have been given something else does
what they did. So only what was decided differs, and what that promised; what it would have earned
is estimated by `streams.simulating.support`, as far as the log can tell.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from online_models.outcomes import Outcome
from streams import wire
from streams.app import source_of
from streams.context import Rules
from streams.decisions import Decision
from streams.emission import Emission, SourceRecord
from streams.lending_at_once import LendingAtOnce
from streams.partitions import Partition
from streams.settings import Settings
from streams.simulating.other_rules import Change
from streams.simulating.support import estimate, is_choice
from streams.topics import inbound_name

Records = Sequence[tuple[str, SourceRecord]]


@dataclass(slots=True)
class Side:
    """What was decided under one set of rules.

    Attributes
    ----------
    promised_minor
        What the budgets had to hold for offers: the most that they can cost.
    expected_cost_minor, expected_profit_minor
        What the model expected: discounts of buyers, and margin over giving nothing.
    """

    actions: Counter[str] = field(default_factory=Counter)
    offers: Counter[str] = field(default_factory=Counter)
    promised_minor: int = 0
    expected_cost_minor: float = 0.0
    expected_profit_minor: float = 0.0

    def add(self, one: Decision) -> None:
        """Count a decision in."""
        self.actions[one.action] += 1
        if one.offer is None or one.scores is None:
            return
        self.offers[one.offer.template_id] += 1
        self.promised_minor += one.budget.charged_minor if one.budget is not None else 0
        row = next(row for row in one.candidates if row.action == one.offer.template_id)
        basket_minor, p_without = one.margin_minor or 0.0, one.scores.p_buy_without
        self.expected_cost_minor += row.p_buy * row.discount_minor
        kept_minor = row.p_buy * (basket_minor - row.discount_minor)
        self.expected_profit_minor += kept_minor - p_without * basket_minor

    def told(self) -> dict[str, Any]:
        """Give all figures as plain JSON, money in minor units."""
        return {
            "decisions": self.actions.total(),
            "actions": dict(sorted(self.actions.items())),
            "offers": self.offers.total(),
            "offers_by_coupon": dict(sorted(self.offers.items())),
            "promised_minor": self.promised_minor,
            "expected_cost_minor": round(self.expected_cost_minor),
            "expected_profit_minor": round(self.expected_profit_minor),
        }


class WhatIf:
    """Partitions of its own that take every chunk after the decided ones did.

    Nothing of it is written anywhere, and nothing reaches the rows or the models of the run that it
    watches: both are asked with the same models and the same knowledge. Money is lent anew, for
    what another policy or budget asks for, and at once: grants of the log answer other asks.
    """

    def __init__(self, settings: Settings, change: Change) -> None:
        source = source_of(settings)
        self._change = change
        self._partitions = [Partition(n, {}, source) for n in range(settings.partitions)]
        self._grants = inbound_name("grants", settings.topic_prefix)
        self._ledger: LendingAtOnce | None = None
        self._changed: tuple[Rules, Rules] | None = None
        self.decided, self.other = Side(), Side()
        self.moves: Counter[str] = Counter()
        self._asked: dict[str, tuple[Decision, Decision | None]] = {}
        self._outcomes: list[Outcome] = []

    def watch(self, number: int, records: Records, rules: Rules, emission: Emission) -> None:
        """Decide what a partition has just decided, under the other rules."""
        changed = self._rules(rules)
        if self._ledger is None:
            self._ledger = LendingAtOnce(self._partitions, self._grants, changed)
        events = [(topic, record) for topic, record in records if topic != self._grants]
        answered = self._partitions[number].apply(events, changed)
        self._ledger.lend(answered.asks, changed)
        made = _decisions(answered)
        for one in _decisions(emission).values():
            self.decided.add(one)
            other = made.pop(one.decision_id, None)
            self.moves[_move(one, other)] += 1
            if is_choice(one) and one.experiment.variant == "policy":
                self._asked[one.decision_id] = one, other
            if other is not None:
                self.other.add(other)
        for extra in made.values():
            self.other.add(extra)
        outcomes = (wire.decode_outcome(value or b"") for _, value, _ in emission.outcomes)
        self._outcomes += [one for one in outcomes if one.arm == "policy"]

    def told(self, partitions: Sequence[Partition]) -> dict[str, Any]:
        """Give what differs, as plain JSON; `partitions` are those of the run that was watched."""
        decided = {**self.decided.told(), **_money(partitions)}
        other = {**self.other.told(), **_money(self._partitions)}
        numbers = [name for name, value in decided.items() if isinstance(value, int)]
        return {
            "decided": decided,
            "what_if": other,
            "difference": {name: other[name] - decided[name] for name in numbers},
            "offers_compared": {
                name: self.moves[name] for name in ("same", "other_coupon", "dropped", "added")
            },
            "estimate": estimate(self._asked, self._outcomes),
        }

    def _rules(self, rules: Rules) -> Rules:
        """Give the changed rules; those of the last chunk are mostly those of the next."""
        if self._changed is None or self._changed[0] is not rules:
            self._changed = rules, self._change.rules_after(rules)
        return self._changed[1]


def _decisions(emission: Emission) -> dict[str, Decision]:
    found = (wire.decode_decision(value or b"") for _, value, _ in emission.decisions)
    return {one.decision_id: one for one in found}


def _move(one: Decision, other: Decision | None) -> str:
    then = one.offer.template_id if one.offer is not None else None
    now = other.offer.template_id if other is not None and other.offer is not None else None
    if then == now:
        return "same" if then is not None else "neither"
    if then is None:
        return "added"
    return "dropped" if now is None else "other_coupon"


def _money(partitions: Sequence[Partition]) -> dict[str, Any]:
    """Tell where the budgets stood at the end of the log."""
    held, spent = 0, 0
    for partition in partitions:
        ledger = partition.state.ledger
        held += sum(ledger.held_minor(name) for name in ledger.prices())
        spent += sum(ledger.spent_minor(name) for name in ledger.prices())
    return {"held_minor": held, "spent_minor": spent}
