"""A cluster that refuses requests to order: librdkafka's mock, reached in the library itself.

It keeps no transactions apart, so it tells what a writer is told, and not what readers see.
"""

import ctypes
import importlib.metadata
from collections.abc import Sequence
from typing import Any

from streams.started import Started

_PRODUCER = 0
_TEXT_BYTES = 512
API_KEYS = {
    "Produce": 0,
    "FindCoordinator": 10,
    "InitProducerId": 22,
    "AddPartitionsToTxn": 24,
    "EndTxn": 26,
}


def _library() -> ctypes.CDLL:
    files = importlib.metadata.files("confluent-kafka") or []
    path = next(file.locate() for file in files if file.name.startswith("librdkafka"))
    found = ctypes.CDLL(str(path))
    found.rd_kafka_new.restype = ctypes.c_void_p
    found.rd_kafka_mock_cluster_new.restype = ctypes.c_void_p
    found.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return found


class RefusingCluster(Started):
    """One mock broker, alive inside a `with` block."""

    def __init__(self) -> None:
        self._library = _library()
        self._client: Any = None
        self._cluster: Any = None

    def start(self) -> None:
        """Start the cluster."""
        text = ctypes.create_string_buffer(_TEXT_BYTES)
        self._client = ctypes.c_void_p(
            self._library.rd_kafka_new(_PRODUCER, None, text, ctypes.c_size_t(_TEXT_BYTES))
        )
        assert self._client, text.value
        self._cluster = ctypes.c_void_p(
            self._library.rd_kafka_mock_cluster_new(self._client, ctypes.c_int(1))
        )
        assert self._cluster

    def close(self) -> None:
        """Let the cluster go."""
        self._library.rd_kafka_mock_cluster_destroy(self._cluster)
        self._library.rd_kafka_destroy(self._client)

    @property
    def bootstrap(self) -> str:
        """The address that clients are given."""
        found: bytes = self._library.rd_kafka_mock_cluster_bootstraps(self._cluster)
        return found.decode()

    def create(self, topic: str, partitions: int) -> None:
        """Create a topic."""
        code = self._library.rd_kafka_mock_topic_create(
            self._cluster, topic.encode(), ctypes.c_int(partitions), ctypes.c_int(1)
        )
        assert code == 0, f"{topic} must be created, was refused with {code}"

    def refuse(self, api: str, codes: Sequence[int]) -> None:
        """Answer the next requests of a kind with these error codes, then go on as usual."""
        errors = (ctypes.c_int * len(codes))(*codes)
        self._library.rd_kafka_mock_push_request_errors_array(
            self._cluster, ctypes.c_int16(API_KEYS[api]), ctypes.c_size_t(len(codes)), errors
        )

    def accept(self) -> None:
        """Refuse nothing any more."""
        for key in API_KEYS.values():
            self._library.rd_kafka_mock_clear_request_errors(self._cluster, ctypes.c_int16(key))
