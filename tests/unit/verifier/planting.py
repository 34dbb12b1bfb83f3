"""Ways to damage a log: records dropped, doubled, moved, swapped, and changed by a hair."""

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from tests.unit.verifier.memory import PARTITIONS_COUNT
from tests.verifier.ids import decision_id
from tests.verifier.log import Log, Record
from tests.verifier.rows import PARTITION_KEY

Records = list[Record]
Body = dict[str, Any]
Change = Callable[[Body], object]


def body_of(record: Record) -> Body:
    """Read a record's JSON."""
    body: Body = json.loads(record.value or b"")
    return body


def changed(record: Record, change: Change) -> Record:
    """Give the record with another body."""
    body = body_of(record)
    change(body)
    return replace(record, value=json.dumps(body, separators=(",", ":")).encode())


def last_of(records: Iterable[Record], fits: Callable[[Body], bool]) -> int:
    return max(at for at, one in enumerate(records) if one.value and fits(body_of(one)))


def is_offer(body: Body) -> bool:
    return body["offer"] is not None


def is_capped(body: Body) -> bool:
    return body["offer"] is not None and "max_discount_minor" in body["offer"]


def is_bought(body: Body) -> bool:
    return bool(body["y"])


def on(role: str, act: Callable[[Records], Records]) -> Callable[[Log], Log]:
    return lambda log: replace(log, **{role: act(list(getattr(log, role)))})  # type: ignore[arg-type]


def dropped(fits: Callable[[Body], bool]) -> Callable[[Records], Records]:
    def act(records: Records) -> Records:
        del records[last_of(records, fits)]
        return records

    return act


def doubled(fits: Callable[[Body], bool]) -> Callable[[Records], Records]:
    def act(records: Records) -> Records:
        one = records[last_of(records, fits)]
        return [*records, replace(one, offset=one.offset + 1_000_000)]

    return act


def edited(fits: Callable[[Body], bool], change: Change) -> Callable[[Records], Records]:
    def act(records: Records) -> Records:
        at = last_of(records, fits)
        records[at] = changed(records[at], change)
        return records

    return act


def first_edited(fits: Callable[[Body], bool], change: Change) -> Callable[[Records], Records]:
    edit = edited(fits, change)
    return lambda records: edit(records[::-1])[::-1]


def byte_altered(records: Records) -> Records:
    """Change one character of a decision, so that it stays well formed."""
    at = last_of(records, is_offer)
    value = bytearray(records[at].value or b"")
    value[value.index(b'"features_hash":"') + 17] ^= 1
    records[at] = replace(records[at], value=bytes(value))
    return records


def first_one(**changes: Any) -> Callable[[Records], Records]:
    return lambda records: [replace(records[0], **changes), *records[1:]]


# -- decisions -----------------------------------------------------------------------------------


def users_swapped(records: Records) -> Records:
    one, other = records[0], next(one for one in records if one.key != records[0].key)
    swapped = {
        one: replace(other, partition=one.partition, offset=one.offset),
        other: replace(one, partition=other.partition, offset=other.offset),
    }
    return [
        replace(swapped[record], key=record.key, headers=record.headers)
        if record in (one, other)
        else record
        for record in records
    ]


def never_asked(records: Records) -> Records:
    """Forge a decision with every name right, about an event that nobody sent."""
    one = records[last_of(records, lambda body: not is_offer(body) and body["scores"] is None)]
    body = body_of(one)
    body["trigger_event_id"] = "nobody-sent-this"
    body["decision_id"] = decision_id("verified-engine-v1", body["user_id"], "nobody-sent-this")
    headers = {**dict(one.headers), "ce_id": body["decision_id"].encode()}
    forged = replace(one, value=json.dumps(body).encode(), headers=tuple(headers.items()))
    return [*records, replace(forged, offset=one.offset + 1_000_000)]


def moved(records: Records) -> Records:
    return [
        replace(records[0], partition=(records[0].partition + 1) % PARTITIONS_COUNT),
        *records[1:],
    ]


def order_swapped(records: Records) -> Records:
    """Swap two decisions of one user about two events of one topic."""
    asked = [(one.key, body_of(one)["trigger_event_type"]) for one in records]
    at, other = next(
        (at, asked.index(pair, at + 1)) for at, pair in enumerate(asked) if pair in asked[at + 1 :]
    )
    records[at], records[other] = records[other], records[at]
    return records


# -- rows ----------------------------------------------------------------------------------------


def is_shared(body: Body) -> bool:
    return "ledger" in body


def late_row(records: Records) -> Records:
    key = records[last_of(records, lambda body: not is_shared(body))].key
    first = next(one for one in records if one.key == key)
    return [*records, replace(first, offset=10**6)]


def all_on_one_device(records: Records) -> Records:
    """Let all carts have been filled on one device."""

    def act(record: Record) -> Record:
        known = re.sub(rb'"anonymous_id": ?"d[0-9]"', b'"anonymous_id": "d0"', record.value or b"")
        return replace(record, value=known) if record.value is not None else record

    return list(map(act, records))


def row_lost(records: Records) -> Records:
    key = records[last_of(records, lambda body: not is_shared(body))].key
    return [one for one in records if one.key != key]


def row_ended(records: Records) -> Records:
    one = next(one for one in records if one.key != PARTITION_KEY)
    return [*records, replace(one, value=None, offset=10**6)]


def waits(body: Body) -> bool:
    return bool(body.get("pending"))


def forget_pending(body: Body) -> None:
    body["pending"].clear()


def account(**changes: int) -> Callable[[Records], Records]:
    """Change a used account of the newest shared record by so many minor units."""

    def change(body: Body) -> None:
        accounts = body["ledger"]["accounts"].values()
        account = next(one for one in accounts if one["spent_minor"] > 0)
        for side, amount_minor in changes.items():
            account[f"{side}_minor"] += amount_minor

    def has_spent(body: Body) -> bool:
        accounts = body["ledger"]["accounts"].values() if is_shared(body) else ()
        return any(one["spent_minor"] > 0 for one in accounts)

    return edited(has_spent, change)


def pot(**changes: int) -> Callable[[Records], Records]:
    """Change a limit's account of the newest shared record that has one by so many minor units."""
    return _pot(is_quota=False, **changes)


def quota(**changes: int) -> Callable[[Records], Records]:
    """Change a quota's account of the newest shared record that has one by so many pieces."""
    return _pot(is_quota=True, **changes)


def _pot(is_quota: bool, **changes: int) -> Callable[[Records], Records]:
    def accounts(body: Body) -> list[Any]:
        pots = body["ledger"].get("pots", {}).items() if is_shared(body) else ()
        return [account for name, account in pots if ("/quota/" in name) is is_quota]

    def change(body: Body) -> None:
        for side, amount_minor in changes.items():
            accounts(body)[0][f"{side}_minor"] += amount_minor

    return edited(lambda body: bool(accounts(body)), change)


def kept_for_good(records: Records) -> Records:
    """Let no mug have come back: all that were ever given are out."""

    def change(body: Body) -> None:
        for one in body["wallet"]["closed"].values():
            if one["coupon_id"] == "mug" and one["stage"] in ("expired", "voided", "returned"):
                one["stage"] = "redeemed"

    is_row = [one.value is not None and b'"wallet"' in one.value for one in records]
    return [
        changed(one, change) if fits else one for one, fits in zip(records, is_row, strict=True)
    ]


def one_piece_more(records: Records) -> Records:
    """Let the newest grant of a quota be of one piece more."""

    def change(body: Body) -> None:
        body["granted"]["policy"] = body["granted"].get("policy", 0) + 1

    at = last_of(records, lambda body: "/quota/" in body.get("campaign_id", ""))
    return [*records[:at], changed(records[at], change), *records[at + 1 :]]


def charged_to_none(records: Records) -> Records:
    return _with_pots(records, lambda pots: [])


def all_on_one_day(records: Records) -> Records:
    """Let every coupon say that it was charged to the day of the first one."""
    first: dict[str, str] = {}

    def on_the_first(pots: list[str]) -> list[str]:
        return [first.setdefault(one.split("/")[1], one) for one in pots]

    return _with_pots(records, on_the_first)


def _with_pots(records: Records, change: Callable[[list[str]], list[str]]) -> Records:
    def in_wallet(body: Body) -> None:
        for one in (body["wallet"]["held"] | body["wallet"]["closed"]).values():
            if "pots" in one:
                one["pots"] = change(one["pots"])

    is_row = [one.value is not None and b'"wallet"' in one.value for one in records]
    return [
        changed(one, in_wallet) if fits else one for one, fits in zip(records, is_row, strict=True)
    ]


def issue_less(body: Body) -> None:
    for account in body["ledger"]["accounts"].values():
        for coupon_id in account["issued"]:
            account["issued"][coupon_id] -= 1


def hasten(body: Body) -> None:
    body["watermark_ms"] += 2 * 86_400_000


def put(*path: str, to: Any = None, by: float = 0) -> Change:
    def change(body: Body) -> None:
        for name in path[:-1]:
            body = body[name]
        body[path[-1]] = body[path[-1]] + by if to is None else to

    return change


def stage_is(stage: str) -> Callable[[Body], bool]:
    def fits(body: Body) -> bool:
        closed = body.get("wallet", {}).get("closed", {})
        return any(one["stage"] == stage for one in closed.values())

    return fits


def coupon_becomes(stage: str, then: str) -> Callable[[Records], Records]:
    """Add a version of a row in which a coupon in one state is in another."""

    def change(body: Body) -> None:
        closed = body["wallet"]["closed"]
        next(one for one in closed.values() if one["stage"] == stage)["stage"] = then

    def act(records: Records) -> Records:
        one = records[last_of(records, stage_is(stage))]
        return [*records, replace(changed(one, change), offset=10**6)]

    return act


def held_again(records: Records) -> Records:
    """Add a version of a row in which a used coupon can be used again."""

    def change(body: Body) -> None:
        wallet = body["wallet"]
        name = next(n for n, one in wallet["closed"].items() if one["stage"] == "redeemed")
        used = wallet["closed"].pop(name)
        wallet["held"][name] = {**used, "stage": "issued", "charge_minor": 1}

    one = records[last_of(records, stage_is("redeemed"))]
    return [*records, replace(changed(one, change), offset=10**6)]


# -- replies -------------------------------------------------------------------------------------


def refused_for(*reasons: str) -> Callable[[Body], bool]:
    return lambda body: body["reason"] in reasons


def is_allowed(body: Body) -> bool:
    return bool(body["allowed"])


def allow(body: Body) -> None:
    """Turn a refusal into a promise, as if the coupon were the customer's own and free."""
    name = {"decision_id": body["decision_id"], "coupon_id": body["coupon_id"] or "five"}
    body.update(allowed=True, reason=None, message={}, discount_minor=0)
    body.update(applied=[{**name, "discount_minor": 0}], reserved_until=body["retry_at"])


def contradict(records: Records) -> Records:
    """Answer a request once more, at once and otherwise."""
    at = last_of(records, is_allowed)

    def dearer(body: Body) -> None:
        body["discount_minor"] += 1
        body["applied"][0]["discount_minor"] += 1

    return [*records[: at + 1], changed(records[at], dearer), *records[at + 1 :]]


# -- leases --------------------------------------------------------------------------------------


def is_told(body: Body) -> bool:
    return "seq" in body


def is_end(body: Body) -> bool:
    return body.get("kind") == "close"


def is_granted(body: Body) -> bool:
    return "policy" in body.get("granted", {})


def is_spring(body: Body) -> bool:
    return body.get("campaign_id", "") == "spring" and is_granted(body)


def grant_more(body: Body) -> None:
    body["granted"]["policy"] += 1


# -- dead letters --------------------------------------------------------------------------------


def refused_after_all(log: Log) -> Log:
    """Send a well-decided event to the dead letters as well."""
    letters = list(log.dead_letters)
    sent = next(
        one
        for one in log.inputs
        if one.key == b"user-1" and b"product.viewed" in (one.value or b"")
    )
    story = {
        **dict(letters[0].headers),
        "dlq.reason": b"out_of_range",
        "dlq.original.topic": sent.topic.encode(),
        "dlq.original.partition": b"%d" % sent.partition,
        "dlq.original.offset": b"%d" % sent.offset,
        "dlq.original.timestamp": b"%d" % sent.timestamp_ms,
    }
    letter = replace(letters[0], key=sent.key, value=sent.value, headers=tuple(story.items()))
    return replace(log, dead_letters=[*letters, letter])


def reason_told(reason: bytes) -> Callable[[Records], Records]:
    def act(records: Records) -> Records:
        headers = [
            (name, reason if name == "dlq.reason" else told) for name, told in records[0].headers
        ]
        return [replace(records[0], headers=tuple(headers)), *records[1:]]

    return act
