"""A small broker inside this process: librdkafka's mock cluster, for the demo and quick tests."""

from typing import Any

from confluent_kafka.admin import AdminClient

from streams.brokers import BrokerError
from streams.started import Started

PARTITIONS = 4  # fixed by the mock cluster; topics appear at first use
LIMITS = (
    "Embedded broker: records live in memory, at most 5 MiB or 100,000 per partition, then the"
    f" oldest go; {PARTITIONS} partitions per topic, no compaction, no topic settings, and no real"
    " transactions. For a look, not for keeps: `coupon-stream kafka` starts a real one."
)
_ANSWER_SECONDS = 10.0


class EmbeddedBroker(Started):
    """The mock cluster, alive inside a `with` block of this process.

    Faust needs `topic_allow_declare=False`, `topic_disable_leader=True` and `topic_partitions=4`
    here: the cluster knows no request to create topics.

    Raises
    ------
    BrokerError
        The cluster does not answer.
    """

    limits = LIMITS
    partitions = PARTITIONS

    def __init__(self) -> None:
        self._owner: Any = None  # the cluster dies with the client that was created with it
        self._bootstrap = ""

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        if not self._bootstrap:
            msg = "the embedded broker must be started, was not"
            raise BrokerError(msg)
        return self._bootstrap

    def start(self) -> None:
        """Start the cluster and learn its address."""
        self._owner = AdminClient({"test.mock.num.brokers": 1, "log_level": 3})
        brokers = self._owner.list_topics(timeout=_ANSWER_SECONDS).brokers.values()
        self._bootstrap = ",".join(f"{broker.host}:{broker.port}" for broker in brokers)
        if not self._bootstrap:
            self.close()
            msg = f"the embedded broker must answer within {_ANSWER_SECONDS:.0f} s, did not"
            raise BrokerError(msg)

    def close(self) -> None:
        """Let the cluster go, with all that it holds."""
        self._owner = None
        self._bootstrap = ""
