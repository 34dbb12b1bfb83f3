"""What is wrong with a setting, in one line that tells how to mend it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

PREFIX = "COUPON_"
MAX_FOUND_CHARS = 80
SECRET = "a secret"


@dataclass(frozen=True, slots=True)
class Problem:
    """One setting that cannot be used: its name, what it must be and what it was."""

    name: str
    expected: str
    found: str

    def __str__(self) -> str:
        """Give the one line that a person reads."""
        return f"{self.name} must be {self.expected}, was {self.found}"


class SettingsError(ValueError):
    """The settings cannot be used; the text has one line for each problem."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def explain(error: ValidationError, schema: Mapping[str, Any]) -> list[Problem]:
    """Turn pydantic's findings into problems, in their order, one for each setting.

    Parameters
    ----------
    schema
        The JSON Schema of the settings, which says what each must be.
    """
    problems: dict[str, Problem] = {}
    for finding in error.errors(include_url=False):
        cause = finding.get("ctx", {}).get("error")
        if isinstance(cause, SettingsError):
            problems.update({problem.name: problem for problem in cause.problems})
            continue
        problem = _problem(finding, schema["properties"])
        problems.setdefault(problem.name, problem)
    return list(problems.values())


def unknown(
    variables: Iterable[str], names: Iterable[str], secrets: Iterable[str]
) -> list[Problem]:
    """Find variables that look like settings but are none.

    Examples
    --------
    >>> print(*unknown(["COUPON_PARTITION", "HOME"], ["partitions"], []))
    COUPON_PARTITION must be a setting's name, was unknown: did you mean COUPON_PARTITIONS?
    """
    known = {f"{PREFIX}{name}".upper() for name in names}
    known |= {f"{PREFIX}{name}_FILE".upper() for name in secrets}
    ours = sorted(name for name in variables if name.upper().startswith(PREFIX))
    return [_stranger(name, known) for name in ours if name.upper() not in known]


def expectation(field: Mapping[str, Any]) -> str:
    """Say in words what a property of the JSON Schema accepts.

    Examples
    --------
    >>> expectation({"type": "integer", "minimum": 1, "maximum": 9})
    'a whole number from 1 to 9'
    >>> expectation({"enum": ["a", "b"]})
    'one of a, b'
    """
    shapes = [shape for shape in field.get("anyOf", [field]) if shape.get("type") != "null"]
    shape = shapes[0]
    if "expected" in field or "expected" in shape:
        return str(field.get("expected") or shape["expected"])
    if "enum" in shape:
        return "one of " + ", ".join(map(str, shape["enum"]))
    if shape.get("type") in ("integer", "number"):
        kind = "a whole number" if shape["type"] == "integer" else "a number"
        return f"{kind} from {_number(shape['minimum'])} to {_number(shape['maximum'])}"
    if shape.get("type") == "boolean":
        return "true or false"
    if shape.get("format") == "path":
        return "a path"
    if shape.get("format") == "password":
        return SECRET
    return f"text like {shape['pattern']}" if "pattern" in shape else "text"


def _number(value: float) -> str:
    return f"{int(value):_}" if value == int(value) else f"{value:g}"


def _problem(finding: Any, properties: Mapping[str, Any]) -> Problem:
    field = str(finding["loc"][0]) if finding["loc"] else ""
    if field not in properties:
        return _stranger(
            f"{PREFIX}{field}".upper(), {f"{PREFIX}{name}".upper() for name in properties}
        )
    expected = expectation(properties[field])
    found = "hidden" if expected == SECRET else repr(finding["input"])[:MAX_FOUND_CHARS]
    return Problem(f"{PREFIX}{field}".upper(), expected, found)


def _stranger(name: str, known: Iterable[str]) -> Problem:
    near = get_close_matches(name.upper(), sorted(known), n=1)
    hint = f": did you mean {near[0]}?" if near else ""
    return Problem(name, "a setting's name", f"unknown{hint}")
