"""A worker whose clock is wrong, as the environment names it.

Python's `time.time` and `time.time_ns` are wrapped; what C code asks of the system is not.
"""

import os
import time
from collections.abc import Callable

from streams import cli

VARIABLE = "COUPON_CLOCK"
DAY_S, HOUR_S = 86_400.0, 3_600.0
STEP_EVERY_S = 5.0

real_s = time.time


def a_day_ahead() -> float:
    """Give tomorrow."""
    return real_s() + DAY_S


def a_day_behind() -> float:
    """Give yesterday."""
    return real_s() - DAY_S


def stepping_back() -> float:
    """Give a clock that goes back by an hour every few seconds."""
    now_s = real_s()
    return now_s - HOUR_S * (now_s // STEP_EVERY_S % 24)


SHIFTS: dict[str, Callable[[], float]] = {
    "a day ahead": a_day_ahead,
    "a day behind": a_day_behind,
    "stepping back": stepping_back,
}


def main() -> None:
    """Set the clock and run the worker command."""
    clock = SHIFTS[os.environ.pop(VARIABLE)]
    time.time = clock
    time.time_ns = lambda: int(clock() * 1e9)
    cli.main()


if __name__ == "__main__":
    main()
