"""What a customer does in one go: a small log of it in the row, and a record of it when it is over.

A session is over when nothing happened for half an hour of event time, and nothing on time (within
ten minutes of lateness) can still belong to it. Until then its log is the same whatever the order
of arrival: sums add up, and the log keeps those entries that matter most and came first, as many as
its bytes allow; what once found no room never would have.

In the row, as JSON: at most 600 bytes, and 1,200 in the ten minutes after a silence in which a late
event may still join two sessions.
"""

from bisect import insort
from typing import Any, TypedDict

from features.events import Event
from features.session_record import CODE_OF, Session, outline, record
from features.session_text import hashed, short, text_bytes, told

GAP_MS = 30 * 60_000
GRACE_MS = 600_000
LOG_BYTES = 330
MAX_DWELL_MS = 3_600_000
_MAX_MINOR = 10**12
_BRIEF_BYTES = 12
_NEVER_S = 10**12  # later than any event

Log = dict[str, list[list[Any]]]
"""A code and a category -> entries [seconds after the start, products or words, dwell in ms]."""


class Part(TypedDict):
    """A session that is not over.

    Attributes
    ----------
    span
        Event time of its first and its last event.
    sums
        Events, dwell (ms), orders, paid (minor units), codes entered.
    cut
        Code and second of the first that found no room in the log, or nothing.
    room
        Bytes that the log has left.
    place
        Where the customer was when it was first told: second, device, channel, and hashes of what
        others may share, a device and an address; of several addresses the least hash.
    """

    span: list[int]
    sums: list[int]
    log: Log
    cut: list[Any]
    room: int
    place: list[int | str]


class Sessions(TypedDict):
    """A user's open sessions, oldest first: one, seldom two; and until when all others are over."""

    open: list[Part]
    over_ms: int


def empty() -> Sessions:
    """Give the state of a user who did nothing yet."""
    return Sessions(open=[], over_ms=0)


def update(state: Sessions, event: Event, *, key: bytes = b"") -> bool:
    """Take in an event that was not taken in before; tells whether it belongs to a session.

    What no customer does (heartbeats, profiles, what a shop reports of coupons and refunds) and
    what comes later than the grace does not. The ids of device and address are kept as hashes only,
    keyed by `key`.
    """
    code = CODE_OF.get(event.event_type)
    ts_ms, parts = event.ts_ms, state["open"]
    if code is None or ts_ms <= state["over_ms"]:
        return False
    if parts and ts_ms < parts[-1]["span"][1] - GRACE_MS:
        return False
    part = _part_of(parts, ts_ms)
    _add_up(part["sums"], event)
    if event.device or event.channel or event.anonymous_id or event.address_id:
        _place(part, event, key)
    category, what = told(code, event)
    dwell_ms = min(event.dwell_ms or 0, MAX_DWELL_MS)
    _log(part, code + category, [ts_ms // 1_000 - part["span"][0] // 1_000, what, dwell_ms])
    return True


def due_ms(state: Sessions) -> int | None:
    """Give the event time after which the oldest open session is over, if one is open."""
    parts = state["open"]
    return parts[0]["span"][1] + GAP_MS + GRACE_MS if parts else None


def close(state: Sessions, user_id: str, now_ms: int) -> list[Session]:
    """Take out the sessions that are over at `now_ms`, the newest event time known, oldest first.

    Call it after each `update`, and when a timer at `due_ms` fires.
    """
    over = []
    while (due := due_ms(state)) is not None and due < now_ms:
        part = state["open"].pop(0)
        state["over_ms"] = part["span"][1]
        over.append(record(user_id, part["span"], part["sums"], part["log"], part["place"]))
    return over


def under_way(state: Sessions, user_id: str, now_ms: int) -> Session | None:
    """Give the newest open session up to `now_ms`, by its sums and its place; its log is not read.

    Examples
    --------
    >>> under_way(empty(), "ann", 0) is None
    True
    """
    if not state["open"]:
        return None
    part = state["open"][-1]
    return outline(user_id, (part["span"][0], now_ms), part["sums"], part["place"])


# -- sessions that touch -------------------------------------------------------------------------


def _part_of(parts: list[Part], ts_ms: int) -> Part:
    """Find the session that an event belongs to; an event that links two makes them one."""
    near = [part for part in parts if part["span"][0] - GAP_MS <= ts_ms <= part["span"][1] + GAP_MS]
    if not near:
        new = Part(span=[ts_ms, ts_ms], sums=[0] * 5, log={}, cut=[], room=LOG_BYTES, place=[])
        parts.append(new)
        parts.sort(key=lambda part: part["span"][0])
        return new
    part = near[0]
    if ts_ms < part["span"][0]:
        _rebase(part, ts_ms)
    part["span"][1] = max(part["span"][1], ts_ms)
    if len(near) > 1:
        _join(part, near[1])
        parts.remove(near[1])
    return part


def _rebase(part: Part, start_ms: int) -> None:
    shift = part["span"][0] // 1_000 - start_ms // 1_000
    part["span"][0] = start_ms
    if part["cut"]:
        part["cut"][1] += shift
    for entries in part["log"].values():
        for entry in entries:
            entry[0] += shift


def _join(part: Part, later: Part) -> None:
    _rebase(later, part["span"][0])
    part["span"][1] = later["span"][1]
    part["sums"] = [one + other for one, other in zip(part["sums"], later["sums"], strict=True)]
    part["cut"] = min([cut for cut in (part["cut"], later["cut"]) if cut], default=[])
    part["place"] = _first(part["place"], later["place"])
    _trim(part)
    for name, entries in later["log"].items():
        for entry in entries:
            _log(part, name, entry)


# -- what an event leaves ------------------------------------------------------------------------


def _add_up(sums: list[int], event: Event) -> None:
    sums[0] += 1
    if event.dwell_ms:
        sums[1] += min(event.dwell_ms, MAX_DWELL_MS)
    if event.event_type == "order.completed":
        paid_minor = event.total_minor
        if paid_minor is None:
            paid_minor = sum([(item.price_minor or 0) * item.quantity for item in event.items])
        sums[2] += 1
        sums[3] += min(paid_minor, _MAX_MINOR)
    elif event.event_type == "coupon.entered":
        sums[4] += 1


def _place(part: Part, event: Event, key: bytes) -> None:
    known = part["place"]
    if known and not event.address_id and int(known[0]) < event.ts_ms // 1_000:
        return  # the first to tell counts
    told = event.device or event.channel or event.anonymous_id
    place: list[int | str] = [
        event.ts_ms // 1_000 if told else _NEVER_S,
        _brief(event.device),
        _brief(event.channel),
        hashed(event.anonymous_id, key),
        hashed(event.address_id, key),
    ]
    part["place"] = _first(known, place)


def _first(one: list[int | str], other: list[int | str]) -> list[int | str]:
    """Take what was told first, and of the address, which only the end of a visit tells, any."""
    if not one or not other:
        return one or other
    addresses = [place[4] for place in (one, other) if place[4]]
    return [*min(one[:4], other[:4]), min(addresses, default="")]


def _brief(text: str | None) -> str:
    return short(text or "").encode()[:_BRIEF_BYTES].decode(errors="ignore")


# -- the log -------------------------------------------------------------------------------------


def _entry_bytes(entry: list[Any]) -> int:
    return 14 + text_bytes(entry[1]) + len(str(entry[2]))


def _log(part: Part, name: str, entry: list[Any]) -> None:
    if part["cut"] and [name[0], entry[0]] >= part["cut"]:
        return
    entries = part["log"].get(name)
    if entries is None:
        entries = part["log"][name] = []
        part["room"] -= 6 + text_bytes(name)
    insort(entries, entry)
    part["room"] -= _entry_bytes(entry)
    while part["room"] < 0:
        found = [[key[0], kept[-1][0]] for key, kept in part["log"].items()]
        part["cut"] = max(found)
        _trim(part)


def _trim(part: Part) -> None:
    """Give up what is at the cut or beyond it."""
    cut, log = part["cut"], part["log"]
    for name in [name for name in log if cut and name[0] >= cut[0]]:
        entries = log[name]
        while entries and [name[0], entries[-1][0]] >= cut:
            part["room"] += _entry_bytes(entries.pop())
        if not entries:
            del log[name]
            part["room"] += 6 + text_bytes(name)
