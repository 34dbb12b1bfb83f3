"""Shops whose own transactions fail."""

from pathlib import Path

import pytest
from confluent_kafka import Producer

from streams.brokers.local import LocalKafka
from streams.settings import Settings
from streams.topics import inbound_name
from tests.builders import ample
from tests.chaos.harness.load import shop_events
from tests.chaos.harness.scale import scale
from tests.chaos.harness.trial import on_trial, trial_settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(0)]

EVENTS_COUNT = 40
ANSWER_SECONDS = 30.0
RESUME_SECONDS = 60.0


def abort_often(settings: Settings, times: int) -> int:
    """Send events in transactions of which every second is aborted; gives how many were."""
    producer = Producer(
        {
            "bootstrap.servers": settings.kafka_bootstrap_servers,
            "transactional.id": f"{settings.topic_prefix}shop",
        }
    )
    topic = inbound_name("browse", settings.topic_prefix)
    producer.init_transactions(ANSWER_SECONDS)
    # One topic: the records of a transaction become readable topic by topic, in no order.
    messages = (one for one in shop_events(settings, scale().seed) if one.topic == topic)
    aborted_count = 0
    for number in range(times):
        producer.begin_transaction()
        for message, _ in zip(messages, range(EVENTS_COUNT), strict=False):
            # Some are refused for their headers only; without them they would be a good event.
            producer.produce(
                message.topic,
                message.value,
                message.key,
                message.partition,
                headers=list(message.headers),
            )
        assert producer.flush(ANSWER_SECONDS) == 0
        if number % 2:
            producer.commit_transaction(ANSWER_SECONDS)
        else:
            producer.abort_transaction(ANSWER_SECONDS)
            aborted_count += EVENTS_COUNT
    return aborted_count


def test_what_a_shop_takes_back_is_never_decided_on_and_holds_nobody_up(
    chaos_kafka: LocalKafka, tmp_path: Path
) -> None:
    # A transaction becomes readable after its records' times, so a grant that came in between would
    # be applied before them here, and after them by whoever reads all of the log.
    settings = ample(trial_settings(chaos_kafka.bootstrap), tmp_path)
    times = scale().upstream_transactions_count
    with on_trial(settings, tmp_path, workers_count=2, events_count=0) as trial:
        trial.observer.begin()
        aborted_count = abort_often(settings, times)
        trial.observer.until_more(1, scale().seconds(RESUME_SECONDS))
        remarks = f"{aborted_count} events taken back"
        trial.conclude("upstream", "a shop aborts its transactions", times // 2, remarks=remarks)
