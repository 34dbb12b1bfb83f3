"""What was found wrong with a catalogue, all of it, by name and line."""

from dataclasses import dataclass
from decimal import Decimal

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    name
        The entry: a coupon's or campaign's id, or the file's name where there is none.
    line
        Where it stands in the file, from 1; 0 where there is no file.
    """

    name: str
    line: int
    field: str
    expected: str
    found: str
    source: str = ""

    def __str__(self) -> str:
        """Say it in one line."""
        where = f"{self.source}:{self.line}" if self.line else self.source
        return f"{where}: {self.name}: {self.field} must be {self.expected}, was {self.found}"


class Source:
    """A file or message being read: where its parts stand, and what was found wrong so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []

    def line(self, path: Path) -> int:
        """Give the line of a part, or of the nearest part around it."""
        for end in range(len(path), -1, -1):
            if path[:end] in self.lines:
                return self.lines[path[:end]]
        return 0

    def note(self, name: str, path: Path, field: str, expected: str, found: object) -> None:
        """Remember a problem and read on."""
        self.note_at(self.line(path), name, field, expected, found)

    def note_at(self, line: int, name: str, field: str, expected: str, found: object) -> None:
        """Remember a problem whose line is known."""
        shown = found if isinstance(found, str) else _shown(found)
        self.problems.append(
            Problem(
                name=name,
                line=line,
                field=field,
                expected=expected,
                found=shown[:80],
                source=self.name,
            )
        )


def _shown(value: object) -> str:
    if isinstance(value, dict | list):
        return "a list" if isinstance(value, list) else "a mapping"
    return "missing" if value is None else str(value) if isinstance(value, Decimal) else repr(value)
