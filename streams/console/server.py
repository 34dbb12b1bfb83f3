"""Serves the page, its state as JSON and as server-sent events, and one decision explained.

It only reads. Where it is given faults (the demo does) they are called by POST, with the token that
the page read from this very server. Like `streams.health` it refuses host names it does not know,
so that no other web page can reach it by rebinding its name.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from aiohttp import web

from streams import lookup, wire
from streams.console.telling import other, whole
from streams.decisions import Decision
from streams.health import Answer, known_host, plain_headers

FOLDER = Path(__file__).parent / "page"
FILES = {
    "index.html": "text/html",
    "console.css": "text/css",
    "console.js": "text/javascript",
    "panels.js": "text/javascript",
    "charts.js": "text/javascript",
    "search.js": "text/javascript",
    "words.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
STREAMS_COUNT = 32
TOKEN_HEADER = "X-Console-Token"

State = Callable[[], Mapping[str, Any]]
Find = Callable[[str], Awaitable[Decision]]
Fault = Callable[[], Awaitable[None]]


class ConsoleServer:
    """Serves one board from the event loop that starts it.

    Parameters
    ----------
    state
        Gives all that the page shows, as plain JSON.
    find
        Finds a decision by its id; raises `LookupFailedError`.
    names
        Host names to answer to, besides `localhost` and IP addresses.
    faults
        What the page may break, by name.
    more
        Other paths that are answered to GET.
    """

    def __init__(
        self,
        state: State,
        find: Find,
        currency: str,
        *,
        names: Collection[str] = (),
        faults: Mapping[str, Fault] | None = None,
        more: Mapping[str, Answer] | None = None,
        period_s: float = 1.0,
    ) -> None:
        self._state = state
        self._find = find
        self._currency = currency
        self._names = frozenset({"localhost", *names})
        self._faults = dict(faults or {})
        self._more = dict(more or {})
        self._period_s = period_s
        self._token = secrets.token_urlsafe(24)
        self._body = b""
        self._changed = asyncio.Event()
        self._streams_count = 0
        self._searching = asyncio.Semaphore(1)
        self._runner: web.AppRunner | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> int:
        """Listen, and give the port: a free one where it is 0.

        Raises
        ------
        OSError
            The port is taken, or the address is not this machine's.
        """
        self._renew()
        runner = web.AppRunner(self._application(), access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, host, port).start()
        self._ticking = asyncio.create_task(self._tick())
        self.port = runner.addresses[0][1]
        return self.port

    async def stop(self) -> None:
        """Stop listening; streams that are open end."""
        if self._ticking is not None:
            self._ticking.cancel()
            with suppress(asyncio.CancelledError):
                await self._ticking
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[known_host(self._names)], client_max_size=1_024)
        application.on_response_prepare.append(_safe_headers)
        router = application.router
        for name, content_type in FILES.items():
            path = "/" if name == "index.html" else f"/{name}"
            router.add_get(path, _file(FOLDER / name, content_type), allow_head=False)
        router.add_get("/api/state", self._now, allow_head=False)
        router.add_get("/api/stream", self._stream, allow_head=False)
        router.add_get("/api/decisions/{id}", self._decision, allow_head=False)
        router.add_get("/api/decisions/{id}/why-not/{coupon}", self._why_not, allow_head=False)
        for path, answer in self._more.items():
            router.add_get(path, answer, allow_head=False)
        if self._faults:
            router.add_post("/api/faults/{kind}", self._break)
        return application

    # -- the state -----------------------------------------------------------------------------

    def _renew(self) -> None:
        faults = {"faults": sorted(self._faults), "token": self._token} if self._faults else {}
        self._body = wire.to_json({**self._state(), **faults}).encode()

    async def _tick(self) -> None:
        """Write the state down once for all who look; what nobody looks at costs nothing."""
        while True:
            await asyncio.sleep(self._period_s)
            if self._streams_count:
                self._renew()
                self._changed.set()
                self._changed.clear()

    async def _now(self, request: web.Request) -> web.StreamResponse:
        self._renew()
        return web.Response(body=self._body, content_type="application/json")

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        if self._streams_count >= STREAMS_COUNT:
            return _failed(503, f"at most {STREAMS_COUNT} pages can follow at once")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        self._streams_count += 1
        try:
            await response.prepare(request)
            self._renew()
            while True:
                await response.write(b"data: " + self._body + b"\n\n")
                await self._changed.wait()
        except ConnectionResetError:
            return response  # whoever looked has gone
        finally:
            self._streams_count -= 1

    # -- one decision --------------------------------------------------------------------------

    async def _decision(self, request: web.Request) -> web.StreamResponse:
        return await self._told(request, lambda found: whole(found, self._currency))

    async def _why_not(self, request: web.Request) -> web.StreamResponse:
        coupon = request.match_info["coupon"]
        return await self._told(request, lambda found: other(found, coupon, self._currency))

    async def _told(
        self, request: web.Request, tell: Callable[[Decision], Mapping[str, Any]]
    ) -> web.StreamResponse:
        identity = request.match_info["id"]
        if not lookup.is_identity(identity):
            return _failed(400, "an id is 26 letters a-z and digits 2-7")
        try:
            async with self._searching:
                found = await self._find(identity)
        except lookup.LookupFailedError as error:
            return _failed(404, str(error))
        try:
            return web.json_response(tell(found), dumps=wire.to_json)
        except ValueError as error:
            return _failed(404, str(error))

    # -- the demo's faults ---------------------------------------------------------------------

    async def _break(self, request: web.Request) -> web.StreamResponse:
        origin = request.headers.get("Origin")
        if origin is not None and origin != f"http://{request.headers['Host']}":
            return _failed(403, "only this page may ask for that")
        token = request.headers.get(TOKEN_HEADER, "")
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return _failed(403, "the token must be that of this page")
        fault = self._faults.get(request.match_info["kind"])
        if fault is None:
            return _failed(404, f"must be one of {', '.join(sorted(self._faults))}")
        await fault()
        return web.json_response({"done": request.match_info["kind"]}, dumps=wire.to_json)


def _file(path: Path, content_type: str) -> Answer:
    text = path.read_text(encoding="utf-8")

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text, content_type=content_type, charset="utf-8")

    return answer


def _failed(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status, dumps=wire.to_json)


async def _safe_headers(request: web.Request, response: web.StreamResponse) -> None:
    await plain_headers(request, response)
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
