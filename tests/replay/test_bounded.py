"""Memory with many customers and hostile names, in small; the module's command does it at large."""

import json
import subprocess
import sys
from typing import Any

import pytest

from streams.benching import bounded
from streams.benching.bounded import AGAIN_RATIO, bounds
from streams.benching.crowd import BUSY_COUNT

USERS_COUNT = 320


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    # A process of its own: what other tests left in this one would count as resident.
    module = [sys.executable, "-m", "streams.benching.bounded", "--json"]
    sizes = ["--users", str(USERS_COUNT), "--names", "100000", "--seed", "11"]
    told = subprocess.run([*module, *sizes], stdout=subprocess.PIPE, check=False)
    return dict(json.loads(told.stdout.splitlines()[-1]))


def test_p11_with_hostile_names_everything_stays_within_its_stated_bytes(
    measured: dict[str, Any],
) -> None:
    assert measured["broken"] == []
    assert measured["refused"] == {}
    assert USERS_COUNT < measured["again"]["users"] <= USERS_COUNT + BUSY_COUNT
    assert measured["sessions"] > USERS_COUNT * 0.9
    assert measured["outcomes"] > 0


def test_p11_customers_who_come_again_with_new_names_leave_rows_as_large_as_before(
    measured: dict[str, Any],
) -> None:
    once, again = measured["parts"][-1], measured["again"]
    assert again["users"] <= once["users"] + BUSY_COUNT
    assert again["events"] > once["events"] + USERS_COUNT * AGAIN_RATIO
    assert again["row_mean"] < once["row_mean"] * 1.2
    assert again["partition_state"] < once["partition_state"] * 1.2


def test_p11_a_bound_that_is_broken_is_named() -> None:
    sizes = dict.fromkeys(
        ("users", "row_max", "row_p99", "knowledge", "model", "partition_state", "beside_rows"), 1
    )
    assert all(one.found <= one.most for one in bounds(sizes, sizes, 1))
    large = dict.fromkeys(sizes, 10**9)
    found = bounds(sizes, large, 10**9)
    assert all(one.found > one.most for one in found), found
    assert bounded.resident_bytes() > 0
