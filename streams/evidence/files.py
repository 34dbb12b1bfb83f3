"""Logged outcomes and decisions from NDJSON files, each bad line refused by name and number."""

from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

from msgspec import DecodeError

from online_models.outcomes import Outcome
from streams import wire
from streams.decisions import Decision
from streams.layouts import LayoutError, numbered_lines

T = TypeVar("T")


def read_outcomes(path: Path) -> Iterator[Outcome]:
    """Read what `replay --outcomes` writes; `.gz`, `.xz` and `.zst` are decompressed.

    Raises
    ------
    LayoutError
        There is no such file, it is damaged, or a line is no outcome.
    """
    for number, line in _given(path):
        try:
            outcome = wire.decode_outcome(line)
        except DecodeError as error:
            raise LayoutError(path.name, number, "an outcome", str(error)) from error
        if not 0 < outcome.propensity <= 1:
            expected = "an outcome with a propensity within (0, 1]"
            raise LayoutError(path.name, number, expected, str(outcome.propensity))
        yield outcome


def read_decisions(path: Path) -> Iterator[Decision]:
    """Read what `replay --out` writes.

    Raises
    ------
    LayoutError
        As `read_outcomes`.
    """
    for number, line in _given(path):
        try:
            yield wire.decode_decision(line)
        except DecodeError as error:
            raise LayoutError(path.name, number, "a decision", str(error)) from error


def _given(path: Path) -> Iterator[tuple[int, bytes]]:
    if not path.is_file():
        raise LayoutError(path.name, 0, "a file", "absent" if not path.exists() else "a folder")
    number = 0
    for number, line in numbered_lines(path):
        if line.strip():
            yield number, line
    if not number:
        raise LayoutError(path.name, 0, "a file with lines", "empty")
