"""The stock in force: what `shop.stock.v1` told so far of which products are left."""

from collections.abc import Iterable, Iterator
from typing import Annotated, NamedTuple

import structlog
from aiokafka import ConsumerRecord
from msgspec import Meta, Struct, ValidationError, convert

from coupons.stock import EVERYTHING_THERE, Inventory, Stock
from features.events import Item
from streams import wire
from streams.native import Count, Identifier, Text

MAX_VALUE_BYTES = 4_096

log = structlog.get_logger()


class StockLevel(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """How many pieces of a product are left, and where it belongs.

    The newest record of a product counts; a tombstone forgets it, so that it counts as there.
    """

    product_id: Identifier
    available_count: Annotated[Count, Meta(description="pieces that can be sold now")]
    category: Text | None = None
    brand: Text | None = None


class Told(NamedTuple):
    """A record of the topic; a value of None is a tombstone."""

    offset: int
    key: bytes
    value: bytes | None


class Stocking:
    """Follows the topic; what is sold out is put together when it is asked for.

    The version is the place in the topic and not the last record that changed anything: records
    before it may be compacted away, and the same place must mean the same stock for ever.
    """

    def __init__(self, is_asked: bool = True) -> None:
        self._is_asked = is_asked
        self._inventory = Inventory()
        self._version = 0
        self.refused_count = 0

    @property
    def in_force(self) -> Stock:
        """What is sold out now; everything is there where stock is not asked for."""
        return self._inventory.at(self._version) if self._is_asked else EVERYTHING_THERE

    def hear(self, record: ConsumerRecord) -> None:
        """Take in a record; a refused one changes nothing but the place."""
        self._version = record.offset + 1
        if self._is_asked:
            told = Told(record.offset, record.key or b"", record.value)
            self.refused_count += not _take(self._inventory, told)


def _take(inventory: Inventory, told: Told) -> bool:
    """Take a record in; gives whether it was understood."""
    if told.value is None:
        inventory.drop(told.key.decode(errors="replace"))
        return True
    try:
        level = level_of(told.key, told.value)
        item = Item(product_id=level.product_id, category=level.category, brand=level.brand)
        inventory.put(item, level.available_count)
    except ValueError as refused:
        log.error("a stock level was refused", offset=told.offset, reason=str(refused))
        return False
    return True


def level_of(key: bytes, value: bytes) -> StockLevel:
    """Read a record of the stock topic; unknown fields are ignored.

    Raises
    ------
    ValueError
        It is too large, no such record, or of another product than its key.

    Examples
    --------
    >>> level_of(b"tent", b'{"product_id":"tent","available_count":0}').available_count
    0
    """
    if len(value) > MAX_VALUE_BYTES:
        message = f"a stock level must be at most {MAX_VALUE_BYTES} bytes, was {len(value)}"
        raise ValueError(message)
    try:
        level = convert(wire.decode_state(value), StockLevel)
    except ValidationError as error:
        message = f"must be a stock level, was not: {error}"
        raise ValueError(message) from error
    if level.product_id.encode() != key:
        message = "product_id must be the message's key, was another"
        raise ValueError(message)
    return level


def stocks_at(levels: Iterable[Told], versions: Iterable[int]) -> Iterator[Stock]:
    """Give the stock at each of these versions, lowest first; equal ones share what they hold.

    Raises
    ------
    LookupError
        The records end before a version.
    """
    inventory, remaining, last = Inventory(), iter(levels), 0
    following = next(remaining, None)
    for version in sorted(set(versions)):
        while following is not None and following.offset < version:
            _take(inventory, following)
            last, following = following.offset + 1, next(remaining, None)
        if following is None and last < version:
            message = f"stock must be told up to {version}, was up to {last}"
            raise LookupError(message)
        yield inventory.at(version)
