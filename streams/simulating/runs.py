"""The same comparison in several worlds, one process each, and what it comes to in the median."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from typing import Any

from streams.settings import Settings
from streams.simulating import play as simulate
from streams.simulating.record import as_record
from streams.simulating.rivals import PolicyName

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One world to play, and by whom."""

    settings: Settings
    seed: int
    events_count: int
    budget_minor: int | None
    drift: bool
    policies: tuple[PolicyName, ...]


def played(asked: Asked) -> Record:
    """Play one world; the same wherever it is played."""
    world = simulate.build_world(
        asked.events_count, asked.seed, asked.budget_minor, drift=asked.drift
    )
    return as_record(simulate.run(world, asked.settings, asked.policies))


def play_all(worlds: Sequence[Asked], processes: int) -> Iterator[Record]:
    """Play worlds side by side; records come in the order in which they were asked for."""
    with get_context("spawn").Pool(min(processes, len(worlds))) as pool:
        yield from pool.imap(played, worlds)


def summary(records: Sequence[Record]) -> Record:
    """Give the median over the worlds, policy by policy, and what must hold in each of them.

    Examples
    --------
    >>> world = {"seed": 1, "events": 10, "budget_minor": 4, "overspend_minor": 0}
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
    return {
        "seeds": [record["seed"] for record in records],
        "events": records[0]["events"],
        "median": columns,
        "overspend_minor": max(record["overspend_minor"] for record in records),
        "runs": list(records),
    }


def _median(numbers: Sequence[float | None]) -> float | None:
    known = [number for number in numbers if number is not None]
    return median(known) if known else None


def _spent_ratio(record: Record, name: str) -> float | None:
    budget_minor: int = record["budget_minor"]
    spent_minor: int = record["spent_minor_by_policy"][name]
    return spent_minor / budget_minor if budget_minor else None
