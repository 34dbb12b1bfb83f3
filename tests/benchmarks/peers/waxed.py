"""Bytewax as its own guide has it: a dataflow with a stateful step per key."""

from bytewax import operators
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from confluent_kafka import OFFSET_BEGINNING

from streams import flow as step
from streams.benching.load import decisions_name, merged_name
from streams.benching.shop import Decider
from streams.context import Row
from streams.settings import Settings

decider = Decider(settings := Settings())
Answers = list[KafkaSinkMessage[bytes, bytes]]


def decide(row: Row | None, message: KafkaSourceMessage[bytes, bytes]) -> tuple[Row, Answers]:
    """Answer an event."""
    family = dict(message.headers)["family"].decode()
    event = decider.read(family, message.key, message.value, message.timestamp[1])
    row = row or step.new_row()
    decision = decider.answer(row, event, message.key)
    if decision is None:
        return row, []
    key, value, headers = decision
    return row, [KafkaSinkMessage(key=key, value=value, headers=headers)]


brokers = [settings.kafka_bootstrap_servers]
flow = Dataflow("decisions")
source = kafka.input(
    "events",
    flow,
    brokers=brokers,
    topics=[merged_name(settings)],
    starting_offset=OFFSET_BEGINNING,
    batch_size=100,  # of 1,000, its default, decisions would come in few large bursts
)
keyed = operators.key_on("user", source.oks, lambda message: message.key.decode())
answered = operators.stateful_flat_map("decide", keyed, decide)
kafka.output(
    "out", operators.key_rm("rm", answered), brokers=brokers, topic=decisions_name(settings)
)
