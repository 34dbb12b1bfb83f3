"""Which knowledge a worker puts in force; whoever learns it comes to the same bytes."""

from typing import Any

import pytest

from features.session_record import Session
from online_models.refusals import Reason, SnapshotRefused
from streams import wire
from streams.knowing import Knowing
from streams.settings import Settings
from tests.builders import FakeRecord

PLAIN = Settings(knowledge_every=3)
KEYED = Settings(knowledge_every=3, model_key="ours")  # type: ignore[arg-type]
OTHER = Settings(knowledge_every=3, model_key="theirs")  # type: ignore[arg-type]


def sessions(count: int) -> list[tuple[int, Session]]:
    """Give sessions at offsets with the gaps that transactions' markers leave."""
    return [
        (
            2 * at,
            Session(
                user_id=f"u{at}",
                start_ms=at,
                end_ms=at,
                carted=(("p", 1), (f"q{at % 2}", 1)),
                device_hash="d",
            ),
        )
        for at in range(count)
    ]


def snapshots(config: Settings, count: int = 7) -> list[tuple[int, dict[str, Any]]]:
    return Knowing(config).learn(sessions(count))


def test_a_snapshot_is_due_after_so_many_sessions_wherever_chunks_end() -> None:
    whole = snapshots(PLAIN)
    assert [offset for offset, _ in whole] == [4, 10]
    knowing = Knowing(PLAIN)
    parts = [found for one in sessions(7) for found in knowing.learn([one])]
    assert [wire.encode_state(one) for _, one in parts] == [
        wire.encode_state(one) for _, one in whole
    ]


def test_whoever_learns_after_a_crash_comes_to_the_same_snapshots() -> None:
    (_, first), (_, second) = snapshots(PLAIN)
    heir = Knowing(PLAIN)
    heir.take(wire.decode_state(wire.encode_state(first)))
    heir.begin()
    assert heir.next_offset == 5
    ((_, again),) = heir.learn(sessions(7))
    assert wire.encode_state(again) == wire.encode_state(second)


def test_what_is_in_force_does_not_learn_on() -> None:
    knowing = Knowing(PLAIN)
    ((_, state),) = knowing.learn(sessions(3))
    knowing.take(state)
    before = knowing.in_force
    knowing.learn(sessions(5))
    assert (before.version, before.knowledge.sessions_count) == ("3", 3)


def test_a_frozen_worker_learns_no_sessions() -> None:
    frozen = Knowing(PLAIN.model_copy(update={"model_frozen": True}))
    assert frozen.learn(sessions(7)) == []
    assert frozen.next_offset == 13


def test_a_snapshot_signed_with_our_key_is_put_in_force_when_it_is_heard() -> None:
    knowing = Knowing(KEYED)
    value = wire.encode_state(snapshots(KEYED)[0][1])
    knowing.hear(FakeRecord(0, 0, knowing.key.encode(), value))
    assert knowing.in_force.version == "3"


@pytest.mark.parametrize("config", [PLAIN, OTHER])
def test_an_unsigned_snapshot_and_one_of_another_key_are_refused(config: Settings) -> None:
    knowing = Knowing(KEYED)
    with pytest.raises(SnapshotRefused) as refused:
        knowing.take(snapshots(config)[0][1])
    assert refused.value.reason == Reason.BAD_SIGNATURE
    assert knowing.in_force.version == "none"


@pytest.mark.parametrize(
    ("part", "name", "value", "reason"),
    [
        ("knowledge", "sessions", 4, Reason.BAD_DIGEST),
        ("header", "format", 9, Reason.UNKNOWN_FORMAT),
        ("header", "offset", 9, Reason.BAD_DIGEST),
        ("header", "knowledge_id", "other", Reason.OTHER_MODEL),
        ("header", "version", 3, Reason.WRONG_TYPE),
    ],
)
def test_what_is_damaged_or_foreign_is_refused(
    part: str, name: str, value: object, reason: Reason
) -> None:
    state = snapshots(PLAIN)[0][1]
    state[part] = state[part] | {name: value}
    with pytest.raises(SnapshotRefused) as refused:
        Knowing(PLAIN).take(state)
    assert refused.value.reason == reason


def test_what_is_too_large_or_no_json_leaves_the_last_good_knowledge() -> None:
    knowing = Knowing(PLAIN)
    knowing.take(snapshots(PLAIN)[0][1])
    for value in (b"x" * 3_000_000, b"{", b"[]", b'{"header":1}'):
        knowing.hear(FakeRecord(0, 0, knowing.key.encode(), value))
    assert knowing.in_force.version == "3"
