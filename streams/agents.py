"""One short agent per inbound concern; all thinking is elsewhere.

An agent that raises ends the process: its chunk is not reported as done, so nothing of it is
committed, and the next owner of the partition takes it again.
"""

from collections.abc import AsyncIterable

from mode import CrashingSupervisor

from streams.app import Declared
from streams.chunks import Chunk
from streams.engine import Engine


def register(declared: Declared, engine: Engine) -> None:
    """Attach the agents to their topics."""
    agent = declared.app.agent

    @agent(declared.shop, name="on_shop_event", supervisor_strategy=CrashingSupervisor)
    async def on_shop_event(chunks: AsyncIterable[Chunk]) -> None:
        """Apply what customers did: rows and decisions."""
        async for chunk in chunks:
            await engine.on_shop_event(chunk)

    @agent(declared.outcomes, name="on_outcome", supervisor_strategy=CrashingSupervisor)
    async def on_outcome(chunks: AsyncIterable[Chunk]) -> None:
        """Train on settled decisions; only the worker that owns the one partition does."""
        async for chunk in chunks:
            await engine.on_outcome(chunk)

    @agent(declared.budget, name="on_budget", supervisor_strategy=CrashingSupervisor)
    async def on_budget(chunks: AsyncIterable[Chunk]) -> None:
        """Lease money to partitions; only the worker that owns the ledger does."""
        async for chunk in chunks:
            await engine.on_budget(chunk)

    @agent(declared.sessions, name="on_session", supervisor_strategy=CrashingSupervisor)
    async def on_session(chunks: AsyncIterable[Chunk]) -> None:
        """Learn what is known of all customers; only the worker that trains does."""
        async for chunk in chunks:
            await engine.on_session(chunk)
