"""A bad network on the loopback: connections that are slow, narrow, cut, or dead without a word."""

import asyncio
import threading
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any, NamedTuple, Self

from streams.brokers.ports import HOST

_READ_BYTES = 64 * 1024
_ANSWER_SECONDS = 10.0


class Doors(NamedTuple):
    """Ports of a broker with two doors; who comes by the second is told to come by the proxy."""

    plain: int
    proxied: int
    controller: int
    proxy: int

    def settings(self) -> dict[str, str]:
        """Give the properties that make a broker listen there."""
        return {
            "controller.quorum.voters": f"1@{HOST}:{self.controller}",
            "listeners": f"PLAINTEXT://{HOST}:{self.plain},PROXIED://{HOST}:{self.proxied},"
            f"CONTROLLER://{HOST}:{self.controller}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.plain},"
            f"PROXIED://{HOST}:{self.proxy}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,"
            "CONTROLLER:PLAINTEXT",
        }


class _Pipe:
    """One direction of a connection: what comes in goes out later, in order."""

    def __init__(
        self, proxy: "Proxy", source: asyncio.StreamReader, sink: asyncio.StreamWriter
    ) -> None:
        self._proxy = proxy
        self._source = source
        self._sink = sink
        self._under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        self.is_dead = False

    async def run(self) -> None:
        """Carry bytes until one end closes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._take())
            group.create_task(self._give())

    async def _take(self) -> None:
        loop = asyncio.get_running_loop()
        while piece := await self._source.read(_READ_BYTES):
            if not self.is_dead:
                self._under_way.put_nowait((loop.time() + self._proxy.delay_s, piece))
        self._under_way.put_nowait((loop.time(), b""))

    async def _give(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due_s, piece = await self._under_way.get()
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            if not piece:
                self._sink.close()
                return
            if self.is_dead:
                continue
            self._sink.write(piece)
            await self._sink.drain()
            if self._proxy.bytes_per_second is not None:
                await asyncio.sleep(len(piece) / self._proxy.bytes_per_second)


class Proxy:
    """Carries connections to a port of this machine, alive inside a `with` block.

    Attributes
    ----------
    delay_s
        How long a byte is under way, each way.
    bytes_per_second
        How much a connection carries, each way; None for as much as it can.
    """

    def __init__(self, port: int, target_port: int) -> None:
        self.port = port
        self.delay_s = 0.0
        self.bytes_per_second: float | None = None
        self.accepted_count = 0
        self._target_port = target_port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._server: asyncio.Server | None = None
        self._open: dict[asyncio.Task[None], tuple[_Pipe, _Pipe]] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(self, *failure: object) -> None:
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def cut(self) -> int:
        """Close every connection; tells how many there were. New ones are served."""
        return self._do(self._cut())

    def go_silent(self) -> int:
        """Let every connection stand and carry nothing any more, as a lost route does.

        Neither end is told; new connections are served. Tells how many there were.
        """
        return self._do(self._go_silent())

    def _do(self, work: Coroutine[Any, Any, int]) -> int:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_ANSWER_SECONDS)

    async def _listen(self) -> int:
        self._server = await asyncio.start_server(self._accept, HOST, self.port)
        return 0

    async def _cut(self) -> int:
        doomed = list(self._open)
        for task in doomed:
            task.cancel()
        await asyncio.gather(*doomed, return_exceptions=True)
        return len(doomed)

    async def _go_silent(self) -> int:
        for pipes in self._open.values():
            for pipe in pipes:
                pipe.is_dead = True
        return len(self._open)

    async def _close(self) -> int:
        assert self._server is not None
        self._server.close()
        return await self._cut()

    async def _accept(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        try:
            far_in, far_out = await asyncio.open_connection(HOST, self._target_port)
        except OSError:
            near_out.close()  # the broker is away: refuse, as it would
            return
        self.accepted_count += 1
        pipes = _Pipe(self, near_in, far_out), _Pipe(self, far_in, near_out)
        task = asyncio.current_task()
        assert task is not None
        self._open[task] = pipes
        try:
            with suppress(OSError, ExceptionGroup, asyncio.CancelledError):
                await asyncio.gather(*(pipe.run() for pipe in pipes))
        finally:
            del self._open[task]
            near_out.close()
            far_out.close()
