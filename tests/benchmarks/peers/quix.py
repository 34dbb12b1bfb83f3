"""Quix Streams as its own guide has it: a data frame, a state per key, an output topic."""

import os
import sys
from typing import Any

from quixstreams import Application, State

from streams import flow
from streams.benching.load import decisions_name, group_name, merged_name
from streams.benching.shop import Decider
from streams.settings import Settings

decider = Decider(settings := Settings())

app = Application(
    broker_address=settings.kafka_bootstrap_servers,
    consumer_group=group_name(settings),
    auto_offset_reset="earliest",
    processing_guarantee=sys.argv[1],
    # As large as the worker's chunks; by time alone, decisions would wait for 5 s to be committed.
    commit_every=settings.chunk_records,
    commit_interval=0.1,
    state_dir=os.environ["BENCH_FOLDER"],
    loglevel="ERROR",
)
events = app.topic(merged_name(settings), value_deserializer="bytes", key_deserializer="bytes")
decisions = app.topic(decisions_name(settings), value_serializer="bytes", key_serializer="bytes")


def decide(value: bytes, key: bytes, timestamp: int, headers: Any, state: State) -> bytes | None:
    """Answer an event."""
    event = decider.read(dict(headers)["family"].decode(), key, value, timestamp)
    row = state.get("row") or flow.new_row()
    decision = decider.answer(row, event, key)
    state.set("row", row)
    return None if decision is None else decision[1]


if __name__ == "__main__":
    answers = app.dataframe(events).apply(decide, stateful=True, metadata=True)
    answers.filter(lambda value: value is not None).to_topic(decisions)
    app.run()
