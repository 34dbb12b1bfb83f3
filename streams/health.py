"""Whether a worker is alive, ready and started, and the small read-only server that tells it.

The server answers GET on `/metrics`, `/healthz`, `/readyz` and `/startupz` and nothing else. It
refuses a Host header that is neither an IP address, `localhost` nor an allowed name, so that no
web page can reach it by rebinding its own name to this address.
"""

import ipaddress
import time
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Middleware

from streams.metrics import Metrics
from streams.settings import Settings

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Health:
    """What the worker knows of itself; it sets the fields, the server reads them.

    Attributes
    ----------
    last_poll_s
        When Kafka was last polled, by `clock`; None before the first time.
    failed
        Why the worker cannot go on, for the moments until it has ended.
    """

    poll_age_limit_s: float = 60.0
    clock: Callable[[], float] = time.monotonic
    started: bool = False
    assigned: bool = False
    recovered: bool = False
    model_loaded: bool = False
    stopping: bool = False
    failed: str = ""
    last_poll_s: float | None = None

    def polled(self) -> None:
        """Note that Kafka was polled just now."""
        self.last_poll_s = self.clock()

    def unstarted(self) -> list[str]:
        """Give the reasons why start-up is not over; none when it is."""
        return [] if self.started else ["the worker is still starting"]

    def unhealthy(self) -> list[str]:
        """Give the reasons to restart the worker."""
        reasons = [f"failed: {self.failed}"] if self.failed else []
        if self.last_poll_s is not None:
            age_s = self.clock() - self.last_poll_s
            if age_s > self.poll_age_limit_s:
                reasons.append(f"Kafka was last polled {age_s:.0f} s ago")
        return reasons

    def unready(self) -> list[str]:
        """Give the reasons why the worker does not decide now."""
        waits = {
            "the worker is still starting": self.started,
            "no partitions are assigned": self.assigned,
            "tables are not recovered": self.recovered,
            "no model is loaded": self.model_loaded,
            "the worker is stopping": not self.stopping,
        }
        return [reason for reason, good in waits.items() if not good] + self.unhealthy()


class HealthServer:
    """Serves health and metrics from whatever event loop starts it."""

    def __init__(self, settings: Settings, health: Health, metrics: Metrics) -> None:
        self._address = (settings.metrics_host, settings.metrics_port)
        self._names = frozenset(
            {"localhost", settings.metrics_host, *settings.metrics_allowed_hosts}
        )
        self._health = health
        self._metrics = metrics
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self) -> int:
        """Listen, and give the port: a free one where the settings say 0.

        Raises
        ------
        OSError
            The port is taken, or the address is not this machine's.
        """
        runner = web.AppRunner(self._application(), access_log=None)
        await runner.setup()
        self._runner = runner
        await web.TCPSite(runner, *self._address).start()
        self.port = runner.addresses[0][1]
        return self.port

    async def stop(self) -> None:
        """Stop listening; does nothing when it was not started."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[known_host(self._names)])
        application.on_response_prepare.append(plain_headers)
        answers = {
            "/metrics": self._exposition,
            "/healthz": _told(self._health.unhealthy),
            "/readyz": _told(self._health.unready),
            "/startupz": _told(self._health.unstarted),
        }
        for path, answer in answers.items():
            application.router.add_get(path, answer, allow_head=False)
            application.router.add_get(f"{path}/", answer, allow_head=False)
        return application

    async def _exposition(self, request: web.Request) -> web.Response:
        body, content_type = self._metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})


def known_host(names: Collection[str]) -> Middleware:
    """Refuse requests for any other host than an IP address or one of `names`."""

    @web.middleware
    async def refuse(request: web.Request, handler: Answer) -> web.StreamResponse:
        if not allowed_host(request.headers.get("Host", ""), names):
            return web.Response(status=421, text="this host name is not served here\n")
        return await handler(request)  # aiohttp fixes the parameter's name

    return refuse


def allowed_host(host: str, names: Collection[str]) -> bool:
    """Tell whether a Host header names an IP address or one of `names`.

    Examples
    --------
    >>> [allowed_host(host, ["worker"]) for host in ("10.0.0.7:9464", "[::1]", "worker:80", "evil")]
    [True, True, True, False]
    """
    name = host.rsplit(":", 1)[0] if host.rpartition(":")[2].isdigit() else host
    name = name.removeprefix("[").removesuffix("]").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name in names
    return True


def _told(reasons: Callable[[], list[str]]) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        found = reasons()
        return web.Response(status=503 if found else 200, text="\n".join(found or ["ok"]) + "\n")

    return answer


async def plain_headers(request: web.Request, response: web.StreamResponse) -> None:
    """Keep answers out of caches, and say no more of the server than its name."""
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Server"] = "coupon-stream"
