"""What using knowledge costs an event: each family beside the same step without it."""

import time
from statistics import fmean

from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from streams.benching.shop import Decider, Message, applied, chunks
from streams.context import Row
from streams.families import NO_FAMILIES, Families
from streams.settings import Settings
from streams.stopwatch import Stopwatch

PLAIN, ALL = "plain", "all"
EVENTS_COUNT = 4_000
_CHUNK_COUNT = 250
_TURNS_COUNT = 4
_FAMILIES: dict[str, Families] = {
    "sessions": NO_FAMILIES,
    "hints": Families(hints=True),
    "segments": Families(segments=True),
    "heat": Families(heat=True),
    "alike": Families(alike=True),
    "next_step": Families(next_step=True),
    "risk": Families(risk_limit=0.99),  # asked for, and never reached
    ALL: Families(
        hints=True, segments=True, heat=True, alike=True, next_step=True, risk_limit=0.99
    ),
}


def cost(settings: Settings, messages: list[Message]) -> dict[str, float]:
    """Measure what each family adds to the step, in microseconds an event.

    The families take turns chunk by chunk, so that whatever else the machine does meets all alike.
    What is known was learned from the same events beforehand. `sessions` is what keeping them
    costs, and stands in all others as well; `share_ratio` is all of it beside the plain step;
    `learn` is what the one trainer does with a session, of which there are `per_event`.
    """
    used = messages[:EVENTS_COUNT]
    watch = Stopwatch()
    known, sessions_count = _learned(settings, used, watch)
    deciders = {
        name: Decider(settings, keeps_sessions=True, known=known, families=families)
        for name, families in _FAMILIES.items()
    }
    deciders[PLAIN] = Decider(settings, keeps_sessions=False, families=NO_FAMILIES)
    means = _best(deciders, used) | watch.mean_us()
    plain, kept = means[PLAIN], means["sessions"]
    added = {
        name: round(means[name] - kept, 2) for name in _FAMILIES if name not in ("sessions", ALL)
    }
    return {
        PLAIN: plain,
        "sessions": round(kept - plain, 2),
        **added,
        ALL: round(means[ALL] - plain, 2),
        "share_ratio": round(means[ALL] / plain - 1, 3),
        "learn": means["learn"],
        "per_event": round(sessions_count / len(used), 3),
    }


def _best(deciders: dict[str, Decider], messages: list[Message]) -> dict[str, float]:
    """Give the mean of an event; of each chunk the best time of several, others being disturbed."""
    best_us: dict[str, dict[int, float]] = {name: {} for name in deciders}
    names = list(deciders)
    for turn in range(_TURNS_COUNT):
        rows: dict[str, dict[bytes, Row]] = {name: {} for name in deciders}
        for number, chunk in enumerate(chunks(messages, _CHUNK_COUNT)):
            first = (number + turn) % len(names)
            for name in names[first:] + names[:first]:
                watch = Stopwatch()
                applied(deciders[name], rows[name], chunk, watch, name)
                us = watch.mean_us()[name]
                best_us[name][number] = min(us, best_us[name].get(number, us))
    return {name: round(fmean(found.values()), 2) for name, found in best_us.items()}


def _learned(settings: Settings, messages: list[Message], watch: Stopwatch) -> tuple[Known, int]:
    decider = Decider(settings, keeps_sessions=True, families=NO_FAMILIES)
    rows: dict[bytes, Row] = {}
    sessions = [
        session
        for chunk in chunks(messages, _CHUNK_COUNT)
        for effects in applied(decider, rows, chunk, Stopwatch(), PLAIN)
        for session in effects.sessions
    ]
    knowledge = Knowledge()
    began_ns = time.thread_time_ns()
    for session in sessions:
        knowledge.learn(session)
    watch.add("learn", began_ns, len(sessions))
    return Known(knowledge), len(sessions)
