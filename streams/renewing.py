"""Writes rows again whose signature is not of now, so that a key can be taken out of use.

It is done when a partition is taken over: workers that restart one by one with a new key leave
nothing behind that another key signed, or none.
"""

import structlog

from streams.changelog import Recovered
from streams.rows import WAITS
from streams.signatures import Place
from streams.transactions import Outgoing, Transactions

_PART_COUNT = 2_000

log = structlog.get_logger()


def to_renew(found: Recovered, place: Place) -> list[Outgoing]:
    """Give the rows that are to be written again; what is gone is written as gone."""
    keys = [] if found.log is None else found.log.to_renew()
    return [_outgoing(found, place, key) for key in keys]


def _outgoing(found: Recovered, place: Place, key: bytes) -> Outgoing:
    waits = found.headers.get(key)
    headers = [] if waits is None else [(WAITS, waits)]
    return Outgoing(place.topic, place.partition, key, found.rows.get(key), headers)


async def renew(transactions: Transactions, messages: list[Outgoing]) -> None:
    """Write them, signed; does nothing when there are none.

    Raises
    ------
    TransactionFailedError
        The broker refused, or another worker has taken over.
    """
    for start in range(0, len(messages), _PART_COUNT):
        await transactions.commit(messages[start : start + _PART_COUNT])
    if messages:
        where = {"topic": messages[0].topic, "partition": messages[0].partition}
        log.info("rows were signed anew", rows=len(messages), **where)
