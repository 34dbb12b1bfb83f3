"""The certificate: what was done to the workers, how often, and what became of the decisions."""

import os
from dataclasses import dataclass
from pathlib import Path

BEGIN, END = "<!-- certificate: begin -->", "<!-- certificate: end -->"
COLUMNS = (
    *("promise", "fault", "times", "events", "decisions", "lost", "doubled", "altered"),
    *("longest gap, s", "seed", "remarks"),
)
# Where the table is written, besides being printed; `make chaos` names docs/certificate.md.
VARIABLE = "CHAOS_CERTIFICATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What came of one trial; None stands for what it does not look at."""

    promise: str
    fault: str
    times: int
    seed: int
    events: int | None = None
    decisions: int | None = None
    lost: int | None = None
    doubled: int | None = None
    altered: int | None = None
    gap_s: float | None = None
    remarks: str = ""

    def cells(self) -> list[str]:
        """Give it as the cells of a table.

        Examples
        --------
        >>> Line(promise="P1", fault="kill -9", times=25, seed=7, lost=0, gap_s=2.34).cells()
        ['P1', 'kill -9', '25', '', '', '0', '', '', '2.3', '7', '']
        """
        counts = (self.times, self.events, self.decisions, self.lost, self.doubled, self.altered)
        gap = "" if self.gap_s is None else f"{self.gap_s:.1f}"
        shown = ["" if count is None else f"{count:,}" for count in counts]
        return [self.promise, self.fault, *shown, gap, str(self.seed), self.remarks]


LINES: list[Line] = []


def table(rows: list[list[str]]) -> str:
    """Write rows of cells as Markdown.

    Examples
    --------
    >>> print(table([["P1", "kill -9"]]).splitlines()[-1])
    | P1 | kill -9 |
    """
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def merged(page: str, lines: list[Line]) -> str:
    """Put lines into a page between its markers; they replace earlier ones of the same fault.

    Examples
    --------
    >>> page = merged(f"# Certificate\\n{BEGIN}\\n{END}\\n", [
    ...     Line(promise="P1", fault="kill -9", times=25, seed=7)])
    >>> page = merged(page, [Line(promise="P1", fault="kill -9", times=300, seed=8)])
    >>> "| 300 |" in page, "| 25 |" in page
    (True, False)
    """
    before, rest = page.split(BEGIN, 1)
    between, after = rest.split(END, 1)
    rows = {}
    for text in between.strip().splitlines()[2:]:
        cells = [cell.strip() for cell in text.strip().strip("|").split("|")]
        rows[cells[0], cells[1]] = cells
    for line in lines:
        cells = line.cells()
        rows[cells[0], cells[1]] = cells
    ordered = [rows[key] for key in sorted(rows, key=_order)]
    return f"{before}{BEGIN}\n\n{table(ordered)}\n{END}{after}"


def _order(key: tuple[str, str]) -> tuple[int, str, str]:
    promise, fault = key
    digits = promise[1:].split()[0] if promise[1:2].isdigit() else ""
    return (int(digits) if digits.isdigit() else 1_000, promise, fault)


def table_of_session() -> str:
    """Give the table of the trials that ran until now."""
    return table([line.cells() for line in sorted(LINES, key=lambda line: _order(_key(line)))])


def write() -> None:
    """Put the table where the variable says, if it says so."""
    path = os.environ.get(VARIABLE)
    if path:
        file = Path(path)
        file.write_text(merged(file.read_text("utf-8"), LINES), "utf-8")


def _key(line: Line) -> tuple[str, str]:
    return line.promise, line.fault
