"""What each family of features tells of who buys: the same labels, learned with and without it.

`python -m streams.simulating.ablation --events 100000 --seed 71` plays one world with everything in
sight and keeps its labels; then each family in turn is hidden, the model learns all labels again in
their order, and each decision is foretold before its label is seen. So the differences are between
the same decisions, and far steadier than money: `simulate --without FAMILY` tells that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import log, sqrt
from statistics import fmean, stdev
from typing import Any

import click

from features.actions import NOTHING
from online_models.outcomes import Outcome
from simulation.play import play
from streams.context import Effects
from streams.learning import fresh_trainer
from streams.options import json_option, print_json, print_table
from streams.settings import Settings
from streams.simulating.closed_loop import Product
from streams.simulating.hiding import FAMILIES, NOTHING_HIDDEN, Hidden
from streams.simulating.rivals import policy_of
from streams.simulating.worlds import build_world

WARM_RATIO = 0.2  # of the decisions, while little is learned, are not judged
Z = 1.96


class Kept(Product):
    """The product, of whose labels a copy is kept."""

    def __init__(self, *told: Any) -> None:
        self.outcomes: list[Outcome] = []
        super().__init__(*told)

    def _learn(self, effects: Effects) -> None:
        self.outcomes += effects.outcomes
        super()._learn(effects)


@dataclass(slots=True)
class Losses:
    """The log loss of each settled decision, in the order in which they settled."""

    found: list[float] = field(default_factory=list)

    @property
    def judged(self) -> list[float]:
        """Leave out those of the beginning."""
        return self.found[int(len(self.found) * WARM_RATIO) :]


def labels_of(events_count: int, seed: int, settings: Settings) -> list[Outcome]:
    """Play a world under our policy, and give every label in the order in which it was learned."""
    world = build_world(events_count, seed)
    product = Kept(settings, world.catalogue, policy_of("policy", settings, None))
    play(world.open(), product, world.until_ms)
    return product.outcomes


def losses(outcomes: Iterable[Outcome], hidden: Hidden) -> Losses:
    """Foretell each decision when it is made, then learn; judge it when it settles."""
    trainer, told, found = fresh_trainer(), dict[str, float](), Losses()
    for offset, seen in enumerate(outcomes):
        outcome = hidden.outcome(seen)
        if outcome.state == "opened":
            coupons = [] if outcome.action == NOTHING else [outcome.action]
            answers = trainer.model.score(outcome.x, coupons)
            told[outcome.decision_id] = answers.expected(0 if coupons else None)
        elif outcome.state == "settled" and outcome.decision_id in told:
            p = told.pop(outcome.decision_id)
            found.found.append(-log(p) if outcome.y else -log(1.0 - p))
        trainer.learn(outcome, offset)
    return found


def gain(full: Sequence[float], without: Sequence[float]) -> tuple[float, float]:
    """Give by how much the log loss is lower with all features, and 1.96 standard errors of it.

    Examples
    --------
    >>> gain([0.1, 0.2, 0.3], [0.2, 0.3, 0.4])
    (0.1, 0.0)
    """
    differences = [round(other - own, 12) for own, other in zip(full, without, strict=True)]
    error = stdev(differences) / sqrt(len(differences))
    return round(fmean(differences), 6), round(Z * error, 6)


@click.command()
@click.option("--events", "events_count", type=click.IntRange(1_000), default=100_000)
@click.option("--seed", default=1, show_default=True, help="Names the world.")
@json_option
def main(events_count: int, seed: int, as_json: bool) -> None:
    """Tell by how much each family of features makes purchases easier to foretell."""
    outcomes = labels_of(events_count, seed, Settings(snapshot_every=250))
    full = losses(outcomes, NOTHING_HIDDEN).judged
    gains = {one: gain(full, losses(outcomes, Hidden.of([one])).judged) for one in FAMILIES}
    record = {
        "events": events_count,
        "seed": seed,
        "decisions": len(full),
        "log_loss": round(fmean(full), 6),
        "gain": {family: list(found) for family, found in gains.items()},
    }
    told = [(one, f"{found:+.5f}", f"{error:.5f}") for one, (found, error) in gains.items()]
    print_table((f"family ({len(full):,} decisions)", "lower log loss", "+-"), told)
    if as_json:
        print_json(record)


if __name__ == "__main__":
    main()
