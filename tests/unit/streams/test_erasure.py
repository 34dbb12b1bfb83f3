"""P22: an erased user is gone, their money is back, and nothing old brings them again."""

import hashlib
from dataclasses import replace

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from features.events import Event
from streams import wire
from streams.cli import cli
from streams.context import Rules
from streams.erasure import MARK
from streams.partitions import Partition
from streams.refusals import MalformedEvent
from streams.rows import PARTITION_KEY
from streams.rules import mark_keys_of
from streams.settings import Settings
from streams.topics import specs
from tests.builders import (
    DAY_MS,
    NOON_MS,
    FakeRecord,
    FixedScorer,
    a_partition,
    an_event,
    records_of,
    some_rules,
)

PAYS = FixedScorer(nothing=0.05, ten=0.20)
PROFILES = "shop.profiles.v1"


def erasure(user_id: str, at_ms: int, offset: int = 0) -> list[tuple[str, FakeRecord]]:
    """Give the tombstone of a user, appended at this time."""
    record = FakeRecord(offset=offset, timestamp=at_ms, key=user_id.encode(), value=None)
    return [(PROFILES, record)]


def visits(user_id: str, at_ms: int, offset: int = 0) -> list[tuple[str, FakeRecord]]:
    """Give a cart event that is answered with an offer."""
    event = an_event("cart.added", at_ms=at_ms, user_id=user_id, event_id=f"e{at_ms}")
    return [(topic, replace(one, offset=offset)) for topic, one in records_of([event])]


def recovered(partition: Partition, stored: dict[bytes, bytes]) -> Partition:
    return Partition(partition.number, dict(stored), partition.source)


def test_p22_a_tombstone_deletes_the_row_and_gives_the_money_back() -> None:
    stored: dict[bytes, bytes] = {}
    partition, rules = a_partition(stored), some_rules(PAYS)
    given_out = partition.apply(visits("ann", NOON_MS), rules)
    assert b'"offer"' in given_out.decisions[0][1]  # type: ignore[operator]
    ledger = partition.state.ledger
    (campaign_id,) = ledger.dump()["accounts"]
    assert ledger.held_minor(campaign_id) > 0
    assert partition.holdings.pending_count == 1
    emission = partition.apply(erasure("ann", NOON_MS + 1), rules)
    assert ledger.held_minor(campaign_id) == 0
    assert ledger.free_minor(campaign_id) == ledger.share_minor(campaign_id)
    assert (partition.holdings.pending_count, partition.users_count) == (0, 0)
    assert (emission.outcomes, emission.sessions, emission.decisions) == ([], [], [])
    assert (b"ann", None, []) in emission.rows
    assert b"ann" not in stored


def test_p22_the_erased_name_stands_nowhere_in_what_is_kept() -> None:
    partition, rules = a_partition(), some_rules(PAYS)
    partition.apply(visits("ann-of-the-hills", NOON_MS), rules)
    emission = partition.apply(erasure("ann-of-the-hills", NOON_MS + 1), rules)
    kept = [(key, value) for key, value, _ in emission.rows if value is not None and key]
    assert any(key.startswith(MARK) for key, _ in kept)
    text = repr(kept) + repr(list(partition.canonical()))
    assert "ann-of-the-hills" not in text
    assert hashlib.sha256(b"ann-of-the-hills").hexdigest()[:32] not in text


def test_p22_older_events_bring_nobody_back_and_newer_ones_begin_anew() -> None:
    partition, rules = a_partition(), some_rules(PAYS)
    partition.apply(visits("ann", NOON_MS), rules)
    emission = partition.apply(erasure("ann", NOON_MS + DAY_MS), rules)
    marks = {key: value for key, value, _ in emission.rows if key and value is not None}
    for one in (partition, recovered(partition, marks)):
        again = one.apply(visits("ann", NOON_MS + DAY_MS, offset=5), rules)
        assert (again.decisions, one.users_count) == ([], 0)
        assert again.tally.counts["events_erased", ("shop.cart.v1",)] == 1
        others = one.apply(visits("bob", NOON_MS, offset=6), rules)
        assert len(others.decisions) == 1
        anew = one.apply(visits("ann", NOON_MS + DAY_MS + 1, offset=7), rules)
        assert (len(anew.decisions), one.users_count) == (1, 2)


def test_p22_after_a_new_key_older_marks_still_count_and_new_ones_are_made_with_it() -> None:
    def under(key: str, former: str | None = None) -> Rules:
        named = Settings(pseudonym_key=key, pseudonym_former_keys=former)  # type: ignore[arg-type]
        return some_rules(PAYS, mark_keys=mark_keys_of(named))

    partition, old, both, new = a_partition(), under("k1"), under("k2", "k0, k1"), under("k2")
    partition.apply(erasure("ann", NOON_MS), old)
    partition.apply(erasure("bob", NOON_MS, offset=1), both)
    decided = {
        (user_id, name): len(partition.apply(visits(user_id, NOON_MS, offset), rules).decisions)
        for offset, (user_id, name, rules) in enumerate(
            [("ann", "both", both), ("bob", "both", both), ("bob", "new", new), ("ann", "new", new)]
        )
    }
    assert decided == {
        ("ann", "both"): 0,
        ("bob", "both"): 0,
        ("bob", "new"): 0,
        ("ann", "new"): 1,  # whoever forgets the former key lets them come back
    }


def test_p22_time_that_passes_brings_nobody_back() -> None:
    partition, rules = a_partition(), some_rules(PAYS)
    partition.apply(visits("ann", NOON_MS), rules)
    partition.apply(erasure("ann", NOON_MS + 1), rules)
    later = partition.apply(visits("bob", NOON_MS + 30 * DAY_MS, offset=9), rules)
    assert b"ann" not in [key for key, _, _ in later.rows]
    assert later.outcomes == [] or b"ann" not in [key for key, _, _ in later.outcomes]


@given(st.lists(st.booleans(), min_size=1, max_size=6))
def test_p22_one_chunk_or_many_end_in_the_same_rows(is_cut: list[bool]) -> None:
    rules = some_rules(PAYS)
    records = [
        *visits("ann", NOON_MS),
        *visits("bob", NOON_MS + 1, offset=1),
        *erasure("ann", NOON_MS + 2),
        *visits("ann", NOON_MS + 2, offset=2),
        *visits("ann", NOON_MS + 3, offset=3),
        *erasure("nobody", NOON_MS + 4, offset=1),
    ]
    whole, parts = a_partition(), a_partition()
    whole.apply(records, rules)
    for start, cut in zip(range(len(records)), [*is_cut, *[True] * len(records)], strict=False):
        if cut:
            parts.apply(records[: start + 1], rules)
    parts.apply(records, rules)
    users = [key for key, _ in whole.canonical() if not key.startswith(b"\x00")]
    assert users == [b"ann", b"bob"]
    assert [one for one in whole.canonical() if one[0] != PARTITION_KEY] == [
        one for one in parts.canonical() if one[0] != PARTITION_KEY
    ]


def test_a_tombstone_elsewhere_or_without_a_key_is_still_refused() -> None:
    for family, key in (("browse", b"ann"), ("profiles", None), ("profiles", b"")):
        with pytest.raises(MalformedEvent) as refused:
            wire.decode(family, key, None, [], NOON_MS)  # type: ignore[arg-type]
        assert refused.value.reason == "empty"
    with pytest.raises(MalformedEvent):
        wire.decode("profiles", b"\xff", None, [], NOON_MS)


def test_an_erasure_may_come_as_an_event_of_its_own() -> None:
    event = Event(event_id="e", event_type="profile.erased", user_id="ann", ts_ms=NOON_MS)
    decoded = wire.decode("profiles", b"ann", wire.encode_event(event), [], NOON_MS + 5)
    assert (decoded.event_type, decoded.ts_ms) == ("profile.erased", NOON_MS)


def test_p22_compacted_topics_forget_within_a_day_and_tell_absent_workers_for_a_week() -> None:
    for spec in specs(Settings()):
        if spec.cleanup == "compact" and spec.key == "user id":
            assert int(spec.config["max.compaction.lag.ms"]) < DAY_MS
            assert int(spec.config["delete.retention.ms"]) == 7 * DAY_MS


def test_a_rehearsed_erasure_contacts_nobody_and_says_what_stays_until_when() -> None:
    done = CliRunner().invoke(cli, ["erase", "ann", "--dry-run", "--json"])
    assert done.exit_code == 0, done.output
    told = wire.decode_row(done.stdout.splitlines()[-1].encode())
    assert [place["topic"] for place in told["tombstones"]] == [PROFILES]
    assert (told["dry_run"], told["confirmed"]) == (True, False)
    assert max(told["gone_by_days"].values()) == 30
