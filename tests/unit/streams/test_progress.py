"""The watchdog: what counts as standing still, and that it is acted upon from outside."""

import threading

from streams.progress import Progress, Watchdog


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def stalled(progress: Progress) -> str | None:
    return progress.stalled(limit_s=30.0, recovery_limit_s=120.0)


def test_a_worker_with_nothing_to_do_stands_still_in_peace() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.behind(0)
    clock.now_s += 3_600
    assert stalled(progress) is None


def test_an_event_loop_that_does_not_turn_is_a_stall() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.beat()
    clock.now_s += 29
    assert stalled(progress) is None
    clock.now_s += 2
    assert stalled(progress) == "the event loop has stood still for 31 s"


def test_p15_a_transaction_that_does_not_end_is_a_stall() -> None:
    clock = Clock()
    progress = Progress(clock)
    first, second = progress.begin("transaction"), progress.begin("transaction")
    clock.now_s += 20
    progress.end(second)
    clock.now_s += 11
    assert stalled(progress) == "a transaction has taken 31 s"
    progress.end(first)
    assert stalled(progress) is None


def test_recovery_has_a_deadline_of_its_own() -> None:
    clock = Clock()
    progress = Progress(clock)
    with progress.working("recovery"):
        clock.now_s += 100
        assert stalled(progress) is None
        clock.now_s += 21
        assert stalled(progress) == "a recovery has taken 121 s"
    assert stalled(progress) is None


def test_p15_records_that_wait_while_none_is_taken_are_a_stall() -> None:
    clock = Clock()
    progress = Progress(clock)
    progress.behind(500)
    clock.now_s += 20
    progress.behind(400)
    clock.now_s += 11
    assert stalled(progress) == "records have waited for 31 s"
    progress.end(progress.begin("transaction"))
    assert stalled(progress) is None


def test_the_watchdog_ends_a_stalled_worker_once_and_from_its_own_thread() -> None:
    clock, ended, rings = Clock(), threading.Event(), []
    progress = Progress(clock)
    progress.beat()
    clock.now_s += 31

    def end(stall: str) -> None:
        rings.append((stall, threading.current_thread().name))
        ended.set()

    watchdog = Watchdog(progress, end, limit_s=30.0, recovery_limit_s=120.0, check_seconds=0.01)
    watchdog.start()
    assert ended.wait(30)
    watchdog.join(30)
    assert rings == [("the event loop has stood still for 31 s", "watchdog")]
