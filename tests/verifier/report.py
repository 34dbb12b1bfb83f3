"""What was found: one check for each promise, counted, with the first offenders by name."""

import json
from dataclasses import dataclass, field

SHOWN_COUNT = 10
CATALOGUE_MISSING = "no catalogue was given"


@dataclass(slots=True, kw_only=True)
class Check:
    """One promise: what was looked at, and what broke it.

    `skipped` says what was missing to look at it at all; such a check says nothing.
    """

    name: str
    promise: str
    checked_count: int = 0
    faults_count: int = 0
    offenders: list[str] = field(default_factory=list)
    skipped: str = ""

    def expect(self, holds: bool, offender: str) -> None:
        """Count one thing looked at, and remember it if it breaks the promise."""
        self.checked_count += 1
        if not holds:
            self.accuse(offender)

    def accuse(self, offender: str) -> None:
        """Remember an offender."""
        self.faults_count += 1
        if len(self.offenders) < SHOWN_COUNT:
            self.offenders.append(offender)

    @property
    def verdict(self) -> str:
        """Say in one word how it stands."""
        if self.faults_count:
            return "BROKEN"
        return "skipped" if self.skipped else "holds"


@dataclass(slots=True, kw_only=True)
class Report:
    """All checks of a run, and how many records of each sort they rest on."""

    records: dict[str, int]
    checks: list[Check]

    @property
    def holds(self) -> bool:
        """Tell whether no promise is broken."""
        return not self.broken

    @property
    def broken(self) -> list[str]:
        """Name the broken checks."""
        return [check.name for check in self.checks if check.faults_count]

    def check(self, name: str) -> Check:
        """Find a check by its name."""
        return next(check for check in self.checks if check.name == name)

    def to_json(self) -> str:
        """Give the report as one JSON object on one line."""
        checks = {
            check.name: {
                "verdict": check.verdict,
                "checked": check.checked_count,
                "faults": check.faults_count,
                "offenders": check.offenders,
                "skipped": check.skipped,
            }
            for check in self.checks
        }
        whole = {"holds": self.holds, "broken": self.broken, "records": self.records}
        return json.dumps({**whole, "checks": checks}, ensure_ascii=False)

    def to_text(self) -> str:
        """Give the report for people."""
        counts = ", ".join(f"{count:,} {role}" for role, count in self.records.items())
        lines = [counts]
        for check in self.checks:
            count = f"{check.checked_count:>10,}"
            lines.append(f"{check.verdict:>7} {count}  {check.name}: {check.promise}")
            if check.skipped:
                lines.append(f"{'':20}not looked at: {check.skipped}")
            lines += [f"{'':20}{offender}" for offender in check.offenders]
            if check.faults_count > len(check.offenders):
                lines.append(f"{'':20}... {check.faults_count:,} in all")
        lines.append("every promise holds" if self.holds else f"BROKEN: {', '.join(self.broken)}")
        return "\n".join(lines)
