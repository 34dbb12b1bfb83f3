"""The verifier passes a clean run and sees each planted fault, by the right check."""

from dataclasses import replace

import pytest

from tests.unit.verifier.faults import FAULTS
from tests.unit.verifier.planting import all_on_one_device
from tests.unit.verifier.runs import SHARED, Shop, uninterrupted
from tests.verifier.catalogue import read_campaigns
from tests.verifier.log import Log, Terms
from tests.verifier.verify import verify


@pytest.fixture(scope="module")
def clean() -> Log:
    return Shop(seed=1).run()


@pytest.fixture(scope="module")
def terms(clean: Log) -> Terms:
    return uninterrupted([*clean.inputs, *clean.grants])


@pytest.fixture(scope="module")
def alone(terms: Terms) -> Terms:
    """What is known where no uninterrupted run is at hand."""
    return replace(terms, decisions=None, outcomes=None, state=None)


def test_a_clean_run_holds_every_promise_and_every_check_looked_at_something(
    clean: Log, terms: Terms
) -> None:
    report = verify(clean, terms)
    assert report.broken == []
    assert [check.name for check in report.checks if not check.checked_count] == []
    assert [check.name for check in report.checks if check.skipped] == []


def test_what_cannot_be_looked_at_is_said_to_be_skipped(clean: Log) -> None:
    report = verify(clean)
    assert report.holds
    skipped = {check.name for check in report.checks if check.skipped}
    assert skipped == {
        *("decisions_same", "labels_same", "rows_same"),
        *("money_within", "money_worst", "caps", "leases_within"),
        *("limits_charged", "limits_within", "quotas_within"),
    }


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen_by_the_right_check(
    name: str, clean: Log, terms: Terms, alone: Terms
) -> None:
    fault = FAULTS[name]
    damaged = fault.plant(clean)
    if fault.by_replay_only:
        assert verify(damaged, alone).holds
        assert fault.seen_by in verify(damaged, terms).broken
    else:
        report = verify(damaged, alone)
        assert fault.seen_by in report.broken
        assert report.check(fault.seen_by).offenders


def test_caps_by_device_and_address_are_looked_at_and_their_breach_is_seen() -> None:
    log = Shop(seed=1, shares_devices=True).run()
    alone = Terms(campaigns=read_campaigns(SHARED))
    assert verify(log, alone).broken == []
    damaged = verify(replace(log, inputs=all_on_one_device(list(log.inputs))), alone)
    assert "caps" in damaged.broken
    assert damaged.check("caps").offenders[0].startswith("device d0: ")
