"""Dead letters under lock and key, and pseudonyms at the edge."""

import json
import os
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from streams import dlq, wire
from streams.cli import cli
from streams.dead_letters import Outbound, dead_letter
from streams.edge import EdgePseudonyms, renamed
from streams.layouts import Accepted, read
from streams.partitions import Partition
from streams.safe import Safe, SafeError, safe_of
from streams.setting_problems import SettingsError
from streams.settings import Settings
from tests.builders import FakeRecord, FixedScorer, a_partition, an_event, an_order, some_rules

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
CANARIES = {
    "email": "ann.canary@mail.example",
    "phone": "+49 170 5550123",
    "card": "4111 1111 1111 1111",
}


@dataclass
class Stored:
    """A dead letter as it is read back."""

    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int = 2
    offset: int = 9


def letter(safe: Safe | None, **fields: object) -> Outbound:
    told: dict[str, object] = {
        "topic": "shop.cart.v1",
        "partition": 2,
        "offset": 7,
        "timestamp_ms": 1_700_000_000_000,
        "key": b"ann",
        "value": b"{",
        "headers": [("traceparent", b"00-1")],
        "reason": "bad_json",
        "detail": "the value is not JSON",
        "group": "engine",
        "worker_version": "0",
        "safe": safe,
    }
    return dead_letter(**{**told, **fields})  # type: ignore[arg-type]


contents = st.tuples(
    st.none() | st.binary(max_size=40),
    st.none() | st.binary(max_size=200),
    st.lists(st.tuples(st.text(max_size=8), st.binary(max_size=20)), max_size=3),
)


@given(contents)
def test_what_was_locked_is_opened_to_the_byte(
    content: tuple[bytes | None, bytes | None, list[tuple[str, bytes]]],
) -> None:
    safe = Safe({"k": NEW})
    assert safe.open("k", safe.lock(content, "t:0:1"), "t:0:1") == content


def test_a_letter_locked_by_an_old_key_is_opened_beside_a_new_one() -> None:
    key, value, headers = letter(Safe({"old": OLD}))
    assert key is None
    assert b"ann" not in (value or b"")
    opened = dlq.parse(Stored(key, value, headers), Safe({"new": NEW, "old": OLD}))
    plain = dlq.parse(Stored(*letter(None)))
    assert opened == plain
    assert dlq.way_back(opened, Settings()) == dlq.way_back(plain, Settings())


def test_a_letter_whose_key_is_not_at_hand_is_counted_and_stays() -> None:
    stored = Stored(*letter(Safe({"old": OLD})))
    for safe in (None, Safe({"new": NEW})):
        closed = dlq.parse(stored, safe)
        assert (closed.reason, closed.locked, closed.value) == ("bad_json", "old", None)
        assert dlq.way_back(closed, Settings()) is None


@pytest.mark.parametrize("at", [0, 12, 20, -1])
def test_a_letter_that_was_altered_is_refused(at: int) -> None:
    safe = Safe({"k": NEW})
    key, value, headers = letter(safe)
    altered = bytearray(value or b"")
    altered[at] ^= 1
    with pytest.raises(SafeError, match="was altered"):
        dlq.parse(Stored(key, bytes(altered), headers), safe)


def test_a_letter_cannot_pass_for_another() -> None:
    safe = Safe({"k": NEW})
    key, value, _ = letter(safe)
    _, _, headers = letter(safe, offset=8)
    with pytest.raises(SafeError):
        dlq.parse(Stored(key, value, headers), safe)


def test_a_letter_that_was_refused_twice_does_not_go_back_though_it_was_locked() -> None:
    safe = Safe({"k": NEW})
    again = Stored(*letter(safe, headers=[(dlq.REPLAYED, b"1")]))
    opened = dlq.parse(again, safe)
    assert opened.replayed
    assert dlq.way_back(opened, Settings()) is None


def test_p21_no_canary_of_a_refused_message_is_readable_in_its_dead_letter() -> None:
    body = json.dumps({"event_type": "cart.added", "user_id": "ann", **CANARIES}).encode()
    plain = a_partition()
    source = type(plain.source)(
        **{name: getattr(plain.source, name) for name in plain.source.__slots__ if name != "safe"},
        safe=Safe({"k": NEW}),
    )
    partition = Partition(0, {}, source)
    record = FakeRecord(0, 1_700_000_000_000, CANARIES["email"].encode(), body + b"}")
    emission = partition.apply([("shop.cart.v1", record)], some_rules(FixedScorer()))
    (written,) = emission.dead_letters
    forms = [form for text in CANARIES.values() for form in told_otherwise(text)]
    assert [form for form in forms if form in repr(written).encode()] == []


def told_otherwise(text: str) -> Iterator[bytes]:
    """Give the forms in which a canary could still be read."""
    raw = text.encode()
    yield from (raw, raw[::-1], raw.hex().encode(), b64encode(raw)[:-4], text.encode("utf-16-le"))


@pytest.mark.parametrize("text", ["", "k", "k:short", "k:" + "A" * 44, "k k:" + "A" * 43 + "="])
def test_a_key_that_is_none_is_refused_and_not_told(text: str) -> None:
    settings = Settings(dead_letter_key=SecretStr(text))
    with pytest.raises(SettingsError) as refused:
        safe_of(settings)
    assert str(refused.value).endswith("was hidden")


# -- pseudonyms ----------------------------------------------------------------------------------


def test_c63_pseudonyms_leave_no_id_and_no_unknown_field(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    event = {
        "type": "track",
        "event": "Product Viewed",
        "messageId": "m1",
        "userId": CANARIES["email"],
        "anonymousId": CANARIES["phone"],
        "timestamp": "2026-01-01T00:00:00Z",
        "context": {"traits": {"email": CANARIES["email"], "card": CANARIES["card"]}},
        "properties": {"product_id": "p1", "price": 5, "currency": "EUR"},
    }
    file.write_text(json.dumps(event) + "\n")
    names = EdgePseudonyms({"new": NEW, "old": OLD})
    (row,) = renamed(read(file, "segment"), names)
    assert isinstance(row, Accepted)
    assert row.key.decode() == names(CANARIES["email"])
    text = row.key + row.value + repr(row.headers).encode()
    assert [canary for canary in CANARIES.values() if canary.encode() in text] == []
    decoded = wire.decode(row.family, row.key, row.value, row.headers, row.ts_ms)
    assert decoded.anonymous_id == names(CANARIES["phone"])
    assert [item.product_id for item in decoded.items] == ["p1"]


def test_c62_c63_an_orders_address_and_person_get_pseudonyms_too(tmp_path: Path) -> None:
    file = tmp_path / "events.ndjson"
    whose = {"address_id": CANARIES["card"], "person_id": CANARIES["email"]}
    order = an_order(event_id="o1", order_id="1", **whose)  # type: ignore[arg-type]
    file.write_bytes(wire.encode_event(order) + b"\n")
    names = EdgePseudonyms({"new": NEW})
    (row,) = renamed(read(file, "native"), names)
    assert isinstance(row, Accepted)
    decoded = wire.decode(row.family, row.key, row.value, row.headers, row.ts_ms)
    assert decoded.address_id == names(CANARIES["card"])
    assert decoded.person_id == names(CANARIES["email"])
    assert not any(canary.encode() in row.value for canary in whose.values())


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        *((f"cage for {canary} please", "cage for   please") for canary in CANARIES.values()),
        (CANARIES["email"], None),
        ("iphone 15 128 gb, 4000 mah", "iphone 15 128 gb, 4000 mah"),
    ],
)
def test_c63_what_names_people_in_a_search_stays_at_the_edge(
    tmp_path: Path, typed: str, kept: str | None
) -> None:
    file = tmp_path / "events.ndjson"
    search = an_event("search.performed", query=typed)
    file.write_bytes(wire.encode_event(search) + b"\n")
    (row,) = renamed(read(file, "native"), EdgePseudonyms({"new": NEW}))
    assert isinstance(row, Accepted)
    assert wire.decode(row.family, row.key, row.value, row.headers, row.ts_ms).query == kept


def test_c63_a_new_key_names_anew_and_erasure_still_finds_the_old_name() -> None:
    before, after = EdgePseudonyms({"old": OLD}), EdgePseudonyms({"new": NEW, "old": OLD})
    assert after("ann") != before("ann")
    assert before("ann") in after.every("ann")
    told = {
        "COUPON_USER_KEY": ",".join(
            f"{name}:{b64encode(key).decode()}" for name, key in (("new", NEW), ("old", OLD))
        )
    }
    done = CliRunner().invoke(cli, ["erase", "ann", "--pseudonyms", "--dry-run"], env=told)
    assert done.exit_code == 0, done.output
    assert done.output.count("a tombstone would go") == 2
    assert "ann" not in done.output


def test_pseudonyms_without_a_key_are_refused(tmp_path: Path) -> None:
    arguments = ["produce", os.fspath(tmp_path), "--format", "native", "--pseudonyms"]
    refused = CliRunner().invoke(cli, arguments)
    assert refused.exit_code == 2
    assert "COUPON_USER_KEY[_FILE] must be set to make pseudonyms" in refused.stderr
