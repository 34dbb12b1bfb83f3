"""`docs/capacity.md`: what an installation needs, multiplied from what was measured.

`python -m streams.benching.capacity docs/benchmarks/latest.json docs/capacity.md` writes it.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

from streams import wire
from streams.rows import DECODED_COUNT
from streams.settings import DAY_MS, Settings
from streams.topics import specs

# Peak events a second, customers. A day is taken as eight hours of the peak.
SIZES = ((100, 100_000), (1_000, 1_000_000), (10_000, 10_000_000), (100_000, 100_000_000))
PEAK_HOURS = 8
USED_RATIO = 0.7
PARTITIONS_PER_WORKER = 3
LEAST_PARTITIONS = 12
COPIES = 3
# From docs/certificate.md: P12 (most memory of a worker with few customers), P18 (recovery).
WORKER_BYTES = 228 * 1024**2
ROWS_PER_SECOND = 71_105


@dataclass(frozen=True, slots=True)
class Costs:
    """What one event and one customer cost, as `bench` measured it."""

    events_per_cpu_second: float
    broker_us: float
    learn_us: float
    outcomes_ratio: float
    row_bytes: float
    decoded_bytes: float
    topic_bytes: Mapping[str, float]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> "Costs":
        """Take the costs from the record of a `bench --peers` run."""
        ours = record["contenders"]["ours"]
        return cls(
            events_per_cpu_second=ours["events_per_cpu_second"],
            broker_us=ours["broker_cpu_us_per_event"],
            learn_us=record["step_us"]["learn"],
            outcomes_ratio=record["outcomes_per_event"],
            row_bytes=record["row_bytes_mean"],
            decoded_bytes=record["memory_per_user_bytes"],
            topic_bytes=ours["broker_bytes_per_event"],
        )

    @property
    def written_bytes(self) -> float:
        """What one event makes a broker write, one copy."""
        return sum(self.topic_bytes.values())

    def kept_bytes(self, events_per_day: float, customers: int) -> float:
        """Sum what stands on the brokers' disks, one copy: logs by their retention, and rows."""
        days = {spec.name: (spec.retention_ms or 0) / DAY_MS for spec in specs(_DEFAULTS)}
        logs = (each * days.get(topic, 0) for topic, each in self.topic_bytes.items())
        # A compacted topic holds up to as much again that is not compacted yet.
        return events_per_day * sum(logs) + 2 * customers * self.row_bytes


_DEFAULTS = Settings.model_construct()


def workers(costs: Costs, events_per_second: float) -> int:
    """Count the workers, each on a core of which `USED_RATIO` is used at the peak."""
    return max(2, ceil(events_per_second / costs.events_per_cpu_second / USED_RATIO))


def row(costs: Costs, events_per_second: int, customers: int) -> tuple[str, ...]:
    """Give a line of the table."""
    count = workers(costs, events_per_second)
    partitions = max(LEAST_PARTITIONS, PARTITIONS_PER_WORKER * count)
    each = ceil(partitions / count)
    known = customers / count
    decoded = min(known, DECODED_COUNT * each)
    memory = WORKER_BYTES + known * costs.row_bytes + decoded * costs.decoded_bytes
    per_day = events_per_second * PEAK_HOURS * 3_600
    trainer = events_per_second * costs.outcomes_ratio * costs.learn_us / 1e6
    return (
        f"{events_per_second:,}",
        f"{customers:,}",
        f"{count:,}",
        f"{partitions:,}",
        f"{memory / 1024**3:.1f} GiB",
        f"{known / ROWS_PER_SECOND:.0f} s",
        f"{events_per_second * costs.broker_us / 1e6:.1f}",
        f"{events_per_second * costs.written_bytes * COPIES / 1e6:,.0f} MB/s",
        f"{costs.kept_bytes(per_day, customers) * COPIES / 1e12:,.1f} TB",
        f"{trainer:.0%}",
    )


HEADER = (
    "events/s at the peak",
    "customers",
    "workers (cores)",
    "partitions",
    "memory of each",
    "rows read back",
    "broker cores, at least",
    f"written, {COPIES} copies",
    f"disk, {COPIES} copies",
    "trainer's core",
)


def page(record: Mapping[str, Any]) -> str:
    """Give the page."""
    costs = Costs.of(record)
    lines = (HEADER, ("---",) * len(HEADER), *(row(costs, *size) for size in SIZES))
    full = 1e6 / costs.learn_us / costs.outcomes_ratio
    most = 1_000 // PARTITIONS_PER_WORKER * costs.events_per_cpu_second * USED_RATIO
    text = TEXT.replace("{formulas}", _table(FORMULAS))
    return text.format(
        table=_table(lines),
        used=USED_RATIO,
        cpu=costs.events_per_cpu_second,
        us=1e6 / costs.events_per_cpu_second,
        broker_us=costs.broker_us,
        written=costs.written_bytes,
        row=costs.row_bytes,
        decoded=costs.decoded_bytes,
        decoded_count=DECODED_COUNT,
        base=WORKER_BYTES // 1024**2,
        recovery=ROWS_PER_SECOND,
        learn=costs.learn_us,
        outcomes=costs.outcomes_ratio,
        hours=PEAK_HOURS,
        per_worker=PARTITIONS_PER_WORKER,
        least=LEAST_PARTITIONS,
        full=full,
        most=most,
    )


def _table(lines: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


FORMULAS = (
    ("what", "is", "measured"),
    ("---", "---", "---"),
    (
        "workers",
        "events/s / ({cpu:,.0f} x {used}), at least 2",
        "{us:.0f} us of a core for an event, transactions and all; a worker is one core",
    ),
    (
        "partitions",
        "{per_worker} x workers, at least {least}",
        "cannot be changed later: count for the years ahead, at most 1,000",
    ),
    (
        "memory of a worker",
        "{base} MiB + its customers x {row:,.0f} + decoded rows x {decoded:,.0f} bytes",
        "a row as bytes; of each partition at most {decoded_count:,} stay decoded",
    ),
    (
        "rows read back",
        "customers of a worker / {recovery:,}",
        "a worker begins with nothing (P18)",
    ),
    (
        "broker cores",
        "events/s x {broker_us:.0f} us",
        "one node, one copy; what followers cost was not measured",
    ),
    ("written", "events/s x {written:,.0f} bytes x copies", "all topics together, not compressed"),
    (
        "disk",
        "events of a day x bytes of each topic x its days, and twice the rows",
        "retention as `coupon-stream topics apply` sets it; a day as {hours} hours of the peak",
    ),
    (
        "trainer",
        "events/s x {outcomes} outcomes x {learn:.0f} us",
        "the model alone; one core learns everything, in one order",
    ),
)
TEXT = """# Capacity

Generated by `make docs` from [the last benchmark](benchmarks.md), before sessions, knowledge and
leases were there; nothing here is guessed, and nothing of it was run at that size. Measured was one
machine of two cores that the broker shared: read the table as what to begin with, measure your own
shop with `coupon-stream bench`, and look at the alerts.

{table}

## The formulas

{formulas}

## What ends first

- **Learning, at {full:,.0f} events/s.** There the model alone fills the trainer's core. League,
  evidence and snapshots make an outcome two and a half times as dear (`catch_up` of
  `coupon-stream bench --events 5000`), and what is learned of sessions comes on top: reckon with a
  third of it, and three times the table's share. Decisions do not wait for it: the model grows
  older. Then learn from a part: fewer triggers (`COUPON_TRIGGERS`) or wider
  spacing (`COUPON_DECISION_SPACING_MS`) make fewer outcomes.
- **Partitions, at about {most:,.0f} events/s** with 1,000 of them. Beyond it, and well before it if
  regions have budgets of their own, run several installations: `COUPON_TOPIC_PREFIX` and
  `COUPON_APP_ID` keep them apart on one Kafka or on several. A customer belongs to one of them;
  budgets are not shared.
- **The ledger.** One writer leases money to all partitions and answers them in turn; they ask when
  a lease is half used. Near the end of a small campaign over many partitions that is one ask for
  each coupon: take fewer partitions, or larger campaigns.
- **Transactions.** Each busy partition commits up to 50 times a second (`COUPON_COMMIT_REST_MS`);
  raise the rest where brokers are busy with markers, at the price of later answers.

## Memory on Kubernetes

Set the limit with room above the table's figure; a worker that meets it is killed and its rows
move. The chart's default of 2 GiB is for about 300,000 customers a worker with four partitions.
"""


def main() -> None:
    """Write the page from the record that is named."""
    source = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/benchmarks/latest.json")
    target = Path(sys.argv[2] if len(sys.argv) > 2 else "docs/capacity.md")
    target.write_text(page(wire.parse(source.read_bytes())[0]), encoding="utf-8")


if __name__ == "__main__":
    main()
