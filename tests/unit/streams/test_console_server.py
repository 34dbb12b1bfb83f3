"""The console's server: what is answered, to whom, and what is refused."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from coupons.arms import ArmShares
from streams import flow, lookup, wire
from streams.console.board import Board
from streams.console.server import FILES, STREAMS_COUNT, ConsoleServer
from streams.decisions import Decision
from tests.builders import DAY_MS, a_catalogue, a_context, an_event


def decided() -> Decision:
    decision = flow.step(flow.new_row(), an_event(), a_context()).decision
    assert decision is not None
    return decision


DECISION = decided()
PATH = f"/api/decisions/{DECISION.decision_id}"


class Page:
    """A server over a board of one decision, with one fault that counts its calls."""

    def __init__(self, faults: bool) -> None:
        self.broken = 0
        board = Board(a_catalogue(), ArmShares(), "EUR", 30 * DAY_MS)
        board.decided(DECISION, wire.encode_decision(DECISION)[1] or b"")

        async def find(identity: str) -> Decision:
            found = board.kept(identity)
            if found is None:
                message = f"no decision {identity}"
                raise lookup.LookupFailedError(message)
            return found

        async def fault() -> None:
            self.broken += 1

        self.server = ConsoleServer(
            lambda: board.state(0.0, 0.0),
            find,
            "EUR",
            names=["console.shop"],
            faults={"poison": fault} if faults else None,
            period_s=0.01,
        )

    async def ask(
        self, path: str, method: str = "GET", **headers: str
    ) -> tuple[int, bytes, dict[str, str]]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, url, headers=headers) as answer,
        ):
            return answer.status, await answer.read(), dict(answer.headers)

    async def state(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads((await self.ask("/api/state"))[1])
        return told


@pytest.fixture
async def page(request: pytest.FixtureRequest) -> AsyncIterator[Page]:
    page = Page(faults=getattr(request, "param", "demo") == "demo")
    await page.server.start("127.0.0.1", 0)
    yield page
    await page.server.stop()


@pytest.mark.parametrize("name", FILES)
async def test_every_file_of_the_page_is_served_under_a_strict_policy(
    page: Page, name: str
) -> None:
    path = "/" if name == "index.html" else f"/{name}"
    status, body, headers = await page.ask(path)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, FILES[name])
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert b"://" not in body.replace(b"http://www.w3.org/2000/svg", b"")  # nothing from elsewhere
    assert b"innerHTML" not in body
    assert b"onclick" not in body


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:1", 200), ("127.0.0.1", 200), ("console.shop", 200), ("evil.example", 421)],
)
async def test_only_known_host_names_are_answered(page: Page, host: str, status: int) -> None:
    for path in ("/", "/api/state", PATH):
        assert (await page.ask(path, Host=host))[0] == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
async def test_the_page_can_only_be_read(page: Page, method: str) -> None:
    for path in ("/", "/api/state", "/api/stream", PATH):
        assert (await page.ask(path, method))[0] == 405


async def test_a_decision_is_explained_as_the_command_does(page: Page) -> None:
    status, body, _ = await page.ask(PATH)
    told = json.loads(body)
    assert (status, told["decision_id"], told["coupons"]) == (200, DECISION.decision_id, ["ten"])
    assert told["headline"]["zh"]


async def test_why_not_is_told_of_coupons_that_the_decision_knew(page: Page) -> None:
    assert (await page.ask(f"{PATH}/why-not/ten"))[0] == 200
    status, body, _ = await page.ask(f"{PATH}/why-not/twenty")
    assert (status, "must be one of ten" in json.loads(body)["error"]) == (404, True)


@pytest.mark.parametrize(("identity", "status"), [("a" * 26, 404), ("42", 400), ("A" * 26, 400)])
async def test_a_decision_that_is_not_there_is_said(page: Page, identity: str, status: int) -> None:
    told, body, _ = await page.ask(f"/api/decisions/{identity}")
    assert (told, bool(json.loads(body)["error"])) == (status, True)


@pytest.mark.parametrize("page", ["console"], indirect=True)
async def test_without_faults_nothing_can_be_broken(page: Page) -> None:
    assert "faults" not in await page.state()
    assert (await page.ask("/api/faults/poison", "POST"))[0] == 404


async def test_a_fault_needs_the_token_and_the_origin_of_this_page(page: Page) -> None:
    token = {"X-Console-Token": (await page.state())["token"]}
    path = "/api/faults/poison"
    assert (await page.ask(path, "POST"))[0] == 403
    assert (await page.ask(path, "POST", **{"X-Console-Token": "guessed"}))[0] == 403
    assert (await page.ask(path, "POST", Origin="http://evil.example", **token))[0] == 403
    assert (await page.ask(path, "GET", **token))[0] == 405
    assert page.broken == 0
    own = f"http://127.0.0.1:{page.server.port}"
    assert (await page.ask(path, "POST", Origin=own, **token))[0] == 200
    assert (await page.ask("/api/faults/other", "POST", **token))[0] == 404
    assert page.broken == 1


async def test_the_stream_goes_on_telling_the_state_and_has_room_for_so_many(page: Page) -> None:
    url = f"http://127.0.0.1:{page.server.port}/api/stream"
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as session:
        streams = [await session.get(url) for _ in range(STREAMS_COUNT)]
        for _ in range(3):
            line = await streams[0].content.readline()
            assert json.loads(line.removeprefix(b"data: "))["currency"] == "EUR"
            assert await streams[0].content.readline() == b"\n"
        assert (await page.ask("/api/stream"))[0] == 503
        for stream in streams:
            stream.close()
        async with asyncio.timeout(20):
            while True:  # those who have gone are noticed at the next state
                async with session.get(url) as again:
                    if again.status == 200:
                        break
                await asyncio.sleep(0)
