"""Labels come in any order; decisions are let go in theirs."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from online_models.league.waiting import PATIENCE_MS, Room, Waiting
from online_models.outcomes import Outcome
from tests.unit.online_models.league.shop import outcomes

OPENED = next(iter(outcomes(1, 1)))


def settled(decision: int, state: str = "settled", y: bool = False) -> Outcome:
    return replace(OPENED, decision_id=f"d{decision}", state=state, y=y)  # type: ignore[arg-type]


def waiting(decided_ms: int) -> Waiting:
    return Waiting(
        decided_ms=decided_ms, p_buy=(0.1,), p_lead=0.1, p_good=None, seat=0, ballot=None
    )


def filled(count: int, capacity: int = 100) -> Room:
    room = Room(capacity)
    for decision in range(count):
        room.enter(f"d{decision}", waiting(decision))
    return room


@given(st.permutations(range(8)), st.sets(st.integers(0, 7)))
def test_each_decision_leaves_once_and_in_order_and_the_censored_never(
    order: list[int], censored: set[int]
) -> None:
    room, left = filled(8), []
    for decision in order:
        state = "censored" if decision in censored else "settled"
        left += [one.decided_ms for one in room.close(settled(decision, state))]
    assert left == [decision for decision in range(8) if decision not in censored]
    assert len(room) == 0


def test_a_purchase_does_not_overtake_those_who_have_not_bought_yet() -> None:
    room = filled(2)
    assert list(room.close(settled(1, y=True))) == []
    assert [one.decided_ms for one in room.close(settled(0))] == [0, 1]


def test_a_label_of_a_stranger_or_a_second_one_changes_nothing() -> None:
    room = filled(2)
    assert list(room.close(settled(7))) == []
    assert [one.decided_ms for one in room.close(settled(0))] == [0]
    assert list(room.close(settled(0))) == []


def test_a_full_room_turns_newcomers_away_and_counts_them() -> None:
    room = filled(5, capacity=3)
    assert (len(room), room.refused_count) == (3, 2)
    assert [one.decided_ms for one in room.close(settled(0))] == [0]


def test_a_decision_without_a_label_does_not_hold_up_the_rest_for_ever() -> None:
    room = filled(2)
    assert list(room.close(settled(1))) == []
    room.enter("late", waiting(PATIENCE_MS + 1))
    assert room.lost_count == 1
    assert [one.decided_ms for one in room.close(settled(1))] == [1]
