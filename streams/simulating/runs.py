"""The same comparison in several worlds, one process each, and what it comes to in the median."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from typing import Any

from streams.settings import Settings
from streams.simulating.drifting import recovery
from streams.simulating.hiding import Hidden
from streams.simulating.play import run
from streams.simulating.record import as_record
from streams.simulating.report import Report
from streams.simulating.rivals import PolicyName
from streams.simulating.worlds import build_world

Record = dict[str, Any]
# The settings that a simulated run depends on.
DECIDING = frozenset(
    {
        "app_id",
        "decision_spacing_ms",
        "experiment_salt",
        "exploration_ratio",
        "business_as_usual_ratio",
        "habit_pause",
        "holdout_ratio",
        "horizon_ms",
        "knowledge_every",
        "lease_ratio",
        "margin_ratio",
        "model_frozen",
        "pacing_horizon_ms",
        "promise_ratio",
        "random_ratio",
        "risk_limit_ratio",
        "segments",
        "sessions",
        "snapshot_every",
        "stock_gate",
        "triggers",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One world to play, and by whom."""

    settings: Settings
    seed: int
    events_count: int
    budget_minor: int | None
    drift: bool
    policies: tuple[PolicyName, ...]
    farmers_ratio: float = 0.0
    without: tuple[str, ...] = ()
    stock_outs: bool = False

    @property
    def key(self) -> Record:
        """What a record must say to be the answer: the world, the policies, changed settings."""
        changed = self.settings.model_dump(mode="json", exclude_defaults=True)
        return {
            "seed": self.seed,
            "events": self.events_count,
            "budget_asked_minor": self.budget_minor,
            "drift": self.drift,
            "farmers_ratio": self.farmers_ratio,
            "stock_outs": self.stock_outs,
            "policies": list(self.policies),
            "without": sorted(self.without),
            "settings": {name: changed[name] for name in sorted(changed) if name in DECIDING},
        }

    def play(
        self, on_policy: Callable[[PolicyName], Callable[[], None] | None] = lambda _: None
    ) -> Report:
        """Play it."""
        world = build_world(
            self.events_count,
            self.seed,
            self.budget_minor,
            drift=self.drift,
            farmers_ratio=self.farmers_ratio,
            stock_outs=self.stock_outs,
        )
        hidden = Hidden.of(self.without)
        return run(world, self.settings, self.policies, on_policy, hidden)


def played(asked: Asked) -> Record:
    """Play one world; the same wherever it is played."""
    return asked.key | as_record(asked.play())


def play_all(
    worlds: Sequence[Asked], processes: int, finished: Sequence[Record] = ()
) -> Iterator[tuple[Record, bool]]:
    """Play worlds side by side; records come as they are done, True beside one that is new.

    Parameters
    ----------
    finished
        Records of worlds that were played before; what they answer is not played again.
    """
    left = []
    for asked in worlds:
        known = next((record for record in finished if asked.key.items() <= record.items()), None)
        if known is None:
            left.append(asked)
        else:
            yield known, False
    if left:
        with get_context("spawn").Pool(min(processes, len(left))) as pool:
            for record in pool.imap_unordered(played, left):
                yield record, True


def summary(records: Sequence[Record]) -> Record:
    """Give the median over the worlds, policy by policy, and what must hold in each of them.

    Examples
    --------
    >>> world = {"seed": 1, "events": 10, "budget_minor": 4, "overspend_minor": 0, "drift": False}
    >>> figures = {
    ...     "incremental_profit_minor": {"policy": 5},
    ...     "share_of_oracle": {"policy": 0.5},
    ...     "share_after_first_fifth": {"policy": 0.6},
    ...     "share_after_first_fifth_in_arm": {"policy": None},
    ...     "spent_minor_by_policy": {"policy": 3},
    ... }
    >>> told = summary([world | figures, world | figures | {"seed": 2}])
    >>> told["seeds"], told["median"]["share_after_first_fifth"], told["median"]["spent_ratio"]
    ([1, 2], {'policy': 0.6}, {'policy': 0.75})
    """
    shares = ("share_of_oracle", "share_after_first_fifth", "share_after_first_fifth_in_arm")
    names = list(records[0]["incremental_profit_minor"])
    columns = {
        key: {name: _median([record[key][name] for record in records]) for name in names}
        for key in ("incremental_profit_minor", *shares)
    }
    columns["spent_ratio"] = {
        name: _median([_spent_ratio(record, name) for record in records]) for name in names
    }
    records = sorted(records, key=lambda record: record["seed"])
    farmed = [record["farmers"] for record in records if record.get("farmers")]
    return {
        "seeds": [record["seed"] for record in records],
        "events": records[0]["events"],
        "median": columns,
        "farmers": _summed(farmed) if farmed else None,
        "drift": recovery(records),
        "overspend_minor": max(record["overspend_minor"] for record in records),
        "runs": list(records),
    }


def _summed(farmed: Sequence[Record]) -> Record:
    """Add up over the worlds: a ratio of sums is steadier than one of medians."""
    columns = ("coupons_minor", "waste_minor", "honest_profit_minor")
    return {"count": sum(one["count"] for one in farmed)} | {
        key: {name: sum(one[key][name] for one in farmed) for name in farmed[0][key]}
        for key in columns
    }


def _median(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return median(known) if known else None


def _spent_ratio(record: Record, name: str) -> float | None:
    budget_minor: int = record["budget_minor"]
    spent_minor: int = record["spent_minor_by_policy"][name]
    return spent_minor / budget_minor if budget_minor else None
