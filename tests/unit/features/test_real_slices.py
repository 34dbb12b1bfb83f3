"""What real shops send: sizes, order insensitivity and counts on the slices beside the checkout."""

import json
import random
from collections import defaultdict
from pathlib import Path

import pytest

from features import windows
from features.events import Event
from features.imputation import Imputer
from features.profile import GRACE_MS
from features.reading import read
from features.vector import vector
from tests.unit.features.stories import delayed, profile_of, rees46, taobao

READERS = {"rees46": rees46, "taobao": taobao}


def by_user(name: str, folder: Path) -> dict[str, list[Event]]:
    users: dict[str, list[Event]] = defaultdict(list)
    for user, one in READERS[name](folder):
        users[user].append(one)
    return users


@pytest.mark.parametrize(("name", "count"), [("rees46", 5_610), ("taobao", 10_000)])
def test_c23_profiles_of_real_users_are_small(name: str, count: int, shared_data: Path) -> None:
    users = by_user(name, shared_data)
    assert sum(map(len, users.values())) == count
    sizes = sorted(
        len(json.dumps(profile_of(events), separators=(",", ":")).encode())
        for events in users.values()
    )
    assert sum(sizes) / len(sizes) <= 2_048
    assert sizes[int(len(sizes) * 0.99)] <= 3_072
    assert sizes[-1] <= 4_096


@pytest.mark.parametrize("name", READERS)
def test_p8_real_users_give_the_same_features_in_any_order_within_the_grace(
    name: str, shared_data: Path
) -> None:
    dice = random.Random(7)
    for events in by_user(name, shared_data).values():
        arrived = delayed(events, [dice.randint(0, GRACE_MS) for _ in events])
        one, other = profile_of(events), profile_of(arrived)
        assert other == one
        assert vector(read(other, events[-1], Imputer())) == vector(
            read(one, events[-1], Imputer())
        )


@pytest.mark.parametrize("name", READERS)
def test_c13_counts_of_real_users_equal_a_recount(name: str, shared_data: Path) -> None:
    for events in by_user(name, shared_data).values():
        now_ms, profile = events[-1].ts_ms, profile_of(events)
        day, hour = 86_400_000, 3_600_000
        times = [one.ts_ms for one in events if one.event_type == "product.viewed"]
        buckets = profile["window"].get("browse", [])
        assert profile["total"].get("browse", 0) == len(times)
        week = sum(1 for ts_ms in times if now_ms // day - ts_ms // day < 7)
        assert windows.total(buckets, now_ms, "7d") == week
        last_day = sum(1 for ts_ms in times if now_ms // hour - ts_ms // hour < 24)
        assert windows.total(buckets, now_ms, "1d") == last_day
