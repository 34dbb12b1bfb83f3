"""The trained model as plain JSON, and back: the same bits, or a refusal with a reason.

Nothing in a snapshot is ever run: no pickle, no class names, only numbers and strings that are
checked one by one. The digest finds damage; it is no proof of origin, which the signature is.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from hashlib import sha256
from importlib.metadata import version
from typing import Any, cast

from online_models.crosses import ALWAYS, Limits
from online_models.evaluation import Evaluation
from online_models.refusals import Reason, SnapshotRefused, require, require_shape
from online_models.response import ResponseModel
from online_models.trainer import Trainer, TrainerCounts

FORMAT = 3
MAX_BYTES = 16_000_000
MAX_ABS = 1e15
RIVER_VERSION = version("river")

Snapshot = dict[str, Any]
_SHAPE: dict[str, Any] = {
    "header": {
        "format": int,
        "river": str,
        "model_id": str,
        "version": str,
        "names": [str],
        "train_offset": int,
        "counts": {field.name: int for field in fields(TrainerCounts)},
        "digest": str,
        "signature": str,
    },
    "settings": {
        "alpha": float,
        "beta": float,
        "l2": float,
        "cold_until": int,
        "typical": [float],
        "limits": {field.name: int for field in fields(Limits)},
    },
    "iterations": int,
    "drift_ratio": float,
    "groups": [{"group": str, "labels": int, "w": [float], "z": [float], "n": [float]}],
    "evaluation": {"window": int, "pairs": [int]},
}


def dump(trainer: Trainer, *, model_id: str, model_version: str) -> Snapshot:
    """Write down all that the trainer knows, as plain JSON; `signature` is left empty.

    Weights stand group by group in the order in which the groups were opened, because the order of
    a sum decides its last bit.
    """
    model = trainer.model
    weights, z, n = model.river.weights, model.optimizer.z, model.optimizer.n
    snapshot: Snapshot = {
        "header": {
            "format": FORMAT,
            "river": RIVER_VERSION,
            "model_id": model_id,
            "version": model_version,
            "names": list(model.crosses.names),
            "train_offset": trainer.offset,
            "counts": asdict(trainer.counts),
            "digest": "",
            "signature": "",
        },
        "settings": {
            "alpha": model.optimizer.alpha,
            "beta": model.optimizer.beta,
            "l2": model.optimizer.l2,
            "cold_until": model.cold_until,
            "typical": list(model.crosses.typical),
            "limits": asdict(model.crosses.limits),
        },
        "iterations": model.optimizer.n_iterations,
        "drift_ratio": trainer.drift_ratio,
        "groups": [
            {
                "group": group,
                "labels": model.labels_count.get(group, 0),
                "w": [weights[key] for key in model.crosses.keys(group)],
                "z": [z[key] for key in model.crosses.keys(group)],
                "n": [n[key] for key in model.crosses.keys(group)],
            }
            for group in model.crosses.groups
        ],
        "evaluation": {"window": trainer.evaluation.window, "pairs": trainer.evaluation.dump()},
    }
    snapshot["header"]["digest"] = digest(snapshot)
    return snapshot


def digest(snapshot: Snapshot) -> str:
    """SHA-256 over the canonical JSON of everything but the digest and the signature.

    Raises
    ------
    SnapshotRefused
        A number is not finite, or the whole is too large.
    """
    header = {k: v for k, v in snapshot["header"].items() if k not in ("digest", "signature")}
    try:
        text = json.dumps(
            snapshot | {"header": header},
            sort_keys=True,
            separators=(",", ":"),
            allow_nan=False,
        )
    except ValueError as error:
        raise SnapshotRefused(Reason.NOT_FINITE, str(error)) from error
    if len(text) > MAX_BYTES:
        raise SnapshotRefused(
            Reason.TOO_LARGE, f"must be at most {MAX_BYTES} bytes, was {len(text)}"
        )
    return sha256(text.encode()).hexdigest()


def signed(snapshot: Snapshot, sign: Callable[[str], str]) -> Snapshot:
    """Return the snapshot with the signature that `sign` gives to its digest."""
    header = snapshot["header"]
    return snapshot | {"header": header | {"signature": sign(header["digest"])}}


def load(
    snapshot: object,
    *,
    names: Sequence[str],
    model_id: str | None = None,
    least_offset: int = -1,
    verify: Callable[[str, str], bool] | None = None,
    other_river: bool = False,
) -> Trainer:
    """Rebuild a trainer that scores and learns on bit by bit as the one that was dumped.

    Parameters
    ----------
    names
        The features this program computes; a model of other features is refused.
    model_id
        The model that is wanted, None for any.
    least_offset
        Refuse a snapshot that was trained on less of the log than this (a rollback).
    verify
        Told (digest, signature), answers whether the signature is right. Without it only unsigned
        snapshots are taken.
    other_river
        Take a snapshot written under another version of River.

    Raises
    ------
    SnapshotRefused
        With one of `Reason`; nothing of the snapshot was used.
    """
    known = _shaped(snapshot)
    actual = digest(known)
    header = known["header"]
    signature = header["signature"]
    signed = verify(actual, signature) if verify else signature == ""
    require(header["digest"] == actual, Reason.BAD_DIGEST, f"must be {actual}")
    require(signed, Reason.BAD_SIGNATURE, f"signed by nobody we trust: {signature[:80]!r}")
    same = header["river"] == RIVER_VERSION or other_river
    require(same, Reason.OTHER_RIVER, f"must be {RIVER_VERSION}, was {header['river'][:80]!r}")
    require(header["names"] == list(names), Reason.OTHER_FEATURES, "written for other features")
    mine = model_id is None or header["model_id"] == model_id
    require(mine, Reason.OTHER_MODEL, f"must be {model_id!r}, was {header['model_id'][:80]!r}")
    fresh = header["train_offset"] >= least_offset
    require(fresh, Reason.STALE, f"must reach {least_offset}, was {header['train_offset']}")
    try:
        return _trainer(known)
    except ValueError as error:
        raise SnapshotRefused(Reason.WRONG_VALUE, str(error)) from error


def _shaped(snapshot: object) -> Snapshot:
    # The format is looked at first: another format may well have another shape.
    header = snapshot.get("header") if isinstance(snapshot, dict) else None
    written = header.get("format") if isinstance(header, dict) else None
    ours = type(written) is not int or written == FORMAT
    require(ours, Reason.UNKNOWN_FORMAT, f"must be {FORMAT}, was {written}")
    require_shape(snapshot, _SHAPE)
    return cast(Snapshot, snapshot)


def _trainer(snapshot: Snapshot) -> Trainer:
    settings, header = snapshot["settings"], snapshot["header"]
    model = ResponseModel(
        header["names"],
        typical=dict(zip(header["names"], settings["typical"], strict=True)),
        limits=Limits(**settings["limits"]),
        cold_until=settings["cold_until"],
        alpha=settings["alpha"],
        beta=settings["beta"],
        l2=settings["l2"],
    )
    numbers = (header["train_offset"] + 1, snapshot["iterations"], *header["counts"].values())
    if min(numbers) < 0:
        message = f"counts must not be negative, was {min(numbers)}"
        raise ValueError(message)
    if (first := tuple(entry["group"] for entry in snapshot["groups"][: len(ALWAYS)])) != ALWAYS:
        message = f"the first groups must be {ALWAYS}, was {first}"
        raise ValueError(message)
    for place, entry in enumerate(snapshot["groups"]):
        if place >= len(ALWAYS):
            _open(model, entry["group"])
        _restore(model, entry)
    model.optimizer.n_iterations = snapshot["iterations"]
    return Trainer(
        model,
        offset=header["train_offset"],
        counts=TrainerCounts(**header["counts"]),
        evaluation=Evaluation(**snapshot["evaluation"]),
        drift_ratio=snapshot["drift_ratio"],
    )


def _restore(model: ResponseModel, entry: dict[str, Any]) -> None:
    group = entry["group"]
    keys = model.crosses.keys(group)
    for key, w, z, n in zip(keys, entry["w"], entry["z"], entry["n"], strict=True):
        if not (abs(w) <= MAX_ABS and abs(z) <= MAX_ABS and 0 <= n <= MAX_ABS):
            message = f"weights must be within +-{MAX_ABS:g} and n >= 0, was {w}, {z}, {n}"
            raise ValueError(message)
        model.river._weights[key], model.optimizer.z[key], model.optimizer.n[key] = w, z, n
    if entry["labels"] < 0:
        message = f"labels must not be negative, was {entry['labels']}"
        raise ValueError(message)
    model.labels_count[group] = entry["labels"]


def _open(model: ResponseModel, group: str) -> None:
    crosses, (level, _, name) = model.crosses, group.partition("|")
    shared = name[1:] if level == "a" and name[:1] == "#" else ""
    if shared:
        fits = shared in map(str, range(crosses.limits.buckets))
    else:
        fits = group in (crosses.kind_group(name), crosses.action_group(name))
    if not fits or group in crosses.groups:
        message = f"groups must be distinct and within the limits, was {group[:80]!r}"
        raise ValueError(message)
    model.open(group)
