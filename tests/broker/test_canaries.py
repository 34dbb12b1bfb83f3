"""P21: personal values, planted wherever a shop could send some, are found nowhere afterwards."""

import asyncio
import json
import os
from base64 import b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from urllib.parse import quote

import pytest
from confluent_kafka.admin import AdminClient

from streams.connection import librdkafka_options
from streams.settings import Settings
from streams.topics import inbound_name
from tests.broker.awaiting import read_all, send_all
from tests.broker.test_commands import run
from tests.broker.workers import running

EVENTS_COUNT = int(os.environ.get("CANARIES") or 800)  # 100,000 at length
LIMIT_SECONDS = 300 + EVENTS_COUNT / 20
pytestmark = [pytest.mark.broker, pytest.mark.timeout(LIMIT_SECONDS)]
EVENTS_OF_A_USER = 20
DEADLINE_SECONDS = 90.0 + EVENTS_COUNT / 50
KEY = b64encode(bytes(range(32))).decode()
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)

# What is looked for stands in every value of its kind.
BIRD, PHONE, CARD, STREET = (
    "kanarienvogel",
    "170 5550 1234",
    "4111 1111 1111 1111",
    "Zeisigwegstrasse",
)
KINDS = ("Product Viewed", "Products Searched", "Product Added", "Checkout Started")


def person(number: int) -> dict[str, Any]:
    """Give all that a shop knows of somebody and should keep to itself."""
    return {
        "email": f"{BIRD}.{number}@mail.example",
        "phone": f"+49 {PHONE} {number}",
        "name": f"Anna {BIRD.title()} {number}",
        "card": CARD,
        "address": {"street": f"{STREET} {number}", "phone": f"+49 {PHONE} {number}"},
    }


def event(number: int) -> dict[str, Any]:
    """Give one event as Segment sends it, with personal values in and beside its fields."""
    users_count = max(16, EVENTS_COUNT // EVENTS_OF_A_USER)
    turn, user = divmod(number, users_count)
    who, is_last = person(user), turn >= EVENTS_OF_A_USER - 2
    # The last visits come two days later, when sessions are over and labels are known.
    at = BEGIN + timedelta(minutes=turn, days=2 if is_last else 0)
    order = {"order_id": f"o{number}", "total": 40, "email": who["email"]}
    order |= {"products": [{"product_id": "p1", "price": 40, "quantity": 1}]}
    view = {"product_id": f"p{turn}", "category": "toys", "price": 40, "quantity": 1, "owner": who}
    if turn == 0:
        kind = {"type": "identify", "traits": who}
    elif turn % 7 == 6:
        kind = {"type": "track", "event": "Order Completed", "properties": order | {"buyer": who}}
    else:
        typed = {"query": f"cage for {who['email']} {CARD}, {who['phone']}", "results_count": 3}
        kind = {"type": "track", "event": KINDS[turn % 4], "properties": view | typed}
    return kind | {
        "messageId": f"m{number}",
        "userId": who["email"],
        "anonymousId": who["phone"],
        "timestamp": at.isoformat(),
        "context": {"traits": who, "page": {"url": f"https://shop.example/?for={who['email']}"}},
    }


def broken(number: int) -> tuple[bytes, bytes]:
    """Give what comes past the edge, names everybody and must be refused."""
    who = person(number)
    whole = {"event_id": who["email"], "event_type": "cart.added", "user_id": who["email"]}
    wrong = [
        {**whole, "occurred_at": who["phone"], "product_id": who["name"]},
        {**whole, "occurred_at": "2026-03-02T09:00:00Z", "product_id": who, "price_minor": CARD},
        {**whole, **who},
    ]
    text = json.dumps(wrong[number % 3])
    return who["email"].encode(), (text if number % 4 else text + "}").encode()


def forms() -> list[bytes]:
    """Give all ways in which a planted value could still be read."""
    found: set[bytes] = set()
    for text in (BIRD, BIRD.title(), PHONE, PHONE.replace(" ", ""), CARD, STREET):
        raw = text.encode()
        found |= {
            raw,
            raw[::-1],
            raw.hex().encode(),
            quote(text).encode(),
            text.encode("utf-16-le"),
        }
        # In base64 a text may begin at any of three places, and its ends depend on what is beside.
        found |= {b64encode(b"\x00" * skip + raw)[4:-4] for skip in range(3)}
    return sorted(found)


FORMS = forms()
# A shorter one turns up by chance among the digests of a run: four characters of base64 did.
assert min(map(len, FORMS)) >= 8


def hits(texts: Iterable[bytes]) -> set[bytes]:
    """Give the forms that are found in any of the texts."""
    return {form for text in texts for form in FORMS if form in text}


@pytest.mark.parametrize(
    "leak",
    [
        str.encode,
        lambda text: text.encode()[::-1],
        lambda text: text.encode().hex().encode(),
        lambda text: b64encode(b"a" + text.encode()),
        lambda text: quote(text).encode(),
        lambda text: text.encode("utf-16-le"),
    ],
)
def test_p21_a_value_is_found_in_whatever_form_it_stands(leak: Callable[[str], bytes]) -> None:
    for told in ("email", "phone", "name", "card"):
        assert hits([b"{" + leak(str(person(7)[told])) + b"}"]), told
    assert hits([b'{"user_id":"k.kkyoe6ijprczbhsdl63vkelms2","ts_ms":1795313400000}']) == set()


def told_in(record: Any) -> bytes:
    """Put key, value and headers of a record side by side."""
    headers = [name.encode() + b" " + value for name, value in record.headers]
    return b"\n".join([record.key or b"", record.value or b"", *headers])


async def found_in_topics(settings: Settings) -> dict[str, set[bytes]]:
    """Look through every topic but the one that broken messages were sent to past the edge."""
    admin = AdminClient(librdkafka_options(settings))
    prefixes = (settings.topic_prefix, settings.app_id)
    names = [name for name in admin.list_topics(timeout=30).topics if name.startswith(prefixes)]
    cart, counts = inbound_name("cart", settings.topic_prefix), {}
    found: dict[str, set[bytes]] = {}
    for topic in sorted(names):
        records = await read_all(
            settings.kafka_bootstrap_servers, [topic], deadline_seconds=DEADLINE_SECONDS
        )
        counts[topic] = len(records)
        if topic != cart:
            found[topic] = hits(told_in(record) for record in records)
    for kind in ("decisions", "outcomes", "sessions", "dead-letters"):
        assert counts[f"{settings.topic_prefix}coupon.{kind}.v1"] > 0, kind
    assert sum(count for name, count in counts.items() if name.startswith(settings.app_id)) > 0
    print(f"{sum(counts.values()):,} records of {len(names)} topics, {len(FORMS)} forms")
    return found


async def test_p21_planted_values_are_found_in_no_topic_log_metric_or_file_of_the_product(
    topics: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUPON_DEAD_LETTER_KEY", f"k:{KEY}")
    monkeypatch.setenv("COUPON_USER_KEY", f"k:{KEY}")
    monkeypatch.setenv("COUPON_LOG_LEVEL", "debug")
    sent = tmp_path / "sent" / "events.ndjson"
    sent.parent.mkdir()
    sent.write_text("".join(json.dumps(event(n)) + "\n" for n in range(EVENTS_COUNT)), "utf-8")
    written = tmp_path / "written"
    written.mkdir()
    drawn = topics.model_copy(update={"policy": "random"})
    with running(drawn, written, 1) as (worker,):
        await worker.ready()
        sending = ("produce", str(sent), "--format", "segment", "--pseudonyms")
        done = await asyncio.to_thread(run, drawn, *sending)
        assert done.exit_code == 0, done.output
        assert "refused" not in done.output
        letters = [broken(n) for n in range(max(60, EVENTS_COUNT // 50))]
        cart = inbound_name("cart", drawn.topic_prefix)
        await send_all(drawn.kafka_bootstrap_servers, cart, letters)
        await worker.shows("coupon_events_consumed_total", EVENTS_COUNT, DEADLINE_SECONDS)
        await worker.shows("coupon_dead_letters_total", len(letters), DEADLINE_SECONDS)
        page = await worker.metrics()
        assert worker.stop() == 0
    backup = await asyncio.to_thread(run, drawn, "backup", "write", str(written / "backup"))
    assert backup.exit_code == 0, backup.output
    found = await found_in_topics(drawn)
    state = Path(gettempdir()) / f"coupon-stream-{drawn.app_id}"
    files = [path for place in (written, state) for path in place.rglob("*") if path.is_file()]
    found |= {"metrics": hits([page.encode()]), "commands": hits([done.output.encode()])}
    found |= {path.name: hits([path.read_bytes()]) for path in files}
    assert {name: forms for name, forms in found.items() if forms} == {}
