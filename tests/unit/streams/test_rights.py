"""What `doctor` says of rights when Kafka does not answer."""

import pytest
from confluent_kafka import KafkaError, KafkaException

from streams import rights
from streams.brokers.ports import free_ports
from streams.settings import Settings


def test_a_broker_that_does_not_tell_of_rights_is_a_finding_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rights, "ASK_SECONDS", 0.1)
    monkeypatch.setattr(rights, "ANSWER_SECONDS", 0.1)
    nobody = Settings(kafka_bootstrap_servers=f"127.0.0.1:{free_ports(1)[0]}")
    found = rights.examine(nobody, "worker")
    assert (found.name, found.verdict) == ("rights", "failed")
    assert found.found.startswith("Kafka did not tell what role worker may (_")


def test_a_question_that_times_out_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that lays out its first group answers the next question, not the one before."""
    asked = []

    def tell(_admin: object, _wanted: object) -> list[str]:
        asked.append(1)
        if len(asked) == 1:
            raise KafkaException(KafkaError(KafkaError._TIMED_OUT))
        return []

    monkeypatch.setattr(rights, "_missing", tell)
    assert rights.examine(Settings(), "worker").verdict == "good"
    assert len(asked) == 2
