"""Keeps aiokafka's own complaints out of the way where a failure is told in our words."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_CLIENT = logging.getLogger("aiokafka")
_LOCK = threading.Lock()
_before: list[int] = []  # one entry for each block under way; the first holds the level to restore


@contextmanager
def quiet_client() -> Iterator[None]:
    """Silence aiokafka inside a block; blocks may nest, and run in several threads at once.

    Examples
    --------
    >>> with quiet_client(), quiet_client():
    ...     logging.getLogger("aiokafka").level == logging.CRITICAL
    True
    """
    with _LOCK:
        _before.append(_CLIENT.level)
        _CLIENT.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        with _LOCK:
            if len(_before) == 1:
                _CLIENT.setLevel(_before[0])
                _before.clear()
            else:
                _before.pop()
