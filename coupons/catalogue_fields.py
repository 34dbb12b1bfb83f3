"""Reads the fields of a catalogue entry one by one, and notes every problem by name and line."""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches

from coupons.catalogue_problems import Path, Source
from features.events import MAX_MONEY_MINOR

DURATIONS_MS = {"w": 604_800_000, "d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1_000}
MAX_TEXT = 128
MAX_WHOLE = 1_000_000_000
MAX_DURATION_MS = 3_660 * DURATIONS_MS["d"]
RATIO_DIGITS = 4

# ISO 4217; every other currency has two decimals.
_NO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
DECIMALS = dict.fromkeys(_NO_DECIMALS.split(), 0) | dict.fromkeys(_THREE_DECIMALS.split(), 3)
_CURRENCY = re.compile(r"[A-Z]{3}")
_NUMBER = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,6})?")


class Entry:
    """The fields of one mapping. A field with a problem is noted and read as its default."""

    def __init__(
        self, source: Source, tree: object, path: Path, name: str, allowed: Collection[str]
    ) -> None:
        self.source = source
        self.path = path
        self.name = name
        self.fields: Mapping[str, object] = {}
        self.readable = isinstance(tree, dict) and all(isinstance(key, str) for key in tree)
        if not isinstance(tree, dict) or not self.readable:
            last = path[-2:] if path and isinstance(path[-1], int) else path[-1:]
            field = "/".join(map(str, last)) or "file"
            source.note(name, path, field, "a mapping of fields", tree)
            return
        self.fields = tree
        for key in tree:
            if key not in allowed:
                near = get_close_matches(key, allowed, n=1)
                meant = f" (did you mean {near[0]!r}?)" if near else ""
                self.note(key, f"one of {', '.join(allowed)}{meant}", "an unknown field")

    @property
    def line(self) -> int:
        """Where the entry starts."""
        return self.source.line(self.path)

    def note(self, field: str, expected: str, found: object) -> None:
        """Remember a problem with a field."""
        self.source.note(self.name, (*self.path, field), field, expected, found)

    def has(self, field: str) -> bool:
        """Tell whether a field is written and not empty."""
        return self.fields.get(field) is not None

    def need(self, *names: str) -> None:
        """Note each field that is not written."""
        for field in names:
            if self.readable and not self.has(field):
                self.note(field, "written", "missing")

    def text(self, field: str, default: str = "") -> str:
        """Read text of 1 to 128 characters."""
        value = self.fields.get(field)
        if value is None or _is_text(value):
            return default if value is None else str(value)
        self.note(field, f"text of 1 to {MAX_TEXT} characters (in quotes if it is a number)", value)
        return default

    def choice(self, field: str, choices: Collection[str], default: str) -> str:
        """Read one of a closed set."""
        value = self.fields.get(field)
        if value is None or value in choices:
            return default if value is None else str(value)
        near = get_close_matches(str(value), choices, n=1)
        meant = f" (did you mean {near[0]!r}?)" if near else ""
        self.note(field, f"one of {', '.join(choices)}{meant}", value)
        return default

    def names(self, field: str) -> frozenset[str]:
        """Read a list of text, each once."""
        value = self.fields.get(field)
        if value is None:
            return frozenset()
        if not isinstance(value, list) or not value or not all(_is_text(one) for one in value):
            self.note(field, "a list of texts, not empty", value)
            return frozenset()
        return frozenset(value)

    def flag(self, field: str) -> bool | None:
        """Read true or false."""
        value = self.fields.get(field)
        if value is None or isinstance(value, bool):
            return value
        self.note(field, "true or false", value)
        return None

    def whole(self, field: str, default: int, least: int = 0) -> int:
        """Read a whole number."""
        value = self.fields.get(field)
        if value is None:
            return default
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= MAX_WHOLE:
            return value
        self.note(field, f"a whole number, {least} to {MAX_WHOLE}", value)
        return default

    def ratio(self, field: str, default: float, most: str = "1", hint: str = "") -> float:
        """Read a share above 0, to four decimals."""
        number = _number(self.fields.get(field))
        if not self.has(field):
            return default
        if number is None or not 0 < number <= Decimal(most) or _digits(number) > RATIO_DIGITS:
            expected = f"a share above 0, at most {most}, to {RATIO_DIGITS} decimals{hint}"
            self.note(field, expected, self.fields[field])
            return default
        return float(number)

    def currency(self, field: str, default: str) -> str:
        """Read a currency's three letters."""
        text = self.text(field, default)
        if _CURRENCY.fullmatch(text):
            return text
        self.note(field, "an ISO 4217 code such as EUR", text)
        return default

    def money(self, field: str, currency: str, default: int = 0) -> int:
        """Read money in major units, to the decimals of its currency; gives minor units."""
        if not self.has(field):
            return default
        decimals = DECIMALS.get(currency, 2)
        number = _number(self.fields[field])
        if number is None or number < 0 or _digits(number) > decimals:
            example = f"{Decimal(1250).scaleb(-decimals)}"
            kind = f"money in {currency}, 0 or more, at most {decimals} decimals, such as {example}"
            self.note(field, kind, self.fields[field])
            return default
        minor = int(number.scaleb(decimals))
        if minor > MAX_MONEY_MINOR:
            most = Decimal(MAX_MONEY_MINOR).scaleb(-decimals)
            self.note(field, f"at most {most:f} {currency}", self.fields[field])
            return default
        return minor

    def duration_ms(self, field: str, default: int, least_ms: int = 1) -> int:
        """Read a time span such as 7d, 12h, 30m."""
        value = self.fields.get(field)
        if value is None:
            return default
        found = re.fullmatch(r"([0-9]{1,6})([wdhms])", value) if isinstance(value, str) else None
        span_ms = int(found[1]) * DURATIONS_MS[found[2]] if found else -1
        if least_ms <= span_ms <= MAX_DURATION_MS:
            return span_ms
        above = "above 0, " if least_ms else ""
        self.note(field, f"a time span {above}at most ten years, such as 2w, 7d, 12h, 30m", value)
        return default

    def instant_ms(self, field: str) -> int | None:
        """Read an ISO 8601 time with its offset; gives UTC epoch milliseconds."""
        value = self.fields.get(field)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            self.note(field, "a time with offset such as 2026-11-01T08:00:00+01:00", value)
            return None
        return round(moment.timestamp() * 1000)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT and value.isprintable()


def _number(value: object) -> Decimal | None:
    """Give the number as it was written; a float stands for its shortest decimal."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = repr(value) if isinstance(value, float) else str(value)
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _digits(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) and exponent < 0 else 0
