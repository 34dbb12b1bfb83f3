"""What leases cost a customer's wait: workers with them and with fixed shares, in turns.

`python -m streams.benching.leasing_live --pairs 10` runs a worker on a real Kafka of its own, on
the same events at a steady rate, with a budget so small that partitions ask for money all the time,
and measures from the broker's append of an event to the reading of its decision; then one to whom
the same budget is dealt out for good. Who goes first changes with each pair.
"""

import asyncio
import re
import sys
import tempfile
from math import sqrt
from pathlib import Path
from statistics import mean, median, stdev
from typing import NamedTuple

import click

from streams.benching.arena import LATENCY_SECONDS, WARM_COUNT, Arena
from streams.benching.contenders import OURS
from streams.benching.leasing import PARTITIONS_COUNT, Side
from streams.benching.peers import BROKER, Say
from streams.benching.shop import Message, bench_settings, chunks, record
from streams.brokers.local import LocalKafka
from streams.brokers.quiet import quiet_client
from streams.options import json_option, print_json, print_table
from streams.settings import Settings

EVENTS_COUNT = 4_000
# As many as a chunk of a worker holds that has little to do.
CHUNK_COUNT = 6
SCARCE_MINOR = 20_000
Pair = dict[str, tuple[float, float]]


class Found(NamedTuple):
    """Waits in milliseconds, medians over the pairs; `more` is what leases add, on average.

    `spread_ms` is 1.96 standard errors of that.
    """

    wait: str
    fixed_ms: float
    leased_ms: float
    more_ms: float
    spread_ms: float


def scarce(settings: Settings, folder: Path) -> Settings:
    """Give settings whose catalogue has so little money that partitions ask all the time."""
    text = settings.catalogue_path.read_text("utf-8")
    path = folder / "scarce.yaml"
    budget = f"    budget: {SCARCE_MINOR / 100:.2f}"
    path.write_text(re.sub(r"(?m)^    budget: .*$", budget, text), "utf-8")
    return settings.model_copy(update={"catalogue_file": path})


def grants_count(settings: Settings, messages: list[Message]) -> int:
    """Count what the ledger grants and calls back for these events, as a run in memory has it."""
    side = Side(settings, None)
    for chunk in chunks(messages, CHUNK_COUNT):
        side.apply(chunk)
    return sum(one.heard_count for one in side.partitions)


async def measure(arenas: dict[str, Arena], rate: float, pairs_count: int, say: Say) -> list[Pair]:
    """Measure p50 and p99 of each way of dealing money out, pair by pair."""
    pairs: list[Pair] = []
    for number in range(pairs_count):
        pair: Pair = {}
        for name in sorted(arenas, reverse=bool(number % 2)):
            waited = await arenas[name].latency_ms(OURS, rate)
            pair[name] = waited["p50"], waited["p99"]
        say(f"pair {number + 1}: {pair}")
        pairs.append(pair)
    return pairs


def summed_up(pairs: list[Pair]) -> list[Found]:
    """Compare the two, pair by pair.

    Examples
    --------
    >>> pairs = [{"fixed": (50.0, 90.0), "leased": (51.0, 90.0)},
    ...          {"fixed": (52.0, 92.0), "leased": (51.0, 94.0)}]
    >>> summed_up(pairs)[1]
    Found(wait='p99', fixed_ms=91.0, leased_ms=92.0, more_ms=1.0, spread_ms=1.96)
    """
    found = []
    for place, wait in enumerate(("p50", "p99")):
        more = [pair["leased"][place] - pair["fixed"][place] for pair in pairs]
        spread_ms = 1.96 * stdev(more) / sqrt(len(more))
        middles = (median(pair[name][place] for pair in pairs) for name in ("fixed", "leased"))
        fixed_ms, leased_ms = (round(one, 1) for one in middles)
        found.append(Found(wait, fixed_ms, leased_ms, round(mean(more), 1), round(spread_ms, 2)))
    return found


@click.command()
@click.option("--pairs", "pairs_count", type=click.IntRange(min=2), default=10, show_default=True)
@click.option("--rate", type=click.FloatRange(min=1), default=100.0, show_default=True)
@click.option("--seed", default=1, show_default=True)
@json_option
def main(pairs_count: int, rate: float, seed: int, as_json: bool) -> None:
    """Compare how long decisions are waited for, with leases and with fixed shares."""

    def say(line: str) -> None:
        click.echo(line, err=True)

    # Most customers' coupons are drawn: by the model's prior hardly any would be given.
    drawn = Settings().model_copy(update={"random_ratio": 0.9, "holdout_ratio": 0.0})
    fitted = bench_settings(drawn, PARTITIONS_COUNT)
    recorded = record(fitted, EVENTS_COUNT, seed)
    with (
        tempfile.TemporaryDirectory() as folder,
        quiet_client(),
        LocalKafka(settings=BROKER, heap_mb=1_024, say=say) as broker,
    ):
        poor = scarce(fitted, Path(folder))
        local = poor.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap})
        timed_count = WARM_COUNT + int(rate * LATENCY_SECONDS)
        say(f"grants in memory: {grants_count(poor, recorded.messages[:timed_count])}")
        fixed = local.model_copy(update={"lease_ratio": 1.0})
        arenas = {
            name: Arena(broker, settings, recorded, sys.executable)
            for name, settings in (("fixed", fixed), ("leased", local))
        }
        pairs = asyncio.run(measure(arenas, rate, pairs_count, say))
    found = summed_up(pairs)
    if as_json:
        print_json({"pairs": pairs, "rate": rate, "found": [one._asdict() for one in found]})
        return
    header = ("wait", "fixed, ms", "leased", "more", "give or take")
    print_table(header, [tuple(map(str, one)) for one in found])


if __name__ == "__main__":
    main()
