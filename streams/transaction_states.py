"""Asks a transaction's coordinator how far it is, which no client library here has a call for."""

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactString,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_AGAIN_SECONDS = 0.1
_NOT_KNOWN = 105


class _Described(Response):  # type: ignore[misc] # aiokafka comes without types
    API_KEY = 65
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "states",
            CompactArray(
                ("error_code", Int16),
                ("transactional_id", CompactString("utf-8")),
                ("state", CompactString("utf-8")),
                ("timeout_ms", Int32),
                ("start_time_ms", Int64),
                ("producer_id", Int64),
                ("producer_epoch", Int16),
                (
                    "topics",
                    CompactArray(
                        ("topic", CompactString("utf-8")),
                        ("partitions", CompactArray(Int32)),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _Describe(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 65
    API_VERSION = 0
    RESPONSE_TYPE = _Described
    SCHEMA = Schema(
        ("transactional_ids", CompactArray(CompactString("utf-8"))), ("tags", TaggedFields)
    )


class _DescribeTransactions(Request[_Describe]):  # type: ignore[misc]
    API_KEY = 65

    def __init__(self, name: str) -> None:
        self._name = name

    def build(self, request_struct_class: type[_Describe]) -> _Describe:
        return request_struct_class([self._name], {})


async def state_of(name: str, client: Mapping[str, Any]) -> str:
    """Give the state of a transactional id's last transaction, as Kafka spells it.

    An empty text stands for an id that the broker does not know.

    Parameters
    ----------
    client
        As `streams.connection.client_options` gives it.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused for good.
    """
    asking = AIOKafkaClient(**client)
    await asking.bootstrap()
    try:
        while True:
            node = await asking.coordinator_lookup(CoordinationType.TRANSACTION, name)
            found = await asking.send(node, _DescribeTransactions(name))
            code, _, state, *_ = found.states[0]
            if code == 0:
                return str(state)
            if code == _NOT_KNOWN:
                return ""
            if not for_code(code).retriable:
                raise for_code(code)
            await asyncio.sleep(_AGAIN_SECONDS)
    finally:
        await asking.close()
