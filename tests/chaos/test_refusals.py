"""A broker that refuses: what a worker takes for durable must be there, whatever it was told."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, TopicPartition

from streams.transactions import Outgoing, TransactionFailedError, Transactions
from tests.chaos.harness import certificate
from tests.chaos.harness.mock import RefusingCluster
from tests.chaos.harness.scale import scale

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(0)]

DECISIONS, CHANGELOG = "decisions", "changelog"
TIMEOUT_MS = 5_000
READ_SECONDS = 30.0

COORDINATOR = (
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.NOT_COORDINATOR,
    KafkaError.CONCURRENT_TRANSACTIONS,
)
REFUSED = (
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    KafkaError.INVALID_PRODUCER_EPOCH,
    KafkaError.PRODUCER_FENCED,
)
# What passes by itself, and what ends the worker.
PASSING: dict[str, tuple[int, ...]] = {
    "Produce": (
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.NOT_ENOUGH_REPLICAS,
        KafkaError.NOT_ENOUGH_REPLICAS_AFTER_APPEND,
        KafkaError.KAFKA_STORAGE_ERROR,
    ),
    "AddPartitionsToTxn": COORDINATOR,
    "EndTxn": COORDINATOR,
    "FindCoordinator": (KafkaError.COORDINATOR_NOT_AVAILABLE,),
    "InitProducerId": COORDINATOR,
}
FINAL: dict[str, tuple[int, ...]] = {
    "Produce": (
        KafkaError.MSG_SIZE_TOO_LARGE,
        KafkaError.INVALID_MSG,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.OUT_OF_ORDER_SEQUENCE_NUMBER,
        KafkaError.UNKNOWN_PRODUCER_ID,
        KafkaError.INVALID_PRODUCER_EPOCH,
    ),
    "AddPartitionsToTxn": (
        *REFUSED,
        KafkaError.INVALID_TXN_STATE,
        KafkaError.INVALID_PRODUCER_ID_MAPPING,
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
    ),
    "EndTxn": (*REFUSED, KafkaError.INVALID_TXN_STATE, KafkaError.INVALID_PRODUCER_ID_MAPPING),
    "InitProducerId": (KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,),
}


@pytest.fixture(scope="module")
def cluster() -> Iterator[RefusingCluster]:
    with RefusingCluster() as found:
        found.create(DECISIONS, 1)
        found.create(CHANGELOG, 1)
        yield found


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


class Trials:
    """Transactions under refusals, and what became of them."""

    def __init__(self, cluster: RefusingCluster, executor: ThreadPoolExecutor) -> None:
        self._cluster = cluster
        self._executor = executor
        self._options = {"bootstrap.servers": cluster.bootstrap, "log_level": 2}
        self.said_durable: list[bytes] = []
        self.failed: list[bytes] = []

    async def one(self, api: str, code: int, count: int) -> None:
        """Try to make one chunk durable while requests are refused."""
        key = f"{api} {code} {count}".encode()
        writer = Transactions("app-0", self._options, self._executor, TIMEOUT_MS)
        try:
            if api in ("InitProducerId", "FindCoordinator"):
                self._cluster.refuse(api, [code] * count)
            await writer.open()
            self._cluster.refuse(api, [code] * count)
            await writer.commit(
                [Outgoing(DECISIONS, 0, key, b"decision"), Outgoing(CHANGELOG, 0, key, b"row")]
            )
            self.said_durable.append(key)
            await writer.close()
        except TransactionFailedError:
            self.failed.append(key)  # here a worker's process ends
        finally:
            self._cluster.accept()

    def lost(self) -> list[bytes]:
        """Name what was said to be durable and is not there."""
        found = [self._keys(topic) for topic in (DECISIONS, CHANGELOG)]
        return [key for key in self.said_durable if any(key not in keys for keys in found)]

    def _keys(self, topic: str) -> set[bytes | None]:
        more = {"group.id": "trials", "enable.partition.eof": True}
        consumer = Consumer({**self._options, **more})
        consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
        keys: set[bytes | None] = set()
        while True:
            message = consumer.poll(READ_SECONDS)
            assert message is not None, f"{topic} must give its end, did not"
            error = message.error()
            if error is not None:
                assert error.code() == KafkaError._PARTITION_EOF, error
                consumer.close()
                return keys
            keys.add(message.key())


async def test_p24_a_refusal_that_passes_is_ridden_out(
    cluster: RefusingCluster, executor: ThreadPoolExecutor
) -> None:
    trials = Trials(cluster, executor)
    cases = [(api, code) for api, codes in PASSING.items() for code in codes]
    for api, code in cases:
        await trials.one(api, code, 1)
    assert trials.failed == []
    assert trials.lost() == []
    conclude("a request refused once, for a while", len(cases))


async def test_p24_what_is_said_to_be_durable_is_there_after_any_refusal(
    cluster: RefusingCluster, executor: ThreadPoolExecutor
) -> None:
    trials = Trials(cluster, executor)
    cases = [(api, code) for api, codes in FINAL.items() for code in codes]
    for api, code in cases:
        await trials.one(api, code, 1)
    assert trials.lost() == []
    remarks = f"{len(trials.failed)} ended the worker, {len(trials.said_durable)} passed"
    conclude("a request refused for good", len(cases), remarks)


@pytest.mark.chaos
async def test_p24_a_hundred_refusals_in_a_row_lose_nothing(
    cluster: RefusingCluster, executor: ThreadPoolExecutor
) -> None:
    trials = Trials(cluster, executor)
    cases = [(api, code) for some in (PASSING, FINAL) for api in some for code in some[api]]
    for api, code in cases:
        await trials.one(api, code, 100)
    assert trials.lost() == []
    remarks = f"{len(trials.failed)} ended the worker, {len(trials.said_durable)} passed"
    conclude("requests refused 100 times in a row", len(cases), remarks)


def conclude(fault: str, times: int, remarks: str = "") -> None:
    certificate.LINES.append(
        certificate.Line(
            promise="P24", fault=fault, times=times, seed=scale().seed, lost=0, remarks=remarks
        )
    )
