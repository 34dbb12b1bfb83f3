"""Writes the golden files of this version: `python -m tests.golden tests/golden/v1`.

A version's files are written once, when it is released, and never again.
"""

import sys
from dataclasses import replace
from pathlib import Path

from online_models import snapshot
from streams import wire
from streams.learning import fresh_trainer
from tests.builders import (
    DAY_MS,
    NOON_MS,
    FixedScorer,
    a_partition,
    an_event,
    an_outcome,
    records_of,
    some_rules,
)
from tests.unit.streams.test_partitions import history

EVENTS_COUNT = 24


def write(folder: Path) -> None:
    """Write rows with what they wait for, decisions, outcomes and a snapshot."""
    folder.mkdir(parents=True, exist_ok=True)
    rules = some_rules(FixedScorer(nothing=0.05, ten=0.20))
    partition = a_partition()
    emission = partition.apply(history(events=EVENTS_COUNT), rules)
    # Somebody whose label is still pending, and whose coupon is still held.
    waiting = an_event("cart.added", at_ms=NOON_MS + DAY_MS, user_id="last", event_id="last")
    ((topic, record),) = records_of([waiting])
    last = partition.apply([(topic, replace(record, offset=EVENTS_COUNT))], rules)
    newest = {row[0]: row for row in (*emission.rows, *last.rows)}
    rows = [
        {
            "key": (key or b"").decode(),
            "headers": {name: content.decode() for name, content in headers},
            "row": wire.decode_row(value or b""),
        }
        for key, value, headers in newest.values()
    ]
    trainer = fresh_trainer()
    trainer.learn(an_outcome(), 0)
    state = snapshot.dump(trainer, model_id="response", model_version="1")
    lines = {
        "rows.ndjson": [wire.encode_row(row) for row in rows],
        "decisions.ndjson": [
            value or b"" for _, value, _ in (*emission.decisions, *last.decisions)
        ],
        "outcomes.ndjson": [value or b"" for _, value, _ in (*emission.outcomes, *last.outcomes)],
        "snapshot.json": [wire.encode_state(state)],
    }
    for name, content in lines.items():
        (folder / name).write_bytes(b"\n".join(content) + b"\n")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
