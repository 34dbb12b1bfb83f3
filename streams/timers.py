"""When time alone has something to do for a user: a heap by event time, rebuilt from the rows."""

import heapq
from collections.abc import Iterator


class Timers:
    """At most one timer for each key; an earlier one replaces a later one.

    Examples
    --------
    >>> timers = Timers()
    >>> timers.set(b"ann", 20)
    >>> timers.set(b"bob", 10)
    >>> timers.set(b"ann", 5)
    >>> list(timers.due(12)), list(timers.due(30))
    ([b'ann', b'bob'], [])
    """

    def __init__(self) -> None:
        self._heap: list[tuple[int, bytes]] = []
        self._set: dict[bytes, int] = {}

    @property
    def next_ms(self) -> int | None:
        """The earliest moment at which something may be due."""
        return self._heap[0][0] if self._heap else None

    def is_due(self, now_ms: int) -> bool:
        """Tell whether `due` may have something to give."""
        return bool(self._heap) and self._heap[0][0] <= now_ms

    def set(self, key: bytes, due_ms: int | None) -> None:
        """Wake `key` at `due_ms`, or earlier if that was set before; None sets nothing."""
        if due_ms is not None and due_ms < self._set.get(key, due_ms + 1):
            self._set[key] = due_ms
            heapq.heappush(self._heap, (due_ms, key))

    def clear(self, key: bytes) -> None:
        """Wake `key` no more."""
        self._set.pop(key, None)

    def due(self, now_ms: int) -> Iterator[bytes]:
        """Give, and forget, the keys that are due by `now_ms`, the earliest first.

        A key may be set anew while this runs, and is given again if it is due again.
        """
        while self._heap and self._heap[0][0] <= now_ms:
            due_ms, key = heapq.heappop(self._heap)
            if self._set.get(key) == due_ms:  # otherwise an earlier timer has taken its place
                del self._set[key]
                yield key
