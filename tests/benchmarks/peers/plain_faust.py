"""Faust as its own guide has it: an agent, an event at a time, a table, an output topic."""

import os

import faust

from streams import flow
from streams.benching.load import decisions_name, group_name, merged_name
from streams.benching.shop import Decider
from streams.settings import Settings

decider = Decider(settings := Settings())

app = faust.App(
    group_name(settings),
    broker=f"kafka://{settings.kafka_bootstrap_servers}",
    store="memory://",
    datadir=os.environ["BENCH_FOLDER"],
    topic_partitions=settings.partitions,
    web_enabled=False,
)
events = app.topic(merged_name(settings), key_type=bytes, value_type=bytes, value_serializer="raw")
decisions = app.topic(decisions_name(settings), key_serializer="raw", value_serializer="raw")
users = app.Table("users", key_type=bytes, partitions=settings.partitions)


@app.agent(events)
async def decide(stream: faust.StreamT[bytes]) -> None:
    """Answer each event."""
    async for event in stream.events():
        key, value, message = event.key, event.value, event.message
        family = dict(message.headers)["family"].decode()
        told = decider.read(family, key, value, int(message.timestamp * 1_000))
        row = users.get(key) or flow.new_row()
        decision = decider.answer(row, told, key)
        users[key] = row
        if decision is not None:
            user, body, headers = decision
            await decisions.send(key=user, value=body, headers=headers)


if __name__ == "__main__":
    app.main()
