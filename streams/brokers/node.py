"""The configuration of the one local node: small, quick to start, strict where tests need it."""

import base64
from collections.abc import Mapping
from pathlib import Path

LOGGING = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{HH:mm:ss,SSS} %p %m (%c{1})%n%throwable{short}
rootLogger.level = warn
rootLogger.appenderRef.console.ref = console
"""


def cluster_id(seed: bytes) -> str:
    """Spell 15 bytes as Kafka spells the 16 of a cluster's id.

    The first byte is zero, because an id that begins with a dash is taken for an option.

    Examples
    --------
    >>> cluster_id(bytes(range(1, 16)))
    'AAECAwQFBgcICQoLDA0ODw'
    """
    return base64.urlsafe_b64encode(b"\0" + seed).decode("ascii").rstrip("=")


def properties(
    *, host: str, port: int, controller_port: int, log_folder: Path, extra: Mapping[str, str]
) -> str:
    """Return the text of `server.properties`; `extra` wins over what is set here.

    Examples
    --------
    >>> text = properties(host="127.0.0.1", port=9092, controller_port=9093,
    ...                   log_folder=Path("/logs"), extra={"num.io.threads": "8"})
    >>> "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093" in text
    True
    >>> "num.io.threads=8" in text
    True
    """
    lines = {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.quorum.voters": f"1@{host}:{controller_port}",
        "listeners": f"PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{host}:{port}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "controller.listener.names": "CONTROLLER",
        "inter.broker.listener.name": "PLAINTEXT",
        "log.dirs": str(log_folder),
        # Topics are declared by `topics apply`; a misspelt name must fail, not appear.
        "auto.create.topics.enable": "false",
        # One node: what is replicated three times by default could never be created.
        "default.replication.factor": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # 50 partitions each by default: seconds of file creation at the first commit.
        "offsets.topic.num.partitions": "2",
        "transaction.state.log.num.partitions": "2",
        "share.coordinator.state.topic.num.partitions": "1",
        "group.initial.rebalance.delay.ms": "0",
        "group.min.session.timeout.ms": "1000",
        # A transaction left by a killed worker is cleaned up soon after its own timeout.
        "transaction.abort.timed.out.transaction.cleanup.interval.ms": "1000",
        # After kill -9 the node waits until its former self counts as gone: 9 s by default.
        "broker.session.timeout.ms": "3000",
        "broker.heartbeat.interval.ms": "500",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.segment.bytes": str(64 * 1024 * 1024),
    }
    lines.update(extra)
    return "".join(f"{name}={value}\n" for name, value in lines.items())
