"""Decayed points by name, bounded, and the same for any order of arrival within the grace.

What to forget when there are too many names depends on order, unless it is decided on settled
ground: points first gather in open cells of ten minutes, and a cell joins the kept names only when
nothing on time can change it any more. Points are integers that halve each epoch of seven days; an
event weighs more the later it falls within its epoch, so between epochs the decay is smooth.
"""

from typing import TypedDict

CELL_MS = 600_000
EPOCH_MS = 7 * 86_400_000
SCALE = 64
OTHER = ""  # whoever was forgotten; no real name is empty
_DAY_MS = 86_400_000
_EPOCH_CELLS = EPOCH_MS // CELL_MS
_POINTS = tuple(round(SCALE * 2 ** (day / 7)) for day in range(7))


class Tally(TypedDict):
    """Points by name: `kept` as of the epoch `epoch`, `open` by cell as of the cell's own epoch."""

    kept: dict[str, int]
    open: dict[str, dict[str, int]]
    epoch: int


def empty() -> Tally:
    """Give a tally without names."""
    return Tally(kept={}, open={}, epoch=0)


def add(tally: Tally, name: str, weight: int, ts_ms: int, newest_ms: int, cap: int) -> None:
    """Give `weight` (a number of events) to `name` at `ts_ms`.

    `newest_ms` is the user's newest event time; `close` comes first whenever it enters another
    cell. A cell holds at most `cap` names besides OTHER: the first in the alphabet, since that
    choice alone does not depend on order.
    """
    cell = ts_ms // CELL_MS
    points = weight * _POINTS[ts_ms // _DAY_MS % 7]
    if cell < newest_ms // CELL_MS - 1:
        _keep(tally, {name: points}, ts_ms // EPOCH_MS, ts_ms // EPOCH_MS, cap)
        return
    key = str(cell)
    names = tally["open"].get(key)
    if names is None:
        names = tally["open"][key] = {}
    names[name] = names.get(name, 0) + points
    if len(names) > cap:
        _push_out(names, max(names), cap)


def _push_out(names: dict[str, int], name: str, cap: int) -> None:
    if len(names) - (OTHER in names) > cap:
        points = names.pop(name)
        names[OTHER] = names.get(OTHER, 0) + points


def close(tally: Tally, newest_ms: int, cap: int) -> None:
    """Let the cells that nothing on time can reach any more join the kept names, oldest first."""
    first_open = newest_ms // CELL_MS - 1
    for cell in sorted([cell for cell in map(int, tally["open"]) if cell < first_open]):
        names = tally["open"].pop(str(cell))
        # The moment of closing, not of noticing, sets the epoch: so it is the same for all.
        _keep(tally, names, cell // _EPOCH_CELLS, (cell + 2) // _EPOCH_CELLS, cap)


def _keep(tally: Tally, names: dict[str, int], epoch: int, as_of: int, cap: int) -> None:
    kept = tally["kept"]
    if as_of > tally["epoch"]:
        shift = as_of - tally["epoch"]
        for name in kept:
            kept[name] >>= shift
        tally["epoch"] = as_of
    shift = tally["epoch"] - epoch
    for name, points in names.items():
        kept[name] = kept.get(name, 0) + (points >> shift)
    while len(kept) - (OTHER in kept) > cap:
        evict(kept)


def evict(kept: dict[str, int]) -> None:
    """Move the points of the least name to OTHER; `kept` holds at least one real name."""
    _, name = min((points, name) for name, points in kept.items() if name != OTHER)
    points = kept.pop(name)
    if points:
        kept[OTHER] = kept.get(OTHER, 0) + points


def points(tally: Tally) -> dict[str, int]:
    """Give all points by name, as of the newest epoch among them.

    Examples
    --------
    >>> tally = empty()
    >>> add(tally, "shoes", 1, ts_ms=0, newest_ms=0, cap=16)
    >>> points(tally)
    {'shoes': 64}
    """
    if not tally["open"]:
        return tally["kept"]
    epochs = _epochs(tally)
    newest = max(epochs)
    merged: dict[str, int] = {}
    for names, epoch in zip((*tally["open"].values(), tally["kept"]), epochs, strict=False):
        shift = newest - epoch
        if not merged and not shift:
            merged = names.copy()
            continue
        for name, amount in names.items():
            merged[name] = merged.get(name, 0) + (amount >> shift)
    return merged


def _epochs(tally: Tally) -> list[int]:
    # Of the open cells, then of the kept names; while nothing is kept its epoch means nothing.
    epochs = [int(cell) // _EPOCH_CELLS for cell in tally["open"]]
    if tally["kept"]:
        epochs.append(tally["epoch"])
    return epochs


def look(tally: Tally, name: str) -> tuple[int, int, int]:
    """Give the points of `name`, those of all names, and the epoch both are as of.

    Examples
    --------
    >>> look({"kept": {"shoes": 3, "": 1}, "open": {}, "epoch": 0}, "shoes")
    (3, 4, 0)
    """
    kept, opened, newest = tally["kept"], tally["open"], tally["epoch"]
    if not opened:
        return kept.get(name, 0), sum(kept.values()), newest
    if not kept and len(opened) == 1:
        ((cell, names),) = opened.items()
        return names.get(name, 0), sum(names.values()), int(cell) // _EPOCH_CELLS
    epochs = _epochs(tally)
    newest = max(epochs)
    amount = whole = 0
    for names, epoch in zip((*opened.values(), kept), epochs, strict=False):
        amount += names.get(name, 0) >> newest - epoch
        whole += sum(names.values()) >> newest - epoch
    return amount, whole, newest


def decayed(amount: int, epoch: int, now_ms: int) -> float:
    """Turn points as of `epoch` into events at `now_ms` that count half after each seven days.

    Examples
    --------
    >>> decayed(128, epoch=0, now_ms=0), decayed(128, epoch=0, now_ms=7 * 86_400_000)
    (2.0, 1.0)
    """
    if not amount:
        return 0.0
    return float(amount / SCALE * 2.0 ** min(0.0, epoch - now_ms // _DAY_MS / 7))
