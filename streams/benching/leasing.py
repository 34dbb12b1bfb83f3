"""What leases cost the step: the same chunks with them and with fixed shares, in pairs.

`python -m streams.benching.leasing --events 40000` puts the same events of the simulated shop
through two sets of partitions, chunk by chunk and in turns, and compares the processor time that
applying them took; once with all the money that the catalogue has, and once with so little that
partitions ask all the time.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev
from typing import Any

import click

from streams.app import source_of
from streams.benching.shop import Message, bench_settings, chunks, record
from streams.context import Rules
from streams.emission import Emission, SourceRecord
from streams.layouts import Accepted
from streams.options import json_option, print_json, print_table
from streams.partitions import Partition
from streams.replay import Replay
from streams.settings import Settings
from streams.simulating.other_rules import with_budget

PARTITIONS_COUNT = 4
CHUNK_COUNT = 400
WARM_COUNT = 5  # chunks whose time is not counted
SCARCE_MINOR = 200_000


class Timed(Partition):
    """A partition that knows how long its chunks took, and how long hearing of grants."""

    spent_ns = 0
    heard_ns = 0
    heard_count = 0

    def apply(self, records: Iterable[tuple[str, SourceRecord]], rules: Rules) -> Emission:
        """Apply records as the worker does; those of the ledger are booked apart."""
        found = list(records)
        began_ns = time.thread_time_ns()
        emission = super().apply(found, rules)
        spent_ns = time.thread_time_ns() - began_ns
        if found and self.source.families[found[0][0]] == "grants":
            self.heard_ns += spent_ns
            self.heard_count += len(found)
        else:
            self.spent_ns += spent_ns
        return emission


class Side:
    """One way of dealing money out, and what it took so far."""

    def __init__(self, settings: Settings, budget_minor: int | None) -> None:
        self.replay = Replay(settings)
        if budget_minor is not None:
            self.replay.catalogue = with_budget(self.replay.catalogue, budget_minor)
        source = source_of(settings)
        self.partitions = [Timed(number, {}, source) for number in range(settings.partitions)]
        self.replay.partitions[:] = self.partitions
        self.chunks_ns: list[int] = []

    def apply(self, chunk: list[Message]) -> None:
        """Apply a chunk, and note how long it took."""
        before_ns = sum(one.spent_ns for one in self.partitions)
        self.replay.run(map(accepted, chunk), len)
        self.chunks_ns.append(sum(one.spent_ns for one in self.partitions) - before_ns)


def accepted(message: Message) -> Accepted:
    """Give a message as the replay reads it from a file."""
    return Accepted(
        line_number=0,
        family=message.family,
        key=message.key,
        value=message.value,
        ts_ms=message.ts_ms,
        headers=(),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one comparison found; `more_ratio` is what leases add, between the two bounds."""

    money: str
    fixed_us: float
    leased_us: float
    more_ratio: float
    least_ratio: float
    most_ratio: float
    grants_count: int
    grant_us: float


def compare(
    settings: Settings, messages: list[Message], money: str, budget_minor: int | None
) -> Found:
    """Apply the same chunks with fixed shares and with leases, in turns."""
    fixed = Side(settings.model_copy(update={"lease_ratio": 1.0}), budget_minor)
    leased = Side(settings, budget_minor)
    for number, chunk in enumerate(chunks(messages, CHUNK_COUNT)):
        for side in (fixed, leased) if number % 2 else (leased, fixed):
            side.apply(chunk)
    fixed_ns, leased_ns = fixed.chunks_ns[WARM_COUNT:], leased.chunks_ns[WARM_COUNT:]
    ratios = [more / less for more, less in zip(leased_ns, fixed_ns, strict=True)]
    spread = 1.96 * stdev(ratios) / sqrt(len(ratios))
    heard_count = sum(one.heard_count for one in leased.partitions)
    heard_ns = sum(one.heard_ns for one in leased.partitions)
    return Found(
        money=money,
        fixed_us=round(mean(fixed_ns) / CHUNK_COUNT / 1_000, 2),
        leased_us=round(mean(leased_ns) / CHUNK_COUNT / 1_000, 2),
        more_ratio=round(mean(ratios) - 1, 4),
        least_ratio=round(mean(ratios) - 1 - spread, 4),
        most_ratio=round(mean(ratios) - 1 + spread, 4),
        grants_count=heard_count,
        grant_us=round(heard_ns / max(1, heard_count) / 1_000, 1),
    )


@click.command()
@click.option("--events", "events_count", type=click.IntRange(min=4_000), default=40_000)
@click.option("--seed", default=1, show_default=True)
@json_option
def main(events_count: int, seed: int, as_json: bool) -> None:
    """Compare what applying chunks takes, with leases and with fixed shares."""
    settings = bench_settings(Settings(), PARTITIONS_COUNT)
    messages = record(settings, events_count - events_count % CHUNK_COUNT, seed).messages
    found = [
        compare(settings, messages, "enough", None),
        compare(settings, messages, "scarce", SCARCE_MINOR),
    ]
    if as_json:
        told: list[dict[str, Any]] = [
            {name: getattr(one, name) for name in one.__dataclass_fields__} for one in found
        ]
        print_json({"events": len(messages), "seed": seed, "found": told})
        return
    header = ("money", "fixed, us an event", "leased", "more", "95 %", "grants", "us a grant")
    rows = [
        (
            one.money,
            str(one.fixed_us),
            str(one.leased_us),
            f"{one.more_ratio:+.2%}",
            f"{one.least_ratio:+.2%} to {one.most_ratio:+.2%}",
            str(one.grants_count),
            str(one.grant_us),
        )
        for one in found
    ]
    print_table(header, rows)


if __name__ == "__main__":
    main()
