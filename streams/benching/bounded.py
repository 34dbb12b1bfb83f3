"""What a worker keeps when customers and hostile names are many: measured, and held to its bounds.

`python -m streams.benching.bounded --users 1000000 --names 100000` feeds the messages of so many
customers, whose categories, brands, products, words, devices and codes are made to be different, to
`replay`: the step, the timers, both learners and their snapshots, without a broker. All rows stay
in memory as bytes and the newest 20,000 decoded, as in a worker with one partition. Afterwards the
same customers come again with new names: nothing may grow then.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

import click

from online_models import snapshot
from online_models.knowledge.knowledge import Knowledge
from streams import wire
from streams.app import source_of
from streams.benching.crowd import SPAN_MS, messages, messages_count
from streams.benching.shop import bench_settings
from streams.layouts import Accepted
from streams.options import json_option, print_json, print_table
from streams.partitions import SHRINK_BYTES, Partition
from streams.replay import Replay
from streams.rows import DECODED_COUNT, PARTITION_KEY
from streams.settings import Settings

PARTS_COUNT = 10
AGAIN_RATIO = 0.2
KNOWN_TIMES = 20  # snapshots of knowledge, about
# The step, its tables and the interpreter; and a decoded row as tests keep it below.
PROGRAM_BYTES = 256 * 1024**2
DECODED_BYTES = 24_000
KEY_BYTES = 400  # what a dict takes for a row besides its bytes: key, value, place, timer


class Bound(NamedTuple):
    """A figure and the most that it may be, both in bytes."""

    what: str
    found: int
    most: int


def resident_bytes() -> int:
    """Tell what the process holds of the machine's memory; 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


class Crowd:
    """A worker's partition that meets everybody, and what it then holds."""

    def __init__(self, settings: Settings, knowledge_every: int) -> None:
        changes = {"model_frozen": False, "knowledge_every": knowledge_every}
        fitted = bench_settings(settings).model_copy(update=changes)
        self._stored: dict[bytes, bytes] = {}
        self.replay = Replay(fitted)
        self.replay.partitions = [Partition(0, self._stored, source_of(fitted))]
        self.replay.learning.begin()
        self.events_count = 0

    def meet(self, coming: Iterator[Accepted]) -> None:
        """Apply messages, and learn what comes of them."""
        before = self.replay.counts.events
        self.replay.run(coming, len)
        self.events_count += self.replay.counts.events - before

    def sizes(self) -> dict[str, int]:
        """Measure everything that is kept, in bytes."""
        rows = sorted(len(row) for key, row in self._stored.items() if key != PARTITION_KEY)
        trainer = self.replay.learning.trainer
        assert trainer is not None
        written = snapshot.dump(trainer, model_id="m", model_version="1")
        kept = sum(rows) + KEY_BYTES * len(rows)
        return {
            "users": len(rows),
            "events": self.events_count,
            "row_mean": sum(rows) // len(rows),
            "row_p99": rows[len(rows) * 99 // 100],
            "row_max": rows[-1],
            "knowledge": len(wire.encode_state(self.replay.knowing.in_force.knowledge.dump())),
            "model": len(wire.encode_state(written)),
            "partition_state": len(self._stored[PARTITION_KEY]),
            "rows": kept,
            "resident": resident_bytes(),
            "beside_rows": max(0, resident_bytes() - kept),
        }

    def largest_profile(self) -> int:
        """Give the bytes of the largest profile among the largest rows."""
        rows = sorted((row for key, row in self._stored.items() if key != PARTITION_KEY), key=len)
        return max(len(wire.encode_row(wire.decode_row(row)["profile"])) for row in rows[-100:])


def bounds(sizes: Mapping[str, int], again: Mapping[str, int], profile: int) -> list[Bound]:
    """Hold what was measured after everybody came, and after they came again, to the bounds."""
    decoded = min(DECODED_COUNT, sizes["users"]) * DECODED_BYTES
    return [
        Bound("the largest row", again["row_max"], 16_384),
        Bound("a row, of 99 in 100", again["row_p99"], 4_096),
        Bound("a profile", profile, SHRINK_BYTES),
        Bound("knowledge", again["knowledge"], Knowledge.MAX_BYTES),
        Bound("a model's snapshot", again["model"], snapshot.MAX_BYTES),
        Bound("a partition's shared state", again["partition_state"], 16_384),
        Bound("resident, beside rows as bytes", again["beside_rows"], PROGRAM_BYTES + decoded),
    ]


def measure(
    users_count: int,
    names_count: int,
    seed: int,
    settings: Settings,
    on_part: Callable[[dict[str, int]], None] = lambda _: None,
) -> dict[str, Any]:
    """Let everybody come, and a part of them again with other names; gives sizes and bounds.

    Parameters
    ----------
    on_part
        Called with the sizes whenever another tenth of the customers has come.
    """
    crowd, parts = Crowd(settings, max(10, users_count // KNOWN_TIMES)), []
    coming = messages(users_count, names_count, seed)
    events_count = messages_count(users_count)
    for part in range(1, PARTS_COUNT + 1):
        crowd.meet(islice(coming, events_count // PARTS_COUNT if part < PARTS_COUNT else None))
        parts.append(crowd.sizes())
        on_part(parts[-1])
    once_more = messages(max(1, int(users_count * AGAIN_RATIO)), names_count, seed + 1, SPAN_MS)
    crowd.meet(once_more)
    again = crowd.sizes()
    on_part(again)
    found = bounds(parts[-1], again, crowd.largest_profile())
    return {
        "users": users_count,
        "names": names_count,
        "refused": dict(sorted(crowd.replay.counts.refused.items())),
        "sessions": crowd.replay.counts.sessions,
        "outcomes": crowd.replay.counts.outcomes,
        "parts": parts,
        "again": again,
        "bounds": {one.what: [one.found, one.most] for one in found},
        "broken": [one.what for one in found if one.found > one.most],
    }


@click.command()
@click.option("--users", type=click.IntRange(min=10), default=1_000_000, show_default=True)
@click.option("--names", type=click.IntRange(min=1), default=100_000, show_default=True)
@click.option("--seed", default=1, show_default=True)
@json_option
def main(users: int, names: int, seed: int, as_json: bool) -> None:
    """Measure what a worker keeps of so many customers and names.

    Exit code 1: a bound is broken.
    """

    def tell(sizes: dict[str, int]) -> None:
        click.echo("  ".join(f"{name} {size:,}" for name, size in sizes.items()), err=True)

    record = measure(users, names, seed, Settings(), tell)
    told = [(what, f"{one:,}", f"{most:,}") for what, (one, most) in record["bounds"].items()]
    print_table(("bytes of", "found", "at most"), told)
    if as_json:
        print_json(record)
    if record["broken"]:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
