"""What workers take from the catalogue's topic, with and without people who must agree."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from streams import proposals
from streams.approvers import Headers, Signer
from streams.catalogue_edits import Change, messages_of, planned
from streams.dead_letters import Outbound
from streams.offers import Offers
from streams.settings import Settings

ANNA, BEN = (Signer(name, bytes([number]) * 32) for number, name in enumerate("ab"))
TOPIC, ENDS_MS = "coupon.catalogue.v1", 1_000
FILE = """
campaigns:
  - {id: spring, version: 3, budget: 10.00, coupons: [{id: ten, kind: gift, cost: 1.00}]}
"""


@dataclass(frozen=True)
class Came:
    """A record as Kafka gives it."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = ENDS_MS - 1


class Worker:
    """The catalogue as one worker has it."""

    def __init__(self, folder: Path, approved: bool) -> None:
        path = folder / "catalogue.yaml"
        path.write_text(FILE, "utf-8")
        people = f"{ANNA.entry},{BEN.entry}" if approved else ""
        self.settings = Settings.model_validate({"catalogue_file": path, "approvers": people})
        self.offers = Offers(self.settings)

    def budget_minor(self) -> int | None:
        found = [one.budget_minor for one in self.offers.catalogue.campaigns]
        return found[0] if found else None

    def hear(self, message: Outbound) -> None:
        key, value, headers = message
        self.offers.hear(Came(key, value, list(headers)))


def campaign(version: int, budget: str) -> Outbound:
    text = (
        f'{{"id":"spring","version":{version},"budget":"{budget}",'
        '"coupons":[{"id":"ten","kind":"gift","cost":"1.00"}]}'
    )
    return b"spring", text.encode(), []


def agreed(message: Outbound) -> Outbound:
    key, value, _ = message
    assert key is not None
    assert value is not None
    pairs = [(key.decode(), value.decode())]
    drafted = proposals.draft("x", TOPIC, pairs, ANNA, "coupon-engine-v1", ENDS_MS)
    (found,) = proposals.approved(drafted, BEN, "coupon-engine-v1")
    return found


def test_where_nobody_is_asked_the_newest_message_counts(tmp_path: Path) -> None:
    worker = Worker(tmp_path, approved=False)
    for version, budget, minor in ((4, "20.00", 2_000), (1, "5.00", 500)):
        worker.hear(campaign(version, budget))
        assert worker.budget_minor() == minor
    worker.hear((b"spring", None, []))
    assert worker.budget_minor() is None


def test_what_two_people_agreed_to_is_put_in_force(tmp_path: Path) -> None:
    worker = Worker(tmp_path, approved=True)
    worker.hear(agreed(campaign(4, "20.00")))
    assert worker.budget_minor() == 2_000
    worker.hear(agreed(campaign(4, "20.00")))
    assert worker.budget_minor() == 2_000, "the same again changes nothing"


def test_what_one_person_sends_changes_nothing_of_what_two_agreed_to(tmp_path: Path) -> None:
    worker = Worker(tmp_path, approved=True)
    worker.hear(agreed(campaign(4, "20.00")))
    for alone in (campaign(5, "900.00"), (b"spring", None, [])):
        worker.hear(alone)
        assert worker.budget_minor() == 2_000


def test_what_two_people_agreed_to_once_does_not_come_back_after_something_newer(
    tmp_path: Path,
) -> None:
    worker, old = Worker(tmp_path, approved=True), agreed(campaign(4, "900.00"))
    worker.hear(old)
    worker.hear(agreed(campaign(5, "20.00")))
    worker.hear(old)
    assert worker.budget_minor() == 2_000
    assert worker.offers.next_version("spring") == 6


def test_the_files_campaign_is_taken_away_by_what_hides_the_one_that_was_agreed_to(
    tmp_path: Path,
) -> None:
    worker = Worker(tmp_path, approved=True)
    worker.hear(campaign(5, "900.00"))
    assert worker.budget_minor() is None


async def test_what_apply_sends_is_what_the_file_says_with_the_next_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing(self: Offers, settings: Settings) -> None:
        """Stand in for a topic that is empty."""

    monkeypatch.setattr(Offers, "read", nothing)
    worker = Worker(tmp_path, approved=False)
    same: Change = await planned(worker.settings, FILE, "file")
    assert (same.edits, same.version) == ((), same.before)
    change = await planned(worker.settings, FILE.replace("10.00", "12.50"), "file")
    (message,) = messages_of(change)
    worker.hear(message)
    assert worker.offers.catalogue.version == change.version != change.before
    (spring,) = worker.offers.catalogue.campaigns
    assert (spring.budget_minor, spring.version) == (1_250, 4)
