"""Sessions in the row: kept as events come, handed on when they are over."""

from itertools import pairwise

from features import moves
from features import session as sessions
from features.events import Event
from features.session_record import Session
from online_models.knowledge.description import describe
from streams.context import Effects, Row, Rules

GRACE_MS = sessions.GRACE_MS
VISIT_STEPS = 100  # numbers of a description are kept to two decimals, as whole numbers


def keep(row: Row, event: Event, rules: Rules, effects: Effects) -> None:
    """Take an event of a customer who agrees into its session."""
    if not rules.keeps_sessions:
        return
    state = row["sessions"]
    open_count = len(state["open"])
    sessions.update(state, event, key=rules.session_key)
    if len(state["open"]) > open_count:
        effects.is_waiting = True


def close(row: Row, user_id: str, now_ms: int, rules: Rules, effects: Effects) -> None:
    """Hand on the sessions that are over at `now_ms`, the newest event time known.

    What the last of them looked like stays in the row, in itself and not by what is known of
    others: knowledge may change between any two chunks, and rows must repeat.
    """
    for session in sessions.close(row["sessions"], user_id, now_ms):
        effects.sessions.append(session)
        row["last_visit"] = [round(number * VISIT_STEPS) for number in describe(session)]
        if rules.families.next_step:
            _count_moves(row["moves"], session)


def _count_moves(counted: dict[str, int], session: Session) -> None:
    kinds = [kind for kind, count in session.steps for _ in range(count)]
    for before, after in pairwise(kinds):
        moves.add(counted, before, after)


def due_ms(row: Row) -> int | None:
    """Tell at which watermark the oldest open session is over, if one is open."""
    end_ms = sessions.due_ms(row["sessions"])
    return None if end_ms is None else end_ms - GRACE_MS + 1
