"""Why a snapshot is not taken: the closed list of reasons and the check of its shape."""

from enum import StrEnum
from typing import Any


class Reason(StrEnum):
    """Why a snapshot was refused; the value is what metrics and logs show."""

    WRONG_TYPE = "wrong_type"  # not the closed shape of this format
    UNKNOWN_FORMAT = "unknown_format"
    TOO_LARGE = "too_large"
    NOT_FINITE = "not_finite"
    BAD_DIGEST = "bad_digest"
    BAD_SIGNATURE = "bad_signature"
    OTHER_RIVER = "other_river"
    OTHER_FEATURES = "other_features"
    OTHER_MODEL = "other_model"
    STALE = "stale"
    WRONG_VALUE = "wrong_value"  # right shape and digest, impossible content


class SnapshotRefused(Exception):
    """A snapshot that must not be used."""

    def __init__(self, reason: Reason, detail: str):
        super().__init__(f"{reason}: {detail}")
        self.reason = reason


def require(holds: bool, reason: Reason, detail: str) -> None:
    """Refuse the snapshot for `reason` unless the condition holds."""
    if not holds:
        raise SnapshotRefused(reason, detail)


def require_shape(value: object, shape: Any, where: str = "snapshot") -> None:
    """Refuse `value` unless it has exactly the keys and types of `shape`.

    A dict stands for exactly its keys, a list for any number of its one member, a type for itself;
    a truth value is no integer.

    Raises
    ------
    SnapshotRefused
        With `Reason.WRONG_TYPE`.

    Examples
    --------
    >>> require_shape({"w": [0.5]}, {"w": [float]})
    >>> require_shape({"w": [1]}, {"w": [float]})
    Traceback (most recent call last):
        ...
    online_models.refusals.SnapshotRefused: wrong_type: snapshot.w[] must be float
    """
    if isinstance(shape, dict):
        if type(value) is not dict or value.keys() != shape.keys():
            raise SnapshotRefused(Reason.WRONG_TYPE, f"{where} must hold exactly {sorted(shape)}")
        for key, inner in shape.items():
            require_shape(value[key], inner, f"{where}.{key}")
    elif isinstance(shape, list):
        if type(value) is not list:
            raise SnapshotRefused(Reason.WRONG_TYPE, f"{where} must be a list")
        for member in value:
            require_shape(member, shape[0], f"{where}[]")
    elif type(value) is not shape:
        raise SnapshotRefused(Reason.WRONG_TYPE, f"{where} must be {shape.__name__}")
