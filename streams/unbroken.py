"""Work that goes on when nobody waits for it any more."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import structlog

log = structlog.get_logger()


async def unbroken(work: Coroutine[Any, Any, None]) -> None:
    """Await work that a cancelled waiter leaves running to its end.

    A rebalance cancels whoever waits for a takeover, but not the broker that was asked to fence
    others: its answer may come after that to the next takeover, which would then be fenced itself.
    So a takeover is never broken off, and whoever comes next waits for it.
    """
    task = asyncio.create_task(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        task.add_done_callback(_tell)
        raise


def _tell(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.info("a takeover that nobody waited for any more came to nothing", reason=str(error))
