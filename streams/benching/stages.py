"""What an event costs: the pure step by stage, on the simulated shop's events, without a broker.

A stage is timed over a chunk at a time, as a worker runs it, so that reading the clock costs
nothing; only the spread of whole events is timed one by one. The clock is the thread's own
processor time: what else the machine does shows as little as it can.
"""

import gc
import time
import tracemalloc
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any

from coupons.catalogue import Catalogue
from features import profile as profiles
from features.events import Event
from online_models.outcomes import Outcome
from streams import flow, wire
from streams.benching import families
from streams.benching.choice import Choosing, bench_catalogue
from streams.benching.shop import (
    Decider,
    Message,
    Recording,
    applied,
    bench_settings,
    chunks,
    record,
)
from streams.benching.trainer import time_catching_up, time_learning
from streams.context import Effects, Row
from streams.settings import Settings
from streams.stopwatch import Stopwatch

CHUNK_COUNT = 500
LEARNED_COUNT = 5_000
CANDIDATE_COUNTS = (10, 20)
TRACED_CUSTOMERS_COUNT = 50
TRACED_EVENTS_COUNT = 1_000


@dataclass(slots=True)
class Brought:
    """What the events brought about; only so many outcomes are kept as learning is timed on.

    More would fill the memory, and collecting garbage would count for the stages.
    """

    points_count: int = 0
    outcomes_count: int = 0
    outcomes: list[Outcome] = field(default_factory=list)

    def take(self, told: list[Effects]) -> None:
        """Count a chunk's effects."""
        for effects in told:
            decision = effects.decision
            self.points_count += decision is not None and decision.action != "suppressed"
            self.outcomes_count += len(effects.outcomes)
            if len(self.outcomes) < LEARNED_COUNT:
                self.outcomes += effects.outcomes


def run(events_count: int, seed: int, settings: Settings) -> dict[str, Any]:
    """Measure the step on one core: by stage, as a whole, and what a user's row takes.

    `step_us` gives microseconds a call: `decode`, `step`, `encode` and `whole` are called for each
    event; `update` is too, inside the step; `vector`, `score_N` and `choose` only at the decision
    points, whose share of all events is `decision_points_ratio`. `learn` is what the one trainer of
    all partitions does with each outcome, of which there are `outcomes_per_event`.

    `scoring_us` is what scoring 20 candidates takes, and `scoring_share_ratio` its part of all the
    time that events take. `catch_up` is an outcome on its whole way through a trainer that is
    behind: decoded, learned by the league, judged, learned by the model, snapshots written; of
    which `catch_up_per_second` fit into a second. `knowledge_us` is what using knowledge adds to an
    event, by family (see `streams.benching.families`).
    """
    fitted = bench_settings(settings)
    messages = record(fitted, events_count, seed).messages
    watch = Stopwatch()
    rows, brought = _time_chunks(watch, Decider(fitted), messages)
    time_learning(watch, brought.outcomes)
    time_catching_up(watch, brought.outcomes, fitted)
    _time_parts(watch, Decider(fitted), messages)
    whole_ns = _time_events(Decider(fitted), messages)
    known = families.cost(fitted, messages)
    cuts = quantiles(whole_ns, n=100)
    sizes = [len(wire.encode_row(row)) for row in rows.values()]
    mean_ns = sum(whole_ns) / events_count
    means_us = watch.mean_us()
    points_ratio = brought.points_count / events_count
    return {
        "events": events_count,
        "events_per_second": round(1e9 / mean_ns),
        "step_us": {**means_us, "whole": round(mean_ns / 1_000, 2)},
        "scoring_us": means_us["score_20"],
        "scoring_share_ratio": round(means_us["score_20"] * points_ratio * 1_000 / mean_ns, 3),
        "catch_up_per_second": round(1e6 / means_us["catch_up"]),
        "event_us": {"p50": round(cuts[49] / 1_000, 1), "p99": round(cuts[98] / 1_000, 1)},
        "decision_points_ratio": round(points_ratio, 3),
        "outcomes_per_event": round(brought.outcomes_count / events_count, 3),
        "knowledge_us": known,
        "row_bytes_mean": round(sum(sizes) / len(sizes)),
        "memory_per_user_bytes": memory_per_user(fitted, seed),
    }


def _time_chunks(
    watch: Stopwatch, decider: Decider, messages: list[Message]
) -> tuple[dict[bytes, Row], Brought]:
    """Decode, step and encode chunk by chunk; gives the rows, and what came of the events."""
    rows: dict[bytes, Row] = {}
    brought = Brought()
    for chunk in chunks(messages, CHUNK_COUNT):
        told = applied(decider, rows, chunk, watch, "step")
        changed = [rows[key] for key in {one.key: None for one in chunk}]
        began_ns = time.thread_time_ns()
        _encode(told, changed)
        watch.add("encode", began_ns, len(chunk))
        brought.take(told)
    return rows, brought


def _encode(told: list[Effects], changed: list[Row]) -> None:
    """Encode all that a worker publishes of a chunk: each changed row once."""
    for effects in told:
        if effects.decision is not None:
            wire.encode_decision(effects.decision)
        for outcome in effects.outcomes:
            wire.encode_outcome(outcome)
    for row in changed:
        wire.encode_row(row)


def _time_parts(watch: Stopwatch, decider: Decider, messages: list[Message]) -> None:
    """Time what the step is made of, on profiles of its own."""
    profile_of: dict[str, profiles.Profile] = {}
    catalogues = {count: bench_catalogue(count) for count in CANDIDATE_COUNTS}
    for chunk in chunks(messages, CHUNK_COUNT):
        events = [decider.read(one.family, one.key, one.value, one.ts_ms) for one in chunk]
        for event in events:
            if event.user_id not in profile_of:
                profile_of[event.user_id] = profiles.empty()
        began_ns = time.thread_time_ns()
        for event in events:
            profiles.update(profile_of[event.user_id], event)
        watch.add("update", began_ns, len(events))
        asking = [event for event in events if event.event_type in decider.rules.triggers]
        _time_choices(watch, decider, asking, profile_of, catalogues)


def _time_choices(
    watch: Stopwatch,
    decider: Decider,
    asking: list[Event],
    profile_of: dict[str, profiles.Profile],
    catalogues: dict[int, Catalogue],
) -> None:
    choosing = Choosing(decider.rules)
    began_ns = time.thread_time_ns()
    known = [choosing.vector(profile_of[event.user_id], event) for event in asking]
    watch.add("vector", began_ns, len(asking))
    for count, catalogue in catalogues.items():
        offers = [choosing.candidates(catalogue, event) for event in asking]
        began_ns = time.thread_time_ns()
        scores = [choosing.score(x, found) for x, found in zip(known, offers, strict=True)]
        watch.add(f"score_{count}", began_ns, len(asking))
    began_ns = time.thread_time_ns()
    for event, found, answers in zip(asking, offers, scores, strict=True):
        choosing.choose(event, found, answers)
    watch.add("choose", began_ns, len(asking))


def _time_events(decider: Decider, messages: list[Message]) -> list[int]:
    """Time whole events one by one: decode, step, and encode decision and row."""
    rows: dict[bytes, Row] = {}
    spent_ns: list[int] = []
    clock = time.thread_time_ns
    for one in messages:
        began_ns = clock()
        event = decider.read(one.family, one.key, one.value, one.ts_ms)
        row = rows.get(one.key)
        if row is None:
            row = rows[one.key] = flow.new_row()
        decider.answer(row, event, one.key)
        wire.encode_row(row)
        spent_ns.append(clock() - began_ns)
    return spent_ns


def memory_per_user(settings: Settings, seed: int) -> int:
    """Count the bytes that Python frees when the rows of a shop are let go, by user.

    This is the row as a worker holds it, decoded and live; its record in Kafka is smaller. Objects
    that rows share with one another count once.
    """
    tracemalloc.start()
    try:
        recording = Recording(settings, seed, TRACED_CUSTOMERS_COUNT)
        recording.take(TRACED_EVENTS_COUNT)
        users_count = len(recording.rows)
        gc.collect()
        held_bytes = tracemalloc.get_traced_memory()[0]
        recording.rows.clear()
        gc.collect()
        return round((held_bytes - tracemalloc.get_traced_memory()[0]) / users_count)
    finally:
        tracemalloc.stop()
