"""Remembers who was erased and when, so that no older event brings them back.

A mark is a keyed hash of the user's id with a date, and a record of its own beside the rows. It
holds nothing else of the user, and can be found only by who has the id and the key.
"""

import hmac
from collections.abc import Iterator, MutableMapping, Sequence
from hashlib import sha256

from coupons import wallet
from streams import wire
from streams.context import Context, Effects, Row

# A user id holds no control characters, so no user can have such a key.
MARK = b"\x00erased:"
_MARK_BYTES = 16


class Erasures:
    """The marks of one partition.

    Parameters
    ----------
    stored
        The newest bytes of every record of the partition; its marks are taken out.

    Examples
    --------
    >>> erasures = Erasures({})
    >>> key, value = erasures.add("ann", 1_000, [b"a key"])
    >>> [erasures.covers(user, ts, [b"a key"]) for user, ts in (("ann", 1_000), ("ann", 1_001))]
    [True, False]
    >>> later = Erasures({key: value})
    >>> later.covers("ann", 1_000, [b"new", b"a key"]), later.covers("bob", 1, [b"a key"])
    (True, False)
    """

    def __init__(self, stored: MutableMapping[bytes, bytes]) -> None:
        keys = [key for key in stored if key.startswith(MARK)]
        self._marks = {key: stored.pop(key) for key in keys}

    def add(self, user_id: str, ts_ms: int, secrets: Sequence[bytes]) -> tuple[bytes, bytes]:
        """Remember that a user was erased at this event time, by the first of the secrets.

        Returns
        -------
        The record of it.
        """
        key = _mark_of(user_id, secrets[0])
        at_ms = max(ts_ms, self._erased_ms(key))
        self._marks[key] = wire.encode_row({"v": 1, "at": at_ms})
        return key, self._marks[key]

    def covers(self, user_id: str, ts_ms: int, secrets: Sequence[bytes]) -> bool:
        """Tell whether what happened then belongs to a user as they were before the erasure.

        A mark made with any of the secrets counts.
        """
        if not self._marks:
            return False  # nearly always, and a hash for each event would be felt
        return any(ts_ms <= self._erased_ms(_mark_of(user_id, one)) for one in secrets)

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Give the records, sorted."""
        return iter(sorted(self._marks.items()))

    def _erased_ms(self, key: bytes) -> int:
        value = self._marks.get(key)
        return -1 if value is None else int(wire.decode_row(value)["at"])


def _mark_of(user_id: str, secret: bytes) -> bytes:
    digest = hmac.new(secret, user_id.encode(), sha256).digest()[:_MARK_BYTES]
    return MARK + digest.hex().encode()


def forget(row: Row, user_id: str, context: Context) -> Effects:
    """Give back what a user holds, who is to be erased; nothing is learned of what was pending."""
    effects, arm = Effects(), context.rules.arm_of(user_id)
    for lifecycle in wallet.expire(row["wallet"], now_ms=1 << 62):  # by then all have
        context.partition.ledger.settle(lifecycle, arm)
        effects.lifecycle.append(lifecycle)
    if "shared" in row:
        context.partition.claims.drop(row["shared"], 0)
    row["pending"].clear()
    return effects
