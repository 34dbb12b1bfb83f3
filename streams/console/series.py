"""A picture's points over any length of time, in memory that does not grow."""

from collections.abc import Sequence

Value = float | None
LIMIT = 240


class Series:
    """Columns of points in order of time; when full, every second point goes.

    The whole time stays in the picture, ever more coarsely, and the newest point is always kept.

    Parameters
    ----------
    names
        The columns besides the time, `at_s`.

    Examples
    --------
    >>> series = Series(["earned"], limit=4)
    >>> for at_s in range(7):
    ...     series.add(at_s, [at_s * 10.0])
    >>> series.columns()
    {'at_s': [0.0, 2.0, 4.0, 6.0], 'earned': [0.0, 20.0, 40.0, 60.0]}
    """

    def __init__(self, names: Sequence[str], limit: int = LIMIT) -> None:
        if limit < 2 or limit % 2:
            message = f"limit must be an even number from 2, was {limit}"
            raise ValueError(message)
        self._names = tuple(names)
        self._limit = limit
        self._rows: list[tuple[float, tuple[Value, ...]]] = []
        self._newest: tuple[float, tuple[Value, ...]] | None = None
        self._seen = 0
        self._stride = 1

    def add(self, at_s: float, values: Sequence[Value]) -> None:
        """Take in a point; times do not decrease."""
        if len(values) != len(self._names):
            message = f"values must be {len(self._names)}, was {len(values)}"
            raise ValueError(message)
        self._newest = (float(at_s), tuple(values))
        if self._seen % self._stride == 0:
            if len(self._rows) == self._limit:
                self._rows = self._rows[::2]
                self._stride *= 2
            if self._seen % self._stride == 0:
                self._rows.append(self._newest)
        self._seen += 1

    def columns(self) -> dict[str, list[Value]]:
        """Give the points by column."""
        rows = list(self._rows)
        if self._newest is not None and rows[-1] is not self._newest:
            rows.append(self._newest)
        columns: dict[str, list[Value]] = {"at_s": [at_s for at_s, _ in rows]}
        for place, name in enumerate(self._names):
            columns[name] = [values[place] for _, values in rows]
        return columns
