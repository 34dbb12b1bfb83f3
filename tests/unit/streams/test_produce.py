"""What becomes of a file's rows before any broker is asked."""

import gzip
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner, Result

from streams.cli import cli
from streams.layouts import Accepted, Refused, Row, read
from streams.partitioner import partition_of
from streams.produce import SHOWN_LINES_COUNT, Reading, address, messages
from streams.settings import Settings

SETTINGS = Settings(topic_prefix="eu.", partitions=4)


def accepted(number: int, key: bytes = b"u1") -> Accepted:
    return Accepted(
        line_number=number, key=key, value=b"{}", headers=(), family="cart", ts_ms=number
    )


def native(number: int, event_type: str = "cart.added") -> bytes:
    return orjson.dumps(
        {
            "event_id": f"e{number}",
            "event_type": event_type,
            "user_id": f"u{number % 3}",
            "occurred_at": "2026-01-01T00:00:00Z",
            "product_id": "p1",
        }
    )


def run(*arguments: str) -> Result:
    # Nobody listens on port 1: a dry run that asked a broker would fail.
    settings = ["--set", "kafka_bootstrap_servers=127.0.0.1:1"]
    return CliRunner().invoke(cli, [*settings, "produce", *arguments])


def test_a_row_goes_to_its_familys_topic_and_its_keys_partition() -> None:
    message = address(accepted(7, b"user"), SETTINGS)
    assert message.topic == "eu.shop.cart.v1"
    assert message.partition == partition_of(b"user", 4)
    assert message.line_number == 7


def test_refused_rows_are_counted_with_their_first_lines() -> None:
    reading = Reading()
    for number in range(30):
        reading.add(Refused(line_number=number, reason="bad_json", detail=""))
    reading.add(accepted(31))
    assert reading.refused == {"bad_json": 30}
    assert reading.first_lines == {"bad_json": list(range(SHOWN_LINES_COUNT))}
    assert reading.accepted_count == 1


async def test_refused_rows_are_not_sent_and_the_order_is_kept() -> None:
    rows: list[Row] = [accepted(1), Refused(line_number=2, reason="empty", detail=""), accepted(3)]
    assert [each.line_number async for each in messages(rows, SETTINGS)] == [1, 3]


async def test_a_rate_waits_for_each_events_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    async def remember(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("streams.produce.time.monotonic", lambda: 100.0)
    monkeypatch.setattr("streams.produce.asyncio.sleep", remember)
    rows = [accepted(number) for number in range(4)]
    assert len([each async for each in messages(rows, SETTINGS, rate_per_second=10)]) == 4
    assert waited == pytest.approx([0.1, 0.2, 0.3])


def test_a_dry_run_shows_the_first_rows_and_totals_and_asks_no_broker(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson.gz"
    lines = [native(number) for number in range(50)]
    lines[3] = b"{not json"
    file.write_bytes(gzip.compress(b"\n".join(lines)))
    done = run(str(file), "--format", "native", "--dry-run", "--json")
    assert done.exit_code == 0, done.output
    assert "line 1: u0 -> shop.cart.v1[" in done.output
    assert "line 4: refused, bad_json" in done.output
    assert "line 30:" not in done.output
    told = orjson.loads(done.stdout.splitlines()[-1])
    assert (told["events"], told["accepted"], told["sent"]) == (50, 49, 0)
    assert told["refused"] == {"bad_json": 1}
    assert told["refused_lines"] == {"bad_json": [4]}


@pytest.mark.parametrize(
    "arguments",
    [
        ["no-such-file", "--format", "native"],
        ["no-such-file", "--format", "native", "--dry-run"],
        ["pyproject.toml", "--format", "unheard-of"],
        ["pyproject.toml"],
        ["pyproject.toml", "--format", "native", "--rate", "0"],
    ],
)
def test_bad_usage_and_missing_files_leave_with_two(arguments: list[str]) -> None:
    assert run(*arguments).exit_code == 2


def test_an_unreachable_broker_is_one_line_and_exit_code_one(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    file.write_bytes(native(1))
    done = run(str(file), "--format", "native")
    assert done.exit_code == 1
    assert done.stderr.count("\n") == 1
    assert "no Kafka answers on 127.0.0.1:1" in done.stderr


def test_all_rows_of_the_real_files_are_accounted_for(shared_data: Path) -> None:
    reading = Reading()
    for row in read(shared_data / "rees46_2019-10-01_third.csv.gz", "rees46"):
        reading.add(row)
    assert reading.accepted_count + reading.refused.total() == 5_610
