"""`coupon-stream budget` on a real Kafka: what is ordered is obeyed once, and the run repeats."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from streams import wire
from streams.cli import cli
from streams.recordings import writing as recording
from streams.recordings.repeating import Repeat
from streams.settings import Settings
from tests.broker.awaiting import read_all, read_count
from tests.broker.test_lending import COUPON_MINOR, COUPONS_COUNT, scarce, send, users
from tests.broker.test_verifier import judged
from tests.broker.workers import environment_of, running
from tests.builders import NOON_MS

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

# None of them is ever reached: an order is for the campaign, whatever pots it has.
LIMITS = (
    '    limits: [{by: day, amount: 230.00, utc_offset: "+01:00"}, {by: week, amount: 240.00}]\n'
)
POTS = {
    "scarce/day/2025-10-09+01:00": "minor",
    "scarce/quota/five": "pieces",
    "scarce/week/2025-W41": "minor",
}
BUDGET_MINOR = COUPONS_COUNT * COUPON_MINOR
WAVE_COUNT, WAVES_COUNT = 30, 40


class Shop:
    """Customers who come in waves, and somebody who gives orders."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.waiting = users(settings.partitions, WAVE_COUNT * WAVES_COUNT)
        self.decided_count = 0

    def charged_minor(self) -> int:
        """Send a wave; gives what all that were sent were given in sum."""
        wave, self.waiting = self.waiting[:WAVE_COUNT], self.waiting[WAVE_COUNT:]
        assert wave, "the budget must be given to customers, was not to so many"
        asyncio.run(send(self.settings, wave, NOON_MS + self.decided_count))
        self.decided_count += len(wave)
        topic = f"{self.settings.topic_prefix}coupon.decisions.v1"
        bootstrap = self.settings.kafka_bootstrap_servers
        records = asyncio.run(read_count(bootstrap, [topic], self.decided_count, 180.0))
        found = (wire.decode_decision(record.value).budget for record in records)
        return sum(one.charged_minor for one in found if one is not None)

    def run(self, *words: str) -> Result:
        runner = CliRunner(env=dict(environment_of(self.settings)))
        return runner.invoke(cli, ["budget", *words, "--json"])

    def told(self, *words: str) -> dict[str, Any]:
        done = self.run(*words)
        assert done.exit_code == 0, done.output
        found: dict[str, Any] = json.loads(done.stdout)  # all of it, and nothing else
        return found

    def refused(self, *words: str) -> str:
        done = self.run(*words)
        assert done.exit_code == 2, done.output
        return done.stderr


def limited(settings: Settings) -> Settings:
    """Give the campaign limits and its coupon a quota."""
    path = settings.catalogue_path
    text = path.read_text("utf-8").replace("    coupons:\n", f"{LIMITS}    coupons:\n")
    path.write_text(f"{text}        quota: 45\n", "utf-8")
    return settings


def test_n1_orders_to_the_ledger_are_obeyed_once_and_the_run_repeats(
    topics: Settings, tmp_path: Path
) -> None:
    settings = limited(scarce(topics, tmp_path))
    shop = Shop(settings)
    assert shop.told("top-up", "scarce", "500", "--dry-run")["campaigns"][0]["version"] == 1
    assert "must be a campaign of the catalogue (scarce), was none" in shop.refused("pause", "none")
    assert "0 is not in the range x>=1" in shop.refused("top-up", "scarce", "0")
    assert "must be paused, was open" in shop.refused("resume", "scarce")
    with running(settings, tmp_path, 1) as (worker,):
        asyncio.run(worker.ready())
        before_minor = shop.charged_minor()
        assert before_minor > 0
        assert shop.told("stop")["orders"][0]["obeyed"]
        assert shop.charged_minor() == shop.charged_minor() == before_minor
        assert shop.told("stop")["orders"] == []
        assert "version must be 2, was 1" in shop.refused("resume", "scarce", "--version", "0")
        assert shop.told("resume", "scarce", "--version", "1")["orders"][0]["obeyed"]
        more = shop.told("top-up", "scarce", str(BUDGET_MINOR))
        assert more["campaigns"][0]["budget_minor"] == 2 * BUDGET_MINOR
        while (given_minor := shop.charged_minor()) <= BUDGET_MINOR:
            pass  # what the catalogue says is not enough for this
        assert shop.told("close", "scarce")["orders"][0]["obeyed"]
        assert shop.charged_minor() == given_minor <= 2 * BUDGET_MINOR
        assert "was closed for good" in shop.refused("top-up", "scarce", "1")
        sheet, *pots = shop.told("show")["campaigns"]
        assert {pot["campaign_id"]: pot["unit"] for pot in pots} == POTS
        assert (sheet["standing"], sheet["version"]) == ("closed", 4)
        assert sheet["free_minor"] + sheet["leased_minor"] == 2 * BUDGET_MINOR
        assert worker.stop() == 0
    asyncio.run(repeats(settings, tmp_path / "recorded", shop.decided_count))
    code, said = judged(settings)
    assert (code, json.loads(said)["broken"]) == (0, []), said


async def repeats(settings: Settings, folder: Path, count: int) -> None:
    ordered = await read_all(
        settings.kafka_bootstrap_servers, [f"{settings.topic_prefix}coupon.budget.v1"]
    )
    assert sum(b'"order_id"' in record.value for record in ordered) == 4
    recording.new_folder(folder)
    await recording.record(settings, folder)
    found = Repeat(settings, folder).run()
    assert (found.same, found.different, found.lost) == (count, 0, 0)
