"""Finds values in foreign bodies by dotted paths, and turns their money and times into ours."""

from functools import cache
from typing import Any

from streams import aliases
from streams.decisions import rfc3339
from streams.money import to_minor
from streams.refusals import refuse

Fields = dict[str, Any]
_MAX_EPOCH_MICROS = 253_402_300_799_000_000  # the end of the year 9999


def pick(body: object, path: str) -> Any:
    """Follow a dotted path; through an array, its first element is followed.

    Examples
    --------
    >>> pick({"items": [{"price": 5}]}, "items.price")
    5
    """
    for name in _steps(path):
        if isinstance(body, list):
            body = body[0] if body else None
        if not isinstance(body, dict):
            return None
        body = body.get(name)
    return body


@cache
def _steps(path: str) -> tuple[str, ...]:
    """Split a path once: all of them stand in the alias tables."""
    return tuple(path.split("."))


def pick_all(body: object, paths: aliases.Paths) -> Fields:
    """Take the first value told for each field; an empty text is not told.

    Examples
    --------
    >>> pick_all({"userId": "", "anonymousId": 7}, {"user_id": ("userId", "anonymousId")})
    {'user_id': '7'}
    """
    fields: Fields = {}
    for name, choices in paths.items():
        for path in choices:
            value = pick(body, path)
            if value is not None and value != "":
                fields[name] = _as_id(value) if name.endswith("_id") else value
                break
    return fields


def _as_id(value: object) -> object:
    """Others send numbers for ids; ours are strings."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def add_money(fields: Fields, body: object, paths: aliases.Paths) -> None:
    """Add amounts in minor units of the currency that `fields` tells."""
    for name, choices in paths.items():
        for path in choices:
            amount = pick(body, path)
            if amount is not None and amount != "":
                fields[name] = to_minor(amount, fields.get("currency"), name)
                break


def add_total(fields: Fields, body: object, goods: tuple[str, ...], tax: tuple[str, ...]) -> None:
    """Sum what the customer paid where only its parts are told."""
    parts: Fields = {"currency": fields.get("currency")}
    add_money(parts, body, {"goods": goods, "tax": tax})
    if "goods" in parts:
        total_minor = parts["goods"] + parts.get("tax", 0) + fields.get("shipping_minor", 0)
        fields["total_minor"] = total_minor


def add_items(fields: Fields) -> None:
    """Replace foreign lines by native ones."""
    items = fields.get("items")
    if items is None:
        return
    if not isinstance(items, list):
        refuse("wrong_type", "items must be an array")
    fields["items"] = [_item(item, fields.get("currency")) for item in items]


def _item(item: object, currency: object) -> Fields:
    if not isinstance(item, dict):
        refuse("wrong_type", "items must hold objects")
    line = pick_all(item, aliases.ITEM_FIELDS)
    names = (*aliases.ITEM_CATEGORY, *aliases.ITEM_CATEGORY_DEEPER)
    categories = [item[name] for name in names if isinstance(item.get(name), str)]
    if categories:
        line["category"] = "/".join(categories)
    if item.get("price") not in (None, ""):
        line["price_minor"] = to_minor(item["price"], item.get("currency") or currency, "price")
    return line


def from_micros(stamp: object) -> str:
    """Write microseconds since 1970, a number or its digits, as RFC 3339.

    Examples
    --------
    >>> from_micros("1700000000123000")
    '2023-11-14T22:13:20.123Z'
    """
    digits = stamp if isinstance(stamp, str) else ""
    micros = int(digits) if digits.isdecimal() and len(digits) <= 20 else stamp
    if isinstance(micros, bool) or not isinstance(micros, int):
        refuse("bad_timestamp", "the time must be microseconds since 1970")
    if not 0 <= micros <= _MAX_EPOCH_MICROS:
        refuse("bad_timestamp", "the time must lie between 1970 and 9999")
    return rfc3339(micros // 1_000)
