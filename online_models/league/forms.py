"""The scoring form: all that is broadcast of a leader, numbers and names that are checked."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite
from typing import Any

from features.actions import NOTHING, Action
from online_models.league.contracts import Form
from online_models.refusals import Reason, SnapshotRefused, require, require_shape
from online_models.snapshot import digest

FORMAT = 1
MAX_ABS = 1e6
MAX_ENTRIES = 80
COLD_UNTIL = 200

_HEADER = {
    "format": int,
    "family": str,
    "names": [str],
    "learned_count": int,
    "labels": [{"id": str, "count": int}],
    "digest": str,
}


def sealed(
    family: str, names: Sequence[str], labels: Mapping[str, int], learned: int, body: Form
) -> Form:
    """Put a header before the body of a form."""
    header = {
        "format": FORMAT,
        "family": family,
        "names": list(names),
        "learned_count": learned,
        "labels": [{"id": key, "count": count} for key, count in labels.items()],
        "digest": "",
    }
    form: Form = {"header": header, "body": body}
    header["digest"] = digest(form)
    return form


def header_of(form: object, names: Sequence[str]) -> dict[str, Any]:
    """Check all of a form but its body, and give its header.

    Raises
    ------
    SnapshotRefused
        It is damaged, foreign or written for other features.
    """
    require(
        isinstance(form, dict) and form.keys() == {"header", "body"} and _is_header(form["header"]),
        Reason.WRONG_TYPE,
        "a form must hold exactly a header and a body",
    )
    assert isinstance(form, dict)
    header: dict[str, Any] = form["header"]
    require(header["format"] == FORMAT, Reason.UNKNOWN_FORMAT, f"must be {FORMAT}")
    require_shape(header, _HEADER, "header")
    require(header["names"] == list(names), Reason.OTHER_FEATURES, "written for other features")
    try:
        actual = digest(form)
    except TypeError as error:  # something in it is no JSON
        raise SnapshotRefused(Reason.WRONG_TYPE, str(error)) from error
    require(header["digest"] == actual, Reason.BAD_DIGEST, f"must be {actual}")
    counts = [header["learned_count"], *(entry["count"] for entry in header["labels"])]
    require(min(counts) >= 0, Reason.WRONG_VALUE, f"counts must be >= 0, was {min(counts)}")
    require_few(header["labels"], "labels")
    return header


def _is_header(header: object) -> bool:
    return isinstance(header, dict) and type(header.get("format")) is int


def require_few(entries: Sequence[object], what: str, cap: int = MAX_ENTRIES) -> None:
    """Refuse a list that is longer than any learner writes."""
    detail = f"{what} must hold at most {cap}, was {len(entries)}"
    require(len(entries) <= cap, Reason.WRONG_VALUE, detail)


def require_numbers(numbers: Iterable[float], what: str) -> None:
    """Refuse numbers that no learner comes to."""
    odd = next((n for n in numbers if not (isfinite(n) and abs(n) <= MAX_ABS)), None)
    require(odd is None, Reason.WRONG_VALUE, f"{what} must be within +-{MAX_ABS:g}, was {odd}")


def require_length(numbers: Sequence[object], length: int, what: str) -> None:
    """Refuse a list of another length."""
    require(
        len(numbers) == length,
        Reason.WRONG_VALUE,
        f"{what} must hold {length} numbers, was {len(numbers)}",
    )


class Labels:
    """How many labels were learned about each action, for telling who is cold."""

    def __init__(self, counts: Mapping[str, int] | None = None):
        self.counts: dict[str, int] = dict(counts or {})

    def add(self, action: Action) -> None:
        """Count one; actions beyond the cap are not told apart and stay cold."""
        key = NOTHING.action_id if action.kind == NOTHING.kind else action.action_id
        if key in self.counts or len(self.counts) < MAX_ENTRIES:
            self.counts[key] = self.counts.get(key, 0) + 1

    def is_cold(self, action: Action) -> bool:
        """Whether few labels were learned about this very action."""
        key = NOTHING.action_id if action.kind == NOTHING.kind else action.action_id
        return self.counts.get(key, 0) < COLD_UNTIL


def labels_of(header: Mapping[str, Any]) -> Labels:
    """Read the counts of a checked header."""
    return Labels({entry["id"]: entry["count"] for entry in header["labels"]})
