"""P26: what earlier versions wrote is read by this one, or refused with a plain reason."""

from pathlib import Path
from typing import Any

import pytest

from features.vector import NAMES
from online_models import snapshot
from streams import wire
from streams.partitions import Partition
from streams.rows import PARTITION_KEY, WAITS, RowVersionError
from streams.settings import Settings
from tests.builders import (
    DAY_MS,
    NOON_MS,
    FixedScorer,
    a_partition,
    an_event,
    records_of,
    some_rules,
)

FOLDERS = sorted(path for path in Path(__file__).parent.glob("v*") if path.is_dir())
RULES = some_rules(FixedScorer(nothing=0.05, ten=0.20))


def lines(folder: Path, name: str) -> list[bytes]:
    return (folder / name).read_bytes().splitlines()


def rows(folder: Path) -> list[dict[str, Any]]:
    return [wire.decode_row(line) for line in lines(folder, "rows.ndjson")]


def recovered(folder: Path) -> Partition:
    """Take the partition over that an earlier version left."""
    stored = {one["key"].encode(): wire.encode_row(one["row"]) for one in rows(folder)}
    headers = {
        one["key"].encode(): one["headers"][WAITS].encode()
        for one in rows(folder)
        if WAITS in one["headers"]
    }
    return Partition(0, stored, a_partition().source, headers)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_p26_rows_of_an_earlier_version_go_on_where_they_were(folder: Path) -> None:
    partition = recovered(folder)
    users = [one for one in rows(folder) if one["key"].encode() != PARTITION_KEY]
    assert partition.users_count == len(users)
    assert partition.holdings.pending_count == sum(len(one["row"]["pending"]) for one in users)
    again = an_event("product.viewed", at_ms=NOON_MS, user_id="u0", event_id="e0")
    repeated = partition.apply(records_of([again]), RULES)
    assert repeated.decisions == [], "what was applied is not applied again"


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_p26_labels_of_an_earlier_version_settle_and_its_money_comes_back(folder: Path) -> None:
    partition = recovered(folder)
    pending_count = partition.holdings.pending_count
    assert pending_count > 0
    late = an_event("product.viewed", at_ms=NOON_MS + 60 * DAY_MS, user_id="new", event_id="late")
    ((topic, record),) = records_of([late])
    record = type(record)(10_000, record.timestamp, record.key, record.value)
    emission = partition.apply([(topic, record)], RULES)
    settled = [wire.decode_outcome(value or b"") for _, value, _ in emission.outcomes]
    assert sum(one.state == "settled" for one in settled) == pending_count
    held = {
        key: [one["charge_minor"] for one in wire.decode_row(row)["wallet"]["held"].values()]
        for key, row in partition.canonical()
        if key != PARTITION_KEY
    }
    assert {key for key, charges in held.items() if charges} <= {b"new"}
    assert partition.state.ledger.held_minor("spring") == sum(held[b"new"])


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_p26_decisions_and_outcomes_of_an_earlier_version_are_read(folder: Path) -> None:
    decisions = [wire.decode_decision(line) for line in lines(folder, "decisions.ndjson")]
    outcomes = [wire.decode_outcome(line) for line in lines(folder, "outcomes.ndjson")]
    assert {one.state for one in outcomes} >= {"opened", "settled"}
    known = {one.decision_id for one in decisions}
    assert {one.decision_id for one in outcomes} <= known


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_p26_a_model_of_an_earlier_version_is_loaded(folder: Path) -> None:
    (line,) = lines(folder, "snapshot.json")
    loaded = snapshot.load(wire.decode_state(line), names=NAMES)
    assert loaded.offset == 0


def test_p26_a_row_of_a_later_version_is_refused_by_name() -> None:
    row = next(one["row"] for one in rows(FOLDERS[-1]) if one["key"] == "u0")
    later = wire.encode_row({**row, "v": 2})
    partition = Partition(0, {b"u0": later}, a_partition().source, {b"u0": b":0"})
    event = an_event("product.viewed", user_id="u0", event_id="another")
    with pytest.raises(RowVersionError, match="must be of version 1 at most, was 2"):
        partition.apply(records_of([event]), RULES)


def test_a_golden_version_is_kept_for_what_is_in_force() -> None:
    assert Settings().app_id.endswith("v1")
    assert [folder.name for folder in FOLDERS] == ["v1"]
