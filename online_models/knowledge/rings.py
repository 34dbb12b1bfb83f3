"""Who abuses offers together: devices and addresses that many share, haste, and guessed codes.

A household shares an address, a shop's tablet a device: sharing alone proves nothing. Suspicious is
who shares with many *where* nearly everyone orders or tries codes, who tries code after code
without an order, and who orders in haste. Each suspicion has a code, so that a gate can say why.

References
----------
[^1]: Akoglu, Tong, Koutra (2015), Graph based anomaly detection and description: a survey (shared
    attributes as the edges of rings).
"""

from collections import OrderedDict
from hashlib import blake2b
from typing import Any, Literal

from features.session_record import Session

DAY_MS = 86_400_000
MINUTE_MS = 60_000
Reason = Literal["shared_device", "shared_address", "code_guessing", "order_velocity"]
REASONS: tuple[Reason, ...] = (
    "shared_device",
    "shared_address",
    "code_guessing",
    "order_velocity",
)

MAX_SHARED, MAX_SINGLE, MAX_USERS, MAX_SHARERS = 384, 1_024, 1_024, 12
SHARERS_LIMIT = {"d": 4, "a": 6}  # more people share a flat than a telephone
DEALS_RATIO = 0.5  # of sessions there that order or try a code: sharing looks like business
GUESSES_LIMIT = 6.0  # codes tried beyond orders, faded
ORDERS_LIMIT = 6.0  # orders, faded
_FADE_MS = DAY_MS  # a user's counts are half after a day

Share = list[int]
"""[minute of the last session there, sessions there, those of them that ordered or tried codes]"""


class Rings:
    """Links (devices, addresses) with their users, and counts of users, most recent last.

    A link that only one user has is kept apart, so that a flood of such cannot push out a ring.
    At most 384 shared links of 12 users of 37 bytes, 1,024 single ones of 55, 1,024 users of 42,
    as JSON: 275,000 bytes.

    Parameters
    ----------
    window_ms
        Event time after which a user no longer counts among those who share.
    """

    MAX_BYTES = 275_000

    def __init__(self, window_ms: int = 7 * DAY_MS) -> None:
        self.window_ms = window_ms
        # Ordered dicts, since the first of a plain one is slow to find after many went.
        self._shared: OrderedDict[str, dict[str, Share]] = OrderedDict()
        self._single: OrderedDict[str, dict[str, Share]] = OrderedDict()
        self._users: OrderedDict[str, list[float]] = OrderedDict()  # [minute, orders, codes], faded

    def learn(self, session: Session) -> None:
        """Take in a session."""
        user, minute = _short(session.user_id), session.end_ms // MINUTE_MS
        deals = session.orders_count + session.codes_count
        for link in _links(session):
            self._share(link, user, minute, deals)
        if deals:
            orders, codes = self._faded(user, session.end_ms)
            counts = [orders + session.orders_count, codes + session.codes_count]
            self._users.pop(user, None)
            self._users[user] = [minute, *[round(min(count, 9_999.0), 3) for count in counts]]
            _bound(self._users, MAX_USERS)

    def reasons(self, session: Session) -> tuple[Reason, ...]:
        """Name what is suspicious about a session's user, with what was learned until now."""
        found: list[Reason] = []
        for link in _links(session):
            if self._is_ring(link, session.end_ms):
                found.append("shared_device" if link[0] == "d" else "shared_address")
        orders, codes = self._faded(_short(session.user_id), session.end_ms)
        if codes - orders >= GUESSES_LIMIT:
            found.append("code_guessing")
        if orders >= ORDERS_LIMIT:
            found.append("order_velocity")
        return tuple(found)

    def dump(self) -> dict[str, Any]:
        """Give the state as plain JSON; the order of names is part of it."""
        return {
            "window_ms": self.window_ms,
            "shared": {link: dict(users) for link, users in self._shared.items()},
            "single": {link: dict(users) for link, users in self._single.items()},
            "users": {user: list(counts) for user, counts in self._users.items()},
        }

    @classmethod
    def load(cls, state: dict[str, Any]) -> "Rings":
        """Make what `dump` gave."""
        found = cls(state["window_ms"])
        for name, links in (("shared", found._shared), ("single", found._single)):
            for link, users in state[name].items():
                links[link] = {user: list(share) for user, share in users.items()}
        for user, counts in state["users"].items():
            found._users[user] = list(counts)
        return found

    def _share(self, link: str, user: str, minute: int, deals: int) -> None:
        users = self._shared.pop(link, None) or self._single.pop(link, None) or {}
        known = users.pop(user, [0, 0, 0])
        users[user] = [minute, min(9_999, known[1] + 1), min(9_999, known[2] + (deals > 0))]
        if len(users) > MAX_SHARERS:
            del users[next(iter(users))]
        if len(users) > 1:
            self._shared[link] = users
            _bound(self._shared, MAX_SHARED)
        else:
            self._single[link] = users
            _bound(self._single, MAX_SINGLE)

    def _recent(self, link: str, now_ms: int) -> list[Share]:
        users = self._shared.get(link) or self._single.get(link) or {}
        since = (now_ms - self.window_ms) // MINUTE_MS
        return [share for share in users.values() if share[0] >= since]

    def _is_ring(self, link: str, now_ms: int) -> bool:
        shares = self._recent(link, now_ms)
        if len(shares) < SHARERS_LIMIT[link[0]]:
            return False
        sessions, deals = (sum([share[at] for share in shares]) for at in (1, 2))
        dealing = sum([share[2] > 0 for share in shares])
        return deals >= DEALS_RATIO * sessions and dealing * 2 > len(shares)

    def _faded(self, user: str, now_ms: int) -> tuple[float, float]:
        minute, orders, codes = self._users.get(user, (0.0, 0.0, 0.0))
        shrink = 2.0 ** -(max(0.0, now_ms - minute * MINUTE_MS) / _FADE_MS)
        return orders * shrink, codes * shrink


def _links(session: Session) -> list[str]:
    named = (("d", session.device_hash), ("a", session.address_hash))
    return [kind + name for kind, name in named if name]


def _short(user_id: str) -> str:
    return blake2b(user_id.encode(), digest_size=6).hexdigest()


def _bound(names: OrderedDict[str, Any], cap: int) -> None:
    while len(names) > cap:
        names.popitem(last=False)
