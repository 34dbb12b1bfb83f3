"""The demo's page: the console over the demo's own board, with the worker's metrics beside it."""

import time
from collections.abc import Mapping
from typing import Any

import aiohttp
from aiohttp import web

from streams.console.board import KEPT_COUNT, Board
from streams.console.server import ConsoleServer, Fault
from streams.decisions import Decision
from streams.lookup import LookupFailedError

PATHS = ("/metrics", "/healthz", "/readyz", "/startupz")


class DemoPage:
    """A console that lives as long as an `async with` block.

    The worker's metrics and health are answered here, too: one address for all of the demo.
    """

    def __init__(
        self,
        board: Board,
        faults: Mapping[str, Fault],
        *,
        began_s: float,
        port: int,
        metrics_port: int,
    ) -> None:
        self._board = board
        self._began_s = began_s
        self._port = port
        self._metrics_port = metrics_port
        self._server = ConsoleServer(
            self._state,
            self._find,
            board.currency,
            faults=faults,
            more=dict.fromkeys(PATHS, self._passed_on),
        )

    async def __aenter__(self) -> None:
        await self._server.start("127.0.0.1", self._port)

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()

    def _state(self) -> dict[str, Any]:
        return self._board.state(time.monotonic() - self._began_s, time.time())

    async def _find(self, identity: str) -> Decision:
        found = self._board.kept(identity)
        if found is None:
            message = f"no decision {identity} among the newest {KEPT_COUNT:,}"
            raise LookupFailedError(message)
        return found

    async def _passed_on(self, request: web.Request) -> web.StreamResponse:
        """Ask the worker, whose port differs from demo to demo."""
        url = f"http://127.0.0.1:{self._metrics_port}{request.path}"
        accepted = {"Accept": request.headers.get("Accept", "")}
        try:
            async with (
                aiohttp.ClientSession() as session,
                session.get(url, headers=accepted) as answer,
            ):
                headers = {"Content-Type": answer.headers["Content-Type"]}
                body = await answer.read()
                return web.Response(body=body, status=answer.status, headers=headers)
        except aiohttp.ClientError:
            return web.Response(status=503, text="the worker does not answer\n")
