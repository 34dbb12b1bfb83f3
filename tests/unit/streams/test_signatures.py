"""Signatures under rows and grants: what was altered, moved or put back is not believed."""

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from coupons.leases import Grant
from streams import wire
from streams.app import outbound_topics, signed_source_of
from streams.changelog import Recovered
from streams.partition_reading import read_new
from streams.refusals import MalformedEvent
from streams.renewing import to_renew
from streams.rows import PARTITION_KEY, WAITS
from streams.setting_problems import SettingsError
from streams.settings import Settings, Trust
from streams.signatures import NotBelievedError, Place, Signatures, Signer, signatures_of
from streams.signed_log import SignedLog
from streams.transactions import Outgoing

SETTINGS = Settings(app_id="shop", partitions=4)
TOPICS = outbound_topics(SETTINGS)
ROWS = Place(TOPICS.changelog, 3)
OLD, NEW = bytes(range(32)), bytes(range(1, 33))


def secret(**keys: bytes) -> SecretStr:
    return SecretStr(",".join(f"{name}:{b64encode(key).decode()}" for name, key in keys.items()))


def settings_with(trust: Trust = "signed", **keys: bytes) -> Settings:
    return SETTINGS.model_copy(update={"state_key": secret(**keys), "state_trust": trust})


def with_keys(trust: Trust = "signed", **keys: bytes) -> Signatures:
    found = signatures_of(settings_with(trust, **keys), TOPICS)
    assert found is not None
    return found


def signed(signer: Signer, *rows: tuple[bytes, bytes | None]) -> list[Outgoing]:
    """Write rows as one transaction of a writer."""
    return signer.signed(Outgoing(*ROWS, key, value, [(WAITS, b":0")]) for key, value in rows)


class Stored:
    """A record as librdkafka gives it."""

    def __init__(self, offset: int, one: Outgoing) -> None:
        self._offset, self._one = offset, one

    def offset(self) -> int:
        return self._offset

    def key(self) -> bytes | None:
        return self._one.key

    def value(self) -> bytes | None:
        return self._one.value

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self._one.headers)


def read(signatures: Signatures, *records: Outgoing, is_ledger: bool = False) -> Recovered:
    found = Recovered(log=SignedLog(signatures, ROWS, is_ledger=is_ledger))
    for offset, one in enumerate(records):
        stored: Any = Stored(offset, one)
        found.take(stored)
    return found


def objection(found: Recovered) -> str | None:
    assert found.log is not None
    return found.log.objection(found.rows)


def test_p10_one_altered_byte_anywhere_in_a_signed_row_is_seen() -> None:
    ours = with_keys(k1=OLD)
    (row,) = signed(Signer(ours), (b"ann", b'{"v":1}'))
    assert ours.number_of(ROWS, row.key, row.value, row.headers) == 1
    assert row.key is not None
    assert row.value is not None
    (waits, (name, signature)) = row.headers
    spoiled: list[tuple[bytes, bytes | None, Sequence[tuple[str, bytes]]]] = [
        (row.key[:i] + b"~" + row.key[i + 1 :], row.value, row.headers) for i in range(3)
    ]
    spoiled += [(row.key, row.value[:i] + b"~" + row.value[i + 1 :], row.headers) for i in range(7)]
    spoiled += [
        (row.key, row.value, [waits, (name, signature[:i] + b"~" + signature[i + 1 :])])
        for i in range(len(signature))
    ]
    spoiled += [
        (row.key, row.value, [(WAITS, b":1"), (name, signature)]),
        (row.key, row.value, [(name, signature)]),
        (row.key, row.value, [waits, ("more", b""), (name, signature)]),
        (row.key, row.value, [waits, (name, signature), (name, signature)]),
        (row.key, None, row.headers),
        (row.key + row.value[:1], row.value[1:], row.headers),
    ]
    for key, value, headers in spoiled:
        with pytest.raises(NotBelievedError):
            ours.number_of(ROWS, key, value, headers)


def test_p10_a_signed_row_is_believed_nowhere_but_where_it_was_written() -> None:
    ours = with_keys(k1=OLD)
    (row,) = signed(Signer(ours), (b"ann", b"{}"))
    places = (Place(TOPICS.changelog, 2), Place(TOPICS.ledger, 3), Place(TOPICS.grants, 3))
    elsewhere = signatures_of(
        settings_with(k1=OLD).model_copy(update={"app_id": "other"}),
        outbound_topics(SETTINGS),
    )
    assert elsewhere is not None
    for signatures, place in (*((ours, place) for place in places), (elsewhere, ROWS)):
        with pytest.raises(NotBelievedError, match="forged"):
            signatures.number_of(place, row.key, row.value, row.headers)


def test_p10_a_partition_with_a_forged_row_is_refused_with_a_code_and_a_remedy() -> None:
    ours, stranger = with_keys(k1=OLD), Signer(with_keys(k1=NEW))
    good = signed(Signer(ours), (PARTITION_KEY, b"{}"), (b"ann", b"{}"))
    for bad, fault in (
        (signed(stranger, (b"ann", b"more")), "forged"),
        (signed(Signer(with_keys(k9=NEW)), (b"ann", b"more")), "unknown_key"),
        ([Outgoing(*ROWS, b"ann", b"more")], "unsigned"),
        ([Outgoing(*ROWS, b"ann", None)], "unsigned"),
    ):
        found = read(ours, *good, *bad)
        told = objection(found)
        assert told is not None
        assert f"({fault}); " in told
        assert "offset 2 must" in told
        assert "COUPON_STATE_TRUST=repair" in told
        assert "ann" not in told  # whose row it is belongs into no log
        assert found.rows[b"ann"] == b"{}"
    assert objection(read(ours, *good)) is None


def test_p10_an_older_row_put_back_is_refused_though_a_worker_signed_it() -> None:
    signer = Signer(with_keys(k1=OLD))
    first = signed(signer, (PARTITION_KEY, b"1"), (b"ann", b"caps used: 0"))
    second = signed(signer, (PARTITION_KEY, b"2"), (b"ann", b"caps used: 1"))
    found = read(with_keys(k1=OLD), *first, *second, first[1])
    assert "(put_back)" in (objection(found) or "")
    assert found.rows[b"ann"] == b"caps used: 1"


def test_a_record_that_is_not_believed_harms_nobody_once_a_worker_has_written_after_it() -> None:
    ours = with_keys(k1=OLD)
    signer = Signer(ours)
    before = signed(signer, (b"ann", b"1"))
    after = signed(signer, (b"ann", b"2"))
    found = read(ours, *before, Outgoing(*ROWS, b"ann", b"forged"), *after)
    assert objection(found) is None
    assert found.rows == {b"ann": b"2"}
    assert found.log is not None
    assert found.log.number == 2


def test_a_change_over_believes_what_is_unsigned_and_signs_it_at_once() -> None:
    unsigned = [Outgoing(*ROWS, b"ann", b"1", [(WAITS, b":2")]), Outgoing(*ROWS, b"bob", b"1")]
    begun = with_keys("changeover", k1=OLD)
    found = read(begun, *unsigned)
    assert objection(found) is None
    anew = Signer(begun).signed(to_renew(found, ROWS))
    assert [one.key for one in anew] == [b"ann", b"bob"]
    over = read(with_keys(k1=OLD), *unsigned, *anew)
    assert objection(over) is None
    assert (over.rows, over.headers) == (found.rows, found.headers)
    assert to_renew(over, ROWS) == []
    forged = signed(Signer(with_keys(k1=NEW)), (b"ann", b"9"))
    assert objection(read(begun, *unsigned, *forged)) is not None


def test_a_new_key_signs_anew_what_the_old_one_signed_so_that_it_can_go() -> None:
    written = signed(Signer(with_keys(old=OLD)), (b"ann", b"1"), (b"bob", b"1"), (b"cat", None))
    both = with_keys(new=NEW, old=OLD)
    found = read(both, *written)
    assert objection(found) is None
    assert found.log is not None
    signer = Signer(both)
    signer.number = found.log.number
    anew = signer.signed(to_renew(found, ROWS))
    assert objection(read(with_keys(new=NEW), *written, *anew)) is None
    assert objection(read(with_keys(new=NEW), *written)) is not None


def test_a_repair_goes_on_from_the_newest_rows_that_are_signed() -> None:
    ours = with_keys("repair", k1=OLD)
    good = signed(Signer(ours), (PARTITION_KEY, b"1"), (b"ann", b"1"))
    bad = [Outgoing(*ROWS, key, b"forged") for key in (b"ann", b"bob")]
    found = read(ours, *good, *bad)
    assert objection(found) is None
    signer = Signer(ours)
    signer.number = 1
    anew = signer.signed(to_renew(found, ROWS))
    assert [(one.key, one.value) for one in anew] == [(b"ann", b"1"), (b"bob", None)]
    mended = read(with_keys(k1=OLD), *good, *bad, *anew)
    assert objection(mended) is None
    assert mended.rows == {PARTITION_KEY: b"1", b"ann": b"1"}


def test_no_repair_begins_money_anew_of_which_nothing_signed_is_left() -> None:
    ours = with_keys("repair", k1=OLD)
    position = Outgoing(*ROWS, PARTITION_KEY, b"forged")
    assert "restore a backup" in (objection(read(ours, position)) or "")
    book = Outgoing(*ROWS, b"campaign", b"forged")
    assert "restore a backup" in (objection(read(ours, book, is_ledger=True)) or "")


class Heard:
    """A record of the grants' topic."""

    def __init__(self, one: Outgoing) -> None:
        self.offset, self.timestamp = 0, 0
        self.key, self.value, self.headers = one.key, one.value, one.headers


def test_p10_a_grant_that_the_ledger_did_not_sign_is_refused_by_its_reason() -> None:
    source = signed_source_of(settings_with(k1=OLD))
    grant = Grant(campaign_id="c", partition=3, seq=1, granted={"policy": 1_000})
    unsigned = Outgoing(TOPICS.grants, 3, *wire.encode_grant(grant))
    (good,) = Signer(with_keys(k1=OLD)).signed([unsigned])
    (forged,) = Signer(with_keys(k1=NEW)).signed([unsigned])
    read_as: list[Any] = []
    for one in (good, forged, unsigned):
        heard: Any = Heard(one)
        read_as += [said for *_, said in read_new([(TOPICS.grants, heard)], {}, source, 3)]
    assert read_as[0] == grant
    for refusal, fault in zip(read_as[1:], ("forged", "unsigned"), strict=True):
        assert isinstance(refusal, MalformedEvent)
        assert (refusal.reason, refusal.detail.rsplit(" ", 1)[1]) == ("bad_signature", fault)


def test_only_rows_books_and_grants_are_signed_and_only_with_a_key() -> None:
    signer = Signer(with_keys(k1=OLD))
    told = Outgoing(TOPICS.decisions, 3, b"ann", b"{}")
    assert signer.signed([told]) == [told]
    assert signatures_of(SETTINGS, TOPICS) is None
    broken = SETTINGS.model_copy(update={"state_key": SecretStr("k1:short")})
    with pytest.raises(SettingsError, match="COUPON_STATE_KEY must be NAME:KEY"):
        signatures_of(broken, TOPICS)
