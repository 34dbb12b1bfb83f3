from hypothesis import given
from hypothesis import strategies as st

from features import seen


def recall(marks: str, event_id: str, digest: str) -> str:
    return seen.meet(marks, event_id, digest)[0]


def remember(marks: str, event_id: str, digest: str) -> str:
    return seen.meet(marks, event_id, digest)[1]


def test_c06_an_event_is_new_once_then_a_duplicate() -> None:
    marks = ""
    assert recall(marks, "e1", "digestAA") == "new"
    marks = remember(marks, "e1", "digestAA")
    assert recall(marks, "e1", "digestAA") == "duplicate"


def test_the_same_id_with_other_content_is_a_conflict() -> None:
    marks = remember("", "e1", "digestAA")
    assert recall(marks, "e1", "other-AA") == "conflict"
    assert recall(marks, "e1", "") == "conflict"


def test_remembering_twice_changes_nothing() -> None:
    marks = remember(remember("", "e1", "digestAA"), "e2", "")
    assert remember(marks, "e1", "other-AA") == marks


def test_sixty_four_ids_are_kept_the_oldest_goes_first() -> None:
    marks = ""
    for number in range(65):
        marks = remember(marks, f"e{number}", "digestAA")
    assert len(marks) == 64 * 12
    assert recall(marks, "e0", "digestAA") == "new"
    assert all(recall(marks, f"e{n}", "digestAA") == "duplicate" for n in range(1, 65))


def test_marks_are_the_same_in_every_run() -> None:
    assert remember("", "event-1", "abcdefgh") == "Cp6dHxJpabcd"


@given(st.lists(st.tuples(st.text(max_size=20), st.text("AB_-", max_size=8)), max_size=80))
def test_c06_replaying_what_is_remembered_changes_no_row(told: list[tuple[str, str]]) -> None:
    marks, first = "", dict(reversed(told[-60:]))
    for event_id, digest in first.items():
        assert recall(marks, event_id, digest) == "new"
        marks = remember(marks, event_id, digest)
    for event_id, digest in first.items():
        assert recall(marks, event_id, digest) == "duplicate"
        assert remember(marks, event_id, digest) == marks
    assert len(marks) == 12 * len(first)


def test_a_mark_across_two_neighbours_is_not_found() -> None:
    mark = remember("", "e1", "")[:8]
    straddling = "xxxxx" + mark + "x" * 11
    assert len(straddling) % 12 == 0
    assert recall(straddling, "e1", "") == "new"
