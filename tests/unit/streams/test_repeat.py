"""A recording is decided again with the models of its decisions; what is not the same is told."""

import json
from itertools import pairwise
from pathlib import Path

import pytest

from streams import wire
from streams.app import source_of
from streams.knowing import Knowing
from streams.learning import Learning
from streams.partitions import Partition
from streams.recordings.reading import message_of
from streams.recordings.repeating import Repeat
from streams.recordings.writing import (
    DECISIONS,
    EVENTS,
    MANIFEST,
    OUTCOMES,
    REPLIES,
    SESSIONS,
    RecordingError,
    as_line,
    new_folder,
)
from streams.rules import read_catalogue, rules_of
from streams.settings import Settings
from tests.builders import NOON_MS, FakeRecord, an_event

# With two snapshots' worth of decision points, an hour apart, so that each is one.
EVENTS_COUNT = 60
SETTINGS = Settings(partitions=1, snapshot_every=20, knowledge_every=15)


def recorded(folder: Path, settings: Settings = SETTINGS) -> Path:
    """Write the recording of a run whose worker takes every new model over at once."""
    new_folder(folder)
    source = source_of(settings)
    partition, learning = Partition(0, {}, source), Learning(settings)
    knowing = Knowing(settings)
    sessions: list[bytes] = []
    catalogue, outcome_offset = read_catalogue(settings), 0
    events, decisions, outcomes, replies = [], [], [], []
    for n in range(EVENTS_COUNT):
        at_ms = NOON_MS + n * 3_600_000
        event = an_event("cart.added", at_ms=at_ms, user_id=f"u{n % 3}", event_id=f"e{n}")
        record = FakeRecord(n, at_ms, event.user_id.encode(), wire.encode_event(event))
        rules = rules_of(settings, catalogue, learning.in_force, knowing.in_force)
        topic = next(name for name, family in source.families.items() if family == "cart")
        emission = partition.apply([(topic, record)], rules)
        events.append(line_of(record))
        decisions += [value or b"" for _, value, _ in emission.decisions]
        replies += [value or b"" for _, value, _ in emission.replies]
        for _, value, _ in emission.outcomes:
            outcomes.append(value or b"")
            trained = learning.learn([(outcome_offset, wire.decode_outcome(value or b""))])
            outcome_offset += 3  # as behind transactions' markers
            for _, snapshot in trained.snapshots:
                learning.take(snapshot)
        for _, value, _ in emission.sessions:
            told = (3 * len(sessions), wire.decode_session(value or b""))
            sessions.append(value or b"")
            for _, state in knowing.learn([told]):
                knowing.take(state)
    write(folder, EVENTS, events)
    write(folder, DECISIONS, decisions)
    write(folder, REPLIES, replies)
    write(folder, OUTCOMES, outcomes)
    write(folder, SESSIONS, sessions)
    manifest = {"format": 3, "app_id": settings.app_id, "partitions": 1}
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    return folder


def line_of(record: FakeRecord) -> bytes:
    class Placed(FakeRecord):
        partition = 0

    return as_line("cart", Placed(**vars(record)))


def write(folder: Path, name: str, lines: list[bytes]) -> None:
    (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))


def lines(folder: Path, name: str) -> list[bytes]:
    return (folder / name).read_bytes().splitlines()


def test_every_decision_is_made_again_by_the_model_that_made_it(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    versions = [json.loads(line)["model"]["version"] for line in lines(folder, DECISIONS)]
    assert any(one != two for one, two in pairwise(versions)), "the run must have switched models"
    known = {json.loads(line)["knowledge_version"] for line in lines(folder, DECISIONS)}
    assert known == {"none", "15", "30", "45"}, "the run must have switched knowledge"
    found = Repeat(SETTINGS, folder).run()
    assert (found.same, found.different, found.lost, found.undecided) == (EVENTS_COUNT, 0, 0, 0)
    assert found.holds
    assert found.knowledges == len(known)
    assert (found.sessions_same, found.sessions_lost) == (len(lines(folder, SESSIONS)), 0)


def test_a_session_that_was_published_twice_is_told(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    sessions = lines(folder, SESSIONS)
    write(folder, SESSIONS, [*sessions, sessions[-1]])
    found = Repeat(SETTINGS, folder).run()
    assert found.sessions_lost == 1
    assert not found.holds


def test_an_altered_byte_is_told_with_the_decision_s_id(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    decisions = lines(folder, DECISIONS)
    body = json.loads(decisions[7])
    decisions[7] = decisions[7].replace(b'"action":"', b'"action" :"', 1)
    write(folder, DECISIONS, decisions)
    found = Repeat(SETTINGS, folder).run()
    assert (found.different, found.first_different) == (1, [body["decision_id"]])
    assert not found.holds


def test_a_decision_whose_event_is_gone_is_lost_and_one_of_a_later_event_undecided(
    tmp_path: Path,
) -> None:
    folder = recorded(tmp_path / "run")
    write(folder, EVENTS, lines(folder, EVENTS)[:-1])
    write(folder, DECISIONS, lines(folder, DECISIONS)[:10] + lines(folder, DECISIONS)[-1:])
    found = Repeat(SETTINGS, folder).run()
    assert (found.lost, found.undecided) == (1, EVENTS_COUNT - 11)


def test_outcomes_that_do_not_reach_a_model_are_refused(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    write(folder, OUTCOMES, lines(folder, OUTCOMES)[:10])
    with pytest.raises(RecordingError, match="COUPON_SNAPSHOT_EVERY must be as in the run"):
        Repeat(SETTINGS, folder).run()


def test_sessions_that_do_not_reach_the_knowledge_are_refused(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    write(folder, SESSIONS, lines(folder, SESSIONS)[:10])
    with pytest.raises(RecordingError, match="COUPON_KNOWLEDGE_EVERY must be as in the run"):
        Repeat(SETTINGS, folder).run()


@pytest.mark.parametrize(
    ("name", "place", "line", "told"),
    [
        (EVENTS, 3, b"{", "events.ndjson, line 4: must be a recorded message"),
        (EVENTS, 0, b'{"family":"moon"}', "events.ndjson, line 1: must be a recorded message"),
        (DECISIONS, 1, b"{}", "decisions.ndjson, line 2: must be a decision"),
        (OUTCOMES, 2, b"[]", "outcomes.ndjson, line 3: must be an outcome"),
        (SESSIONS, 2, b"[]", "sessions.ndjson, line 3: must be a session"),
    ],
)
def test_damage_is_told_with_file_and_line(
    tmp_path: Path, name: str, place: int, line: bytes, told: str
) -> None:
    folder = recorded(tmp_path / "run")
    whole = lines(folder, name)
    whole[place] = line
    write(folder, name, whole)
    with pytest.raises(RecordingError, match=told):
        Repeat(SETTINGS, folder).run()


def test_another_catalogue_is_refused(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "run")
    other = tmp_path / "other.yaml"
    text = SETTINGS.catalogue_path.read_text("utf-8")
    other.write_text(text.replace("budget: ", "budget: 1", 1), "utf-8")
    with pytest.raises(RecordingError, match="must rest on the catalogue"):
        Repeat(SETTINGS.model_copy(update={"catalogue_file": other}), folder).run()


def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").touch()
    with pytest.raises(RecordingError, match="must be a new or an empty folder"):
        new_folder(tmp_path)


def test_bytes_that_are_not_text_survive_a_recording(tmp_path: Path) -> None:
    class Odd:
        partition, offset, timestamp = 0, 4, 5
        key, value = b"\xff", None
        headers = (("h", b"\x00\xfe"),)

    line = as_line("cart", Odd())
    message = message_of(1, line, {"cart": "shop.cart.v1"})
    assert (message.key, message.value, message.headers) == (b"\xff", None, (("h", b"\x00\xfe"),))
