"""The limit: a hand-written aiokafka loop. Rows in a dict, nothing committed, nothing recovered."""

import asyncio

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord

from streams import flow
from streams.benching.load import decisions_name, group_name, merged_name
from streams.benching.shop import Decider
from streams.connection import client_options
from streams.context import Row
from streams.settings import Settings

decider = Decider(settings := Settings())
rows: dict[bytes, Row] = {}


async def main() -> None:
    """Read chunks, answer them, send each partition's decisions as one batch."""
    options = client_options(settings)
    consumer = AIOKafkaConsumer(
        merged_name(settings),
        group_id=group_name(settings),
        auto_offset_reset="earliest",
        **options,
    )
    producer = AIOKafkaProducer(max_batch_size=4_000_000, max_request_size=8_000_000, **options)
    async with consumer, producer:
        while True:
            chunks = await consumer.getmany(timeout_ms=1_000, max_records=settings.chunk_records)
            for place, records in chunks.items():
                batch = producer.create_batch()
                for record in records:
                    answer(record, batch)
                await producer.send_batch(
                    batch, decisions_name(settings), partition=place.partition
                )


def answer(record: ConsumerRecord, batch: object) -> None:
    """Append the decision that a record asks for, if it asks for one."""
    family = record.headers[0][1].decode()
    event = decider.read(family, record.key, record.value, record.timestamp)
    row = rows.get(record.key)
    if row is None:
        row = rows[record.key] = flow.new_row()
    decision = decider.answer(row, event, record.key)
    if decision is not None:
        key, value, headers = decision
        batch.append(timestamp=None, key=key, value=value, headers=headers)  # type: ignore[attr-defined]


if __name__ == "__main__":
    asyncio.run(main())
