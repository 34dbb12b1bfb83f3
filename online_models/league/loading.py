"""A scoring form read back: the scorer of its family, or a refusal with a reason."""

from collections.abc import Callable, Sequence
from typing import Any

from online_models.league import factor_scorer, linear, optimist, tree_scorer, two_causes
from online_models.league.contracts import Scorer
from online_models.league.forms import Labels, header_of, labels_of
from online_models.refusals import Reason, SnapshotRefused

_FAMILIES: dict[str, Callable[[Any, Sequence[str], Labels], Scorer]] = {
    "linear": linear.read_body,
    "trees": tree_scorer.read_body,
    "factors": factor_scorer.read_body,
    "linucb": optimist.read_body,
    "two_causes": two_causes.read_body,
}


def scorer_from(form: object, *, names: Sequence[str]) -> Scorer:
    """Read a learner's scoring form; nothing in it is ever run.

    Parameters
    ----------
    names
        The features this program computes; a form for others is refused.

    Raises
    ------
    SnapshotRefused
        With one of `refusals.Reason`.
    """
    header = header_of(form, names)
    assert isinstance(form, dict)
    read = _FAMILIES.get(header["family"])
    if read is None:
        detail = f"family must be one of {sorted(_FAMILIES)}, was {header['family']!r:.40}"
        raise SnapshotRefused(Reason.WRONG_VALUE, detail)
    return read(form["body"], names, labels_of(header))
