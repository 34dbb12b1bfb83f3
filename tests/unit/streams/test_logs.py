"""Logs: no personal data, no secrets, not too many lines, one way for all of them."""

import io
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog

from streams import logs, settings

USER = "ann-canary-4711"
SECRET = "secret-canary-0815"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def configured(clock: Callable[[], float], stream: io.StringIO, **overrides: str) -> io.StringIO:
    logs.configure(settings.load(overrides=overrides), stream, clock)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_are_json_where_nobody_watches(clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    structlog.get_logger("coupon").info("chunk.applied", topic="shop.cart.v1", records=3)
    (line,) = lines(stream)
    assert line["event"] == "chunk.applied"
    assert (line["level"], line["logger"], line["records"]) == ("info", "coupon", 3)
    assert line["timestamp"].endswith("Z")


def test_a_terminal_gets_colours_and_a_pipe_does_not(clock: Clock) -> None:
    watched = configured(clock, Terminal())
    structlog.get_logger().warning("hello")
    piped = configured(clock, io.StringIO(), log_format="console")
    structlog.get_logger().warning("hello")
    assert "\x1b[" in watched.getvalue()
    assert "hello" in piped.getvalue()
    assert "\x1b[" not in piped.getvalue()


@pytest.mark.parametrize("name", ["faust", "mode", "aiokafka.consumer"])
def test_lines_of_libraries_take_the_same_way(name: str, clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    logging.getLogger(name).warning("partition %s of %s", 3, "bob@example.org")
    (line,) = lines(stream)
    assert (line["logger"], line["level"]) == (name, "warning")
    assert line["event"] == f"partition 3 of {logs.REDACTED}"


def test_less_severe_lines_than_asked_for_are_not_written(clock: Clock) -> None:
    stream = configured(clock, io.StringIO(), log_level="warning")
    structlog.get_logger().info("not this")
    logging.getLogger("faust").info("nor this")
    structlog.get_logger().warning("this")
    assert [line["event"] for line in lines(stream)] == ["this"]


def test_p21_users_appear_by_pseudonym_only(clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    log = structlog.get_logger().bind(user_id=USER)
    log.info("one", nested={"anonymous_id": USER}, key=USER.encode())
    (line,) = lines(stream)
    assert USER not in stream.getvalue()
    assert line["user_id"] == line["key"] == line["nested"]["anonymous_id"] == logs.pseudonym(USER)


@pytest.mark.parametrize(
    "canary",
    [
        "jo.canary+x@mail.example.org",
        "+49 170 555 0199",
        "4111 1111 1111 1111",
        "5500005555555559",
        "jo:hunter2",
    ],
)
def test_p21_personal_text_is_masked_at_any_depth(canary: str, clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    text = f"http://{canary}@host/" if canary == "jo:hunter2" else f"of {canary} today"
    log = structlog.get_logger()
    log.info(text, field=text, nested=[{"deep": (text,)}])
    try:
        raise ValueError(text)
    except ValueError:
        log.exception("failed")
    logging.getLogger("aiokafka").error("%s", text)
    assert len(lines(stream)) == 3
    assert canary not in stream.getvalue()


@pytest.mark.parametrize("name", ["password", "sasl_password", "auth_token", "email", "query"])
def test_fields_named_after_something_private_are_masked(name: str, clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    structlog.get_logger().info("x", **{name: "canary"})
    assert lines(stream)[0][name] == logs.REDACTED


def test_configured_secrets_are_masked_wherever_they_turn_up(clock: Clock) -> None:
    stream = configured(clock, io.StringIO(), kafka_sasl_password=SECRET)
    logging.getLogger("aiokafka").error("login with %s failed", SECRET, exc_info=OSError(SECRET))
    assert len(lines(stream)) == 1
    assert SECRET not in stream.getvalue()


def test_figures_and_times_are_left_alone(clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    structlog.get_logger().info("x", offset=4111111111111111, at="2026-01-02T03:04:05Z", ratio=0.5)
    line = lines(stream)[0]
    assert (line["offset"], line["ratio"]) == (4111111111111111, 0.5)
    assert line["at"] == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("text", ["y", "y@", "+1", "4111 ", "://"])
def test_a_long_text_is_cut_without_a_long_search(text: str, clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    structlog.get_logger().info("x", detail=text * 300_000)
    assert len(stream.getvalue()) < 2 * logs.MAX_TEXT_CHARS


def test_repeated_lines_are_held_back_and_counted(clock: Clock) -> None:
    stream = configured(clock, io.StringIO())
    for turn in range(1_000):
        logging.getLogger("faust").warning("refused %s", turn)
    assert len(lines(stream)) == logs.LINES_PER_WINDOW
    logging.getLogger("faust").warning("something else")
    clock.now_s += logs.WINDOW_SECONDS
    logging.getLogger("faust").warning("refused %s", "again")
    assert len(lines(stream)) == logs.LINES_PER_WINDOW + 2
    assert lines(stream)[-1]["held_back_count"] == 1_000 - logs.LINES_PER_WINDOW


def test_the_memory_of_kinds_is_bounded(clock: Clock) -> None:
    limit = logs.RateLimit(clock)
    for turn in range(5_000):
        record = logging.LogRecord("a", logging.INFO, "", 0, f"kind {turn}", (), None)
        assert limit.filter(record)
    assert limit.kinds_count == logs.MAX_KINDS


def test_pseudonyms_depend_on_the_key_and_on_nothing_else() -> None:
    one, other = logs.Pseudonyms(b"one"), logs.Pseudonyms(b"other")
    assert one(USER) == logs.Pseudonyms(b"one")(USER) != other(USER)
    assert one("\ud800") != one("a")
    assert len(one(USER)) == logs.PSEUDONYM_CHARS


def test_a_configured_key_fixes_the_pseudonyms(clock: Clock) -> None:
    configured(clock, io.StringIO(), pseudonym_key="shared")
    assert logs.pseudonym(USER) == logs.Pseudonyms(b"shared")(USER)
