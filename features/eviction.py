"""What a profile gives up first when it grows too large."""

from collections.abc import Mapping, Sequence

from features import cart as carts
from features import tally
from features.windows import Buckets


def json_bytes(part: object) -> int:
    """Bound the bytes of `part` as compact JSON from above, without encoding it.

    Examples
    --------
    >>> json_bytes({"a": [1, 2]}) >= len('{"a":[1,2]}')
    True
    """
    text = repr(part)
    return len(text.encode()) + text.count('"')


def evict_one(
    tallies: Sequence[tally.Tally], cart: carts.Cart, window: Mapping[str, Buckets]
) -> int:
    """Give up the least entry of whatever takes the most room; returns 1.

    That is a name with the fewest points, the line of the cart touched longest ago or the oldest
    bucket; an operation of the cart that waits is folded before its time.

    Raises
    ------
    ValueError
        Nothing is left to give up.
    """
    sizes = [_names_bytes(one) for one in tallies]
    sizes += [json_bytes(cart["ops"]) if cart["ops"] else 0]
    sizes += [json_bytes(cart["lines"]) if cart["lines"] else 0]
    sizes += [json_bytes(buckets) if buckets else 0 for _, buckets in sorted(window.items())]
    largest = max(sizes)
    if largest == 0:
        msg = "a profile must have something to give up, was bare"
        raise ValueError(msg)
    at = sizes.index(largest)
    if at < len(tallies):
        _forget_name(tallies[at])
    elif at == len(tallies):
        carts.fold(cart, 1)
    elif at == len(tallies) + 1:
        del cart["lines"][carts.stalest(cart["lines"])]
    else:
        del sorted(window.items())[at - len(tallies) - 2][1][:2]
    return 1


def _names_bytes(one: tally.Tally) -> int:
    names = [name for name in one["kept"] if name != tally.OTHER]
    names += [name for cell in one["open"].values() for name in cell if name != tally.OTHER]
    return json_bytes(names) if names else 0


def _forget_name(one: tally.Tally) -> None:
    cells = [one["kept"], *(one["open"][key] for key in sorted(one["open"], key=int))]
    named = [cell for cell in cells if set(cell) - {tally.OTHER}]
    tally.evict(max(named, key=len))
