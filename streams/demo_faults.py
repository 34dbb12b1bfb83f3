"""What the demo's page may break, to be seen mending itself."""

from collections.abc import Awaitable, Callable
from typing import Any

import yaml
from aiokafka import AIOKafkaProducer

from coupons.catalogue import Catalogue
from coupons.catalogue_file import campaign_from_record
from streams import wire
from streams.demo_worker import catalogue_path

CUT_RATIO = 0.1
POISON_COUNT = 60
POISON = (
    b"not JSON at all",
    b'{"event_id":"cut-off","event_type":"product.vi',
    b'{"event_id":"p1","event_type":"product.viewed","user_id":"u","price_minor":-1}',
    b'{"event_id":"p2","event_type":"shop.exploded","user_id":"u"}',
    b'{"event_id":"p3","event_type":"product.viewed","user_id":"u","occurred_at":"yesterday"}',
    b"\xff\xfe\x00",
)

Fault = Callable[[], Awaitable[None]]


async def poison(producer: AIOKafkaProducer) -> None:
    """Send messages that nobody can read, over all partitions."""
    for number in range(POISON_COUNT):
        value = POISON[number % len(POISON)]
        await producer.send("shop.browse.v1", key=b"u", value=value, partition=number % 4)


def cut(catalogue: Catalogue) -> tuple[Catalogue, dict[str, bytes]]:
    """Cut every budget of the demo's catalogue to a tenth.

    Returns the catalogue then in force, and the messages that say so by campaign.
    """
    tree: dict[str, Any] = yaml.safe_load(catalogue_path().read_text(encoding="utf-8"))
    messages, campaigns = {}, []
    for record in tree["campaigns"]:
        less = {**record, "budget": round(record["budget"] * CUT_RATIO, 2)}
        campaigns.append(campaign_from_record(less, record["id"]))
        messages[record["id"]] = wire.encode_canonical(less)
    others = [one for one in catalogue.campaigns if one.campaign_id not in messages]
    return Catalogue.of([*others, *campaigns]), messages
