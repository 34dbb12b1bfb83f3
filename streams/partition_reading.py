"""What the records of a partition say: events of customers, grants of the ledger, or neither."""

from collections.abc import Iterable, Mapping, MutableMapping

from coupons.leases import Grant
from features.events import Event, Family
from streams import wire
from streams.emission import SourceRecord
from streams.refusals import MalformedEvent

Read = tuple[str, SourceRecord, Event | Grant | MalformedEvent]


def read_new(
    records: Iterable[tuple[str, SourceRecord]],
    at: MutableMapping[str, int],
    families: Mapping[str, Family],
    partition: int,
) -> list[Read]:
    """Decode the records that were not applied before, each to what it says or its refusal.

    Parameters
    ----------
    at
        By topic, which record is applied next; moved on.
    """
    read: list[Read] = []
    for topic, record in records:
        if record.offset < at.get(topic, 0):
            continue
        at[topic] = record.offset + 1
        told = record.key, record.value, record.headers, record.timestamp
        try:
            if families[topic] == "grants":
                read.append((topic, record, wire.decode_grant(record.value, partition)))
            else:
                read.append((topic, record, wire.decode(families[topic], *told)))
        except MalformedEvent as refusal:
            read.append((topic, record, refusal))
    return read
