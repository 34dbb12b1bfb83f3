"""Logs without personal data: JSON lines, or a console on a terminal, and never too many of them.

All lines take one way: structlog's own and those of faust, mode and aiokafka pass the same filter
and the same processors, then go to stderr. stdout belongs to the commands' answers.
"""

import hashlib
import hmac
import logging
import re
import secrets
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from typing import Any, TextIO

import structlog
from pydantic import SecretStr
from structlog.typing import EventDict, Processor, WrappedLogger

from streams.settings import Settings

REDACTED = "[redacted]"
MAX_TEXT_CHARS = 4_000
PSEUDONYM_CHARS = 16

LINES_PER_WINDOW = 10
WINDOW_SECONDS = 10.0
MAX_KINDS = 1_000

# Who a line is about is told by a pseudonym; what else tells something of a person is not told.
IDENTITIES = frozenset({"user_id", "anonymous_id", "person_id", "address_id", "key"})
PRIVATE = re.compile(
    r"password|secret|token|authorization|credential|cookie|e_?mail|phone|address|birth|query"
    r"|payload|coupon_code|_keys?$",
    re.IGNORECASE,
)
PERSONAL_TEXT = re.compile(
    r"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses, in one pass over any text
    r"|\+\d[\d ()-]{6,}\d"  # telephone numbers in international form
    r"|\b[3-6]\d{3}(?:[ -]?\d{4}){2,3}[ -]?\d{1,4}\b"  # payment cards
    r"|(?<=://)[^/\s@]+(?=@)"  # user and password in a URL
)


class Pseudonyms:
    """Keyed hashes of user ids: the same id and key give the same name, nobody gets back."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, user_id: str) -> str:
        """Give the pseudonym of a user.

        Examples
        --------
        >>> Pseudonyms(b"key")("ann")
        '9d77c3180ff81edf'
        """
        digest = hmac.new(self._key, user_id.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return digest.hexdigest()[:PSEUDONYM_CHARS]


# Without a configured key the names of one process mean nothing to another.
_current = [Pseudonyms(secrets.token_bytes(32))]


def pseudonym(user_id: str) -> str:
    """Give the name under which logs may speak of a user."""
    return _current[0](user_id)


class Redaction:
    """Masks secrets and personal data in every field of a line, at any depth."""

    def __init__(self, known_secrets: Collection[str] = ()) -> None:
        self._secrets = sorted((text for text in known_secrets if text), key=len, reverse=True)

    def __call__(self, logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
        """Mask a line, as structlog calls its processors."""
        return {name: self._field(name, value) for name, value in line.items()}

    def _field(self, name: str, value: Any) -> Any:
        if name.startswith("_"):  # structlog's own: the record, and where it came from
            return value
        if name in IDENTITIES and value is not None:
            return pseudonym(
                value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
            )
        if PRIVATE.search(name) and not isinstance(value, bool | None):
            return REDACTED
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {str(name): self._field(str(name), inner) for name, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self._value(inner) for inner in value]
        if isinstance(value, bool | int | float | None):
            return value
        text = repr(value) if isinstance(value, bytes) else str(value)
        for secret in self._secrets:
            text = text.replace(secret, REDACTED)
        text = PERSONAL_TEXT.sub(REDACTED, text)
        if len(text) <= MAX_TEXT_CHARS:
            return text
        half = MAX_TEXT_CHARS // 2  # a traceback tells most at its two ends
        return f"{text[:half]} ... {text[-half:]}"


class RateLimit(logging.Filter):
    """Lets a kind of line through a few times per window, then tells how many it held back.

    Two lines are of one kind when logger, level and text before formatting are the same.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: OrderedDict[tuple[str, int, str], list[float]] = OrderedDict()

    @property
    def kinds_count(self) -> int:
        """How many kinds of lines are remembered."""
        return len(self._kinds)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line may be written; called by `logging`."""
        line = record.msg
        text = str(line.get("event") if isinstance(line, dict) else line)
        kind, now = (record.name, record.levelno, text[:200]), self._clock()
        window = self._kinds.setdefault(kind, [now, 0, 0])
        self._kinds.move_to_end(kind)
        if len(self._kinds) > MAX_KINDS:
            self._kinds.popitem(last=False)
        started, written, held = window
        if now - started >= WINDOW_SECONDS:
            window[:] = [now, 1, 0]
            if held:
                record.held_back_count = int(held)
            return True
        if written < LINES_PER_WINDOW:
            window[1] += 1
            return True
        window[2] += 1
        return False


def configure(
    settings: Settings,
    stream: TextIO | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Send all logs of this process to `stream` (stderr), as the settings ask."""
    stream = sys.stderr if stream is None else stream
    if settings.pseudonym_key is not None:
        _current[0] = Pseudonyms(settings.pseudonym_key.get_secret_value().encode())
    terminal = stream.isatty()
    console = settings.log_format == "console" or (settings.log_format == "auto" and terminal)
    renderer: Processor = structlog.processors.JSONRenderer(sort_keys=True, ensure_ascii=False)
    if console:
        plain = structlog.dev.plain_traceback
        renderer = structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=plain)
    handler = logging.StreamHandler(stream)
    handler.addFilter(RateLimit(clock))
    handler.setFormatter(_formatter(_secrets_of(settings), renderer))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.log_level.upper())
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _formatter(
    known_secrets: Collection[str], renderer: Processor
) -> structlog.stdlib.ProcessorFormatter:
    return structlog.stdlib.ProcessorFormatter(
        processors=[
            _held_back,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            Redaction(known_secrets),
            renderer,
        ],
        foreign_pre_chain=[],
    )


def _held_back(logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
    held = getattr(line["_record"], "held_back_count", 0)
    return {**line, "held_back_count": held} if held else line


def _secrets_of(settings: Settings) -> tuple[str, ...]:
    values = (getattr(settings, name) for name in type(settings).model_fields)
    return tuple(value.get_secret_value() for value in values if isinstance(value, SecretStr))
