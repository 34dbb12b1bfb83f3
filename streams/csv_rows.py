"""Rows of published data sets as native events; what each layout assumes stands here.

- `rees46`: prices are taken for US dollars, a purchase is an order of its own with the row's id.
- `taobao`: no prices; `fav` rows have no meaning here and are refused as `unknown_event_type`.
- `online_retail`: lines of one invoice and customer are one event at the time of its first line;
  an invoice numbered C... is an `order.refunded`, any other negative quantity is refused. Prices
  are pounds sterling, times UTC. All lines count for the total, the first `MAX_ITEMS` are items.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from features.events import MAX_ITEMS, MAX_QUANTITY
from streams.decisions import rfc3339
from streams.money import to_minor
from streams.refusals import refuse

Fields = dict[str, Any]
Invoices = dict[tuple[str, str], tuple[int, Fields]]
"""Invoice and customer -> line of the first row and the event so far."""


def _rees46(number: int, cells: Fields) -> Fields:
    event_type = _REES46_TYPES.get(cells["event_type"])
    if event_type is None:
        refuse("unknown_event_type", "event_type must be view, cart, remove_from_cart or purchase")
    price = cells["price"]
    price_minor = to_minor(price, "USD", "price") if price else None
    fields = {
        "event_id": f"rees46-{number}",
        "event_type": event_type,
        "user_id": cells["user_id"],
        "occurred_at": _utc(cells["event_time"].removesuffix(" UTC"), "event_time"),
        "session_id": cells["user_session"] or None,
        "currency": "USD",
        "product_id": cells["product_id"],
        "category": (cells["category_code"].replace(".", "/") or cells["category_id"]) or None,
        "brand": cells["brand"] or None,
        "price_minor": price_minor,
    }
    if event_type == "order.completed":
        fields.update(order_id=f"rees46-{number}", total_minor=price_minor)
    return _given(fields)


def _taobao(number: int, cells: Fields) -> Fields:
    event_type = _TAOBAO_TYPES.get(cells["behaviour"])
    if event_type is None:
        refuse("unknown_event_type", "the behaviour must be pv, cart or buy")
    stamp = cells["stamp"]
    if not (stamp.isascii() and stamp.isdecimal() and len(stamp) <= 11):
        refuse("bad_timestamp", "the stamp must be epoch seconds")
    fields = {
        "event_id": f"taobao-{number}",
        "event_type": event_type,
        "user_id": cells["user"],
        "occurred_at": rfc3339(int(stamp) * 1_000),
        "product_id": cells["item"],
        "category": cells["category"] or None,
    }
    if event_type == "order.completed":
        fields["order_id"] = f"taobao-{number}"
    return _given(fields)


def _given(fields: Fields) -> Fields:
    """Leave out what is not told; an empty id counts as absent, so that its refusal says so."""
    return {name: value for name, value in fields.items() if value not in (None, "")}


def add_to_invoice(invoices: Invoices, number: int, cells: Fields) -> None:
    """Read a line into its invoice, which is changed only by lines that are right."""
    user_id = cells["CustomerID"].removesuffix(".0")
    invoice = cells["InvoiceNo"]
    if not user_id or not invoice or not cells["StockCode"]:
        refuse("missing_field", "CustomerID, InvoiceNo and StockCode must be given")
    returned = invoice.upper().startswith("C")
    quantity = _quantity(cells["Quantity"], returned)
    price = cells["UnitPrice"]
    price_minor = to_minor(price, "GBP", "UnitPrice") if price else None
    occurred_at = _utc(cells["InvoiceDate"], "InvoiceDate")
    fields = invoices.setdefault(
        (invoice, user_id),
        (
            number,
            {
                "event_id": f"online_retail-{number}",
                "event_type": "order.refunded" if returned else "order.completed",
                "user_id": user_id,
                "occurred_at": occurred_at,
                "currency": "GBP",
                "order_id": invoice,
                "total_minor": 0,
                "items": [],
            },
        ),
    )[1]
    fields["total_minor"] += (price_minor or 0) * quantity
    if len(fields["items"]) < MAX_ITEMS:
        item = {"product_id": cells["StockCode"], "price_minor": price_minor, "quantity": quantity}
        fields["items"].append(_given(item))


def _quantity(text: str, returned: bool) -> int:
    digits = text.removesuffix(".0").removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()):
        refuse("wrong_type", "Quantity must be an integer")
    if text.startswith("-") != returned or not 1 <= int(digits[:9]) <= MAX_QUANTITY:
        signed = f"-{MAX_QUANTITY}..-1" if returned else f"1..{MAX_QUANTITY}"
        refuse("out_of_range", f"Quantity must be {signed}")
    return int(digits)


def _utc(text: str, name: str) -> str:
    try:
        # The source's own file writes 12/1/2010 8:26, its copies write ISO.
        moment = (
            datetime.strptime(text, "%m/%d/%Y %H:%M").replace(tzinfo=UTC)
            if "/" in text
            else datetime.fromisoformat(f"{text}+00:00")
        )
    except ValueError:
        refuse("bad_timestamp", f"{name} must be YYYY-MM-DD hh:mm:ss")
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


_REES46_TYPES = {
    "view": "product.viewed",
    "cart": "cart.added",
    "remove_from_cart": "cart.removed",
    "purchase": "order.completed",
}
_TAOBAO_TYPES = {"pv": "product.viewed", "cart": "cart.added", "buy": "order.completed"}
ROW_READERS: dict[str, Callable[[int, Fields], Fields]] = {"rees46": _rees46, "taobao": _taobao}
COLUMNS: dict[str, tuple[tuple[str, ...], bool]] = {
    "rees46": (
        tuple(
            "event_time event_type product_id category_id category_code brand price user_id"
            " user_session".split()
        ),
        True,
    ),
    "taobao": (("user", "item", "category", "behaviour", "stamp"), False),
    "online_retail": (
        tuple(
            "InvoiceNo StockCode Description Quantity InvoiceDate UnitPrice CustomerID"
            " Country".split()
        ),
        True,
    ),
}
