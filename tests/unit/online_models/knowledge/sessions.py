"""Sessions for tests, with every field defaulted."""

from collections.abc import Iterable
from typing import Any

from features.session_record import Counts, Session

DAY_MS = 86_400_000


def counts(names: Iterable[str]) -> Counts:
    return tuple((name, 1) for name in names)


def a_session(at_ms: int = 0, user_id: str = "ann", **fields: Any) -> Session:
    """Build a session; names given as a string or list become counts of one each."""
    for name in ("viewed", "carted", "bought", "words"):
        if name in fields:
            fields[name] = counts(fields[name])
        if f"{name}_categories" in fields:
            fields[f"{name}_categories"] = counts(fields[f"{name}_categories"])
    return Session(user_id=user_id, start_ms=at_ms, end_ms=at_ms, **fields)
