"""Rows never go back, none is lost, and what they say was applied is all that was sent."""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from tests.verifier.facts import Facts
from tests.verifier.report import Check
from tests.verifier.rows import PARTITION_KEY, canonical

Owner = tuple[int, bytes]


def check_rows(facts: Facts) -> list[Check]:
    """Look at the changelog of the users."""
    return [
        _forward(facts),
        _current(facts),
        _positions(facts),
        _lawful(facts),
        _same(facts),
    ]


def _forward(facts: Facts) -> Check:
    check = Check(
        name="rows_forward", promise="no version of a row is older than the one before it"
    )
    check.checked_count = facts.rows.versions_count
    for offender in [*facts.rows.unreadable, *facts.rows.backward]:
        check.accuse(offender)
    return check


def _current(facts: Facts) -> Check:
    check = Check(
        name="rows_current",
        promise="every customer has a row, and it holds the last record of each topic",
    )
    last: defaultdict[Owner, dict[str, int]] = defaultdict(dict)
    for sent in facts.sent:
        if facts.reaches_row(sent):
            last[sent.partition, sent.key][sent.family] = sent.offset + 1
    for (partition, key), wanted in last.items():
        row = facts.rows.users.get((partition, key))
        name = f"{key!r} in partition {partition}"
        if row is None:
            check.expect(False, f"{name} has no row, was sent {wanted}")
        else:
            check.expect(row.at == wanted, f"{name} at {row.place}: {row.at}, was sent {wanted}")
    for (partition, key), row in facts.rows.users.items():
        if row is not None and (partition, key) not in last:
            check.expect(False, f"{key!r} at {row.place} has a row, but nobody sent anything")
    return check


def _positions(facts: Facts) -> Check:
    check = Check(
        name="positions", promise="what a partition says was taken is all that was sent to it"
    )
    ends: defaultdict[int, dict[str, int]] = defaultdict(dict)
    for sent in facts.sent:
        ends[sent.partition][sent.topic] = sent.offset + 1
    for partition in sorted(ends.keys() | facts.rows.shared.keys()):
        found = dict(facts.rows.shared.get(partition, {}).get("at", {}))
        wanted = dict(ends[partition])
        # Workers tell each other until the very end, which may not have been heard any more.
        for topic in facts.our_own:
            found.pop(topic, None)
            wanted.pop(topic, None)
        check.expect(found == wanted, f"partition {partition} took {found}, was sent {wanted}")
    return check


def _lawful(facts: Facts) -> Check:
    check = Check(
        name="coupons_lawful", promise="no coupon that was used or is gone is used, or held, again"
    )
    check.checked_count = facts.rows.states_count
    for offender in facts.rows.unlawful:
        check.accuse(offender)
    return check


def _same(facts: Facts) -> Check:
    check = Check(name="rows_same", promise="the newest rows are those of the uninterrupted run")
    if facts.terms.state is None:
        check.skipped = "no state of an uninterrupted run was given"
        return check
    wanted = _state(facts, facts.terms.state)
    found: dict[Owner, Any] = {
        owner: row.value for owner, row in facts.rows.users.items() if row is not None
    }
    found |= {(partition, PARTITION_KEY): row for partition, row in facts.rows.shared.items()}
    for partition, key in sorted(wanted.keys() | found.keys()):
        row = found.get((partition, key))
        row = json.loads(row) if isinstance(row, bytes) else row
        ours = None if row is None else canonical(_comparable(facts, key, row))
        check.expect(
            ours == wanted.get((partition, key)), f"{key!r} in partition {partition} differs"
        )
    return check


def _state(facts: Facts, lines: Iterable[bytes]) -> dict[Owner, bytes]:
    entries = map(json.loads, lines)
    return {
        (entry["partition"], entry["key"].encode()): canonical(
            _comparable(facts, entry["key"].encode(), entry["row"])
        )
        for entry in entries
    }


def _comparable(facts: Facts, key: bytes, row: dict[str, Any]) -> dict[str, Any]:
    """Leave out how much of our own was heard: when it comes is not repeatable."""
    if key != PARTITION_KEY:
        return row
    at = {topic: end for topic, end in row["at"].items() if topic not in facts.our_own}
    return {**row, "at": at}
