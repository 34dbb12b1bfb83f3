"""Compares the worker with others that run the same step: in turns, medians, ratios, scaling."""

import asyncio
import os
import platform
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from types import FrameType
from typing import Any, NoReturn

from streams.benching.arena import Arena, Turn
from streams.benching.contenders import (
    CONTENDERS,
    LEARNING,
    OURS,
    Contender,
    ContenderFailedError,
    is_installed,
)
from streams.benching.shop import bench_settings, record
from streams.brokers.local import LocalKafka
from streams.brokers.quiet import quiet_client
from streams.settings import Settings

PARTITIONS = 4
SCALING_WORKERS = (1, 2, 4)
RATIOS = ("limit", "quixstreams", "plain_faust")
LOAD_RATIO = 0.5
# Workers that start together share the partitions at once, as on a broker with default settings.
BROKER = {"group.initial.rebalance.delay.ms": "3000"}

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is compared, how often, and with whose interpreter."""

    events_count: int
    seed: int
    repeats_count: int
    python: str
    full: bool = False
    contenders: Sequence[Contender] = CONTENDERS


@dataclass(slots=True)
class Shown:
    """What a contender showed in all its turns."""

    contender: Contender
    turns: list[Turn] = field(default_factory=list)
    latency_ms: dict[str, float] | None = None
    missing: str | None = None
    failed: str | None = None

    @property
    def events_per_second(self) -> float | None:
        """The median turn's pace by the clock on the wall."""
        return median(turn.events_per_second for turn in self.turns) if self.turns else None

    @property
    def events_per_cpu_second(self) -> float | None:
        """The median turn's pace by the processor time that the contender used."""
        paces = [t.events_per_cpu_second for t in self.turns if t.events_per_cpu_second]
        return median(paces) if paces else None

    def figures(self) -> dict[str, Any]:
        """Give everything as plain JSON; `spread` is the slowest and the fastest turn."""
        paces = [turn.events_per_second for turn in self.turns]
        last = self.turns[-1] if self.turns else None
        return {
            "events_per_second": _rounded(self.events_per_second),
            "events_per_cpu_second": _rounded(self.events_per_cpu_second),
            "spread": [round(min(paces)), round(max(paces))] if paces else None,
            "latency_ms": self.latency_ms,
            "same_decisions_ratio": last.same_ratio if last else None,
            "broker_cpu_us_per_event": _rounded(last.broker_cpu_us) if last else None,
            "broker_bytes_per_event": last.broker_bytes if last else None,
            "guarantees": self.contender.guarantees,
            "missing": self.missing,
            "failed": self.failed,
        }


def compare(plan: Plan, settings: Settings, say: Say) -> dict[str, Any]:
    """Run everything on a broker of its own, and give the figures as plain JSON."""
    signal.signal(signal.SIGTERM, _stop)  # or contenders would outlive this process
    fitted = bench_settings(settings, PARTITIONS)
    recorded = record(fitted, plan.events_count, plan.seed)
    with quiet_client(), LocalKafka(settings=BROKER, heap_mb=1_024, say=say) as broker:
        local = fitted.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap})
        arena = Arena(broker, local, recorded, plan.python)
        return asyncio.run(_compare(plan, arena, say))


def _stop(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


async def _compare(plan: Plan, arena: Arena, say: Say) -> dict[str, Any]:
    contenders = [*plan.contenders, *([LEARNING] if plan.full else [])]
    shown = [Shown(contender) for contender in contenders]
    for one in shown:
        if not is_installed(one.contender, plan.python):
            one.missing = f"pip install '{one.contender.install}'"
            say(f"{one.contender.name} is left out: {one.missing}")
    for number in range(plan.repeats_count):
        for one in shown:
            await _try(one, _turn(arena, one), f"round {number + 1}", say)
    for one in shown:
        await _try(one, _latency(arena, one), "latency", say)
    figures = summary(shown)
    if plan.full:
        figures["scaling"] = await _scaling(arena, plan, say)
    return figures | {"machine": machine(), "partitions": PARTITIONS}


async def _turn(arena: Arena, one: Shown) -> str:
    turn = await arena.turn(one.contender)
    one.turns.append(turn)
    return f"{turn.events_per_second:,.0f} events a second"


async def _latency(arena: Arena, one: Shown) -> str:
    pace = one.events_per_second
    if pace is None:
        return "not measured"
    one.latency_ms = await arena.latency_ms(one.contender, round(pace * LOAD_RATIO))
    return "p50 {p50} ms, p99 {p99} ms".format(**one.latency_ms)


async def _try(one: Shown, measuring: Any, what: str, say: Say) -> None:
    """Measure, unless the contender is missing or has failed; its failure is not the end."""
    if one.missing or one.failed:
        measuring.close()
        return
    try:
        say(f"{one.contender.name}, {what}: {await measuring}")
    except ContenderFailedError as failure:
        one.failed = str(failure)
        say(f"{one.contender.name}, {what}: failed: {failure}")


async def _scaling(arena: Arena, plan: Plan, say: Say) -> list[dict[str, Any]]:
    """Run 1, 2 and 4 workers over the same partitions."""
    steps = []
    for count in SCALING_WORKERS:
        one = Shown(replace(OURS, name=f"ours_x{count}", workers_count=count))
        for number in range(plan.repeats_count):
            await _try(one, _turn(arena, one), f"round {number + 1}", say)
        steps.append({"workers": count, **one.figures()})
    return steps


def summary(shown: Sequence[Shown]) -> dict[str, Any]:
    """Set ours against each of the others; None where one of the two is missing."""
    by_name = {one.contender.name: one for one in shown}
    ours = by_name[OURS.name]
    others = [name for name in by_name if name != OURS.name]
    names = [*RATIOS, *(name for name in others if name not in RATIOS)]
    wall = {n: _ratio(ours, by_name.get(n), lambda one: one.events_per_second) for n in names}
    cpu = {n: _ratio(ours, by_name.get(n), lambda one: one.events_per_cpu_second) for n in names}
    latency_ms = ours.latency_ms
    return {
        "events_per_second": _rounded(ours.events_per_second),
        "ratios": wall,
        "ratios_cpu": cpu,
        "latency_ms": latency_ms and {name: latency_ms[name] for name in ("p50", "p99")},
        "contenders": {
            name: one.figures() | {"cpu_us_over_limit": _over(one, by_name.get("limit"))}
            for name, one in by_name.items()
        },
    }


def _ratio(ours: Shown, theirs: Shown | None, pace: Callable[[Shown], float | None]) -> Any:
    above, below = pace(ours), theirs and pace(theirs)
    return round(above / below, 2) if above and below else None


def _over(one: Shown, limit: Shown | None) -> int | None:
    """Give what a contender adds to the step and the bare client, in CPU microseconds an event."""
    pace, best = one.events_per_cpu_second, limit and limit.events_per_cpu_second
    return round(1e6 / pace - 1e6 / best) if pace and best else None


def _rounded(pace: float | None) -> int | None:
    return None if pace is None else round(pace)


def machine() -> dict[str, Any]:
    """Say where this was measured."""
    return {
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
