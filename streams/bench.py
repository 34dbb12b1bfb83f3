"""What an event costs: the pure step by stage, on the simulated shop's events, without a broker."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, TypeVar

from coupons.ledger import Ledger
from features.events import Event
from simulation.campaigns import simulated_catalogue
from simulation.shop import Shop
from streams import flow, wire
from streams.context import Context, Effects, PartitionState, Row
from streams.learning import fresh_trainer
from streams.rules import rules_of
from streams.settings import Settings

START_MS = 1_767_225_600_000
CUSTOMERS_COUNT = 1_000
BUDGET_MINOR = 10_000_000

T = TypeVar("T")


@dataclass(slots=True)
class Stages:
    """Nanoseconds spent, by stage, one entry an event."""

    spent_ns: dict[str, list[int]] = field(default_factory=dict)

    def time(self, stage: str, work: Callable[[], T]) -> T:
        """Run `work` and book its time."""
        began_ns = time.perf_counter_ns()
        result = work()
        self.spent_ns.setdefault(stage, []).append(time.perf_counter_ns() - began_ns)
        return result

    def mean_us(self) -> dict[str, float]:
        """Give the mean by stage, in microseconds."""
        return {
            stage: round(sum(spent) / len(spent) / 1_000, 2)
            for stage, spent in self.spent_ns.items()
        }


def run(events_count: int, seed: int, settings: Settings) -> dict[str, Any]:
    """Put events through decode, step and encode, one after the other, on one core."""
    catalogue = simulated_catalogue(BUDGET_MINOR)
    shop = Shop(seed=seed, customers_count=CUSTOMERS_COUNT, catalogue=catalogue, start_ms=START_MS)
    messages = [_message(shop.next_event()) for _ in range(events_count)]
    context = Context(
        rules=rules_of(settings, catalogue, fresh_trainer(), "bench"),
        partition=PartitionState(partition=0, ledger=Ledger(partition=0, partitions=1)),
    )
    rows: dict[str, Row] = {}
    stages = Stages()
    for event, key, value in messages:
        _one(stages, rows, context, event, key, value)
    whole = [sum(parts) for parts in zip(*_even(stages.spent_ns), strict=True)]
    cuts = quantiles(whole, n=100)
    sizes = [len(wire.encode_row(row)) for row in rows.values()]
    return {
        "events": events_count,
        "events_per_second": round(1e9 * events_count / sum(whole)),
        "step_us": stages.mean_us(),
        "event_us": {"p50": round(cuts[49] / 1_000, 1), "p99": round(cuts[98] / 1_000, 1)},
        "row_bytes_mean": round(sum(sizes) / len(sizes)),
    }


def _even(spent_ns: dict[str, list[int]]) -> list[list[int]]:
    return [spent_ns[stage] for stage in ("decode", "step", "encode")]


def _message(event: Event) -> tuple[Event, bytes, bytes]:
    return event, event.user_id.encode(), wire.encode_event(event)


def _one(
    stages: Stages,
    rows: dict[str, Row],
    context: Context,
    event: Event,
    key: bytes,
    value: bytes,
) -> None:
    read = stages.time("decode", lambda: wire.decode(event.family, key, value, (), event.ts_ms))
    row = rows.setdefault(read.user_id, flow.new_row())
    effects = stages.time("step", lambda: flow.step(row, read, context))
    stages.time("encode", lambda: _encode(row, effects))


def _encode(row: Row, effects: Effects) -> None:
    wire.encode_row(row)
    if effects.decision is not None:
        wire.encode_decision(effects.decision)
    for outcome in effects.outcomes:
        wire.encode_outcome(outcome)
