"""What the records of a partition say: events of customers, answers of the ledger, or neither."""

from collections.abc import Iterable, MutableMapping

from coupons.claims import Permit
from coupons.leases import Grant
from features.events import Event
from streams import wire
from streams.emission import Source, SourceRecord
from streams.refusals import MalformedEvent, refuse
from streams.signatures import NotBelievedError, Place, Signatures

Read = tuple[str, SourceRecord, Event | Grant | Permit | MalformedEvent]


def read_new(
    records: Iterable[tuple[str, SourceRecord]],
    at: MutableMapping[str, int],
    source: Source,
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
        family = source.families[topic]
        try:
            if family == "grants":
                if source.signatures is not None:
                    _require_signed(source.signatures, Place(topic, partition), record)
                read.append((topic, record, wire.decode_grant(record.value, partition)))
            else:
                read.append((topic, record, wire.decode(family, *told)))
        except MalformedEvent as refusal:
            read.append((topic, record, refusal))
    return read


def _require_signed(signatures: Signatures, place: Place, record: SourceRecord) -> None:
    try:
        signatures.number_of(place, record.key, record.value, record.headers)
    except NotBelievedError as refused:
        refuse("bad_signature", f"must be signed by the ledger, was {refused.fault}")
