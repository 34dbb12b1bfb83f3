"""What was published is what an uninterrupted run publishes, byte for byte and in order."""

import json
from collections import defaultdict
from collections.abc import Iterable

from tests.verifier.facts import Facts
from tests.verifier.ids import digest
from tests.verifier.report import Check

Streams = dict[str, list[tuple[str, bytes]]]


def check_replay(facts: Facts) -> list[Check]:
    """Compare with the files of the uninterrupted run, where they were given."""
    decided: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for one in facts.decided:
        decided[one.user_id].append((one.name, one.payload))
    told: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for other in facts.told:
        name = f"{other.state} {other.decision_id} at {other.place}"
        told[other.user_id].append((name, other.payload))
    return [
        _same(
            Check(
                name="decisions_same",
                promise="each user's decisions are those of the uninterrupted run, in its order",
            ),
            decided,
            facts.terms.decisions,
        ),
        _same(
            Check(
                name="labels_same",
                promise="each user's outcomes are those of the uninterrupted run, in its order",
            ),
            told,
            facts.terms.outcomes,
        ),
    ]


def _same(check: Check, found: Streams, lines: Iterable[bytes] | None) -> Check:
    if lines is None:
        check.skipped = "no file of an uninterrupted run was given"
        return check
    wanted: defaultdict[str, list[tuple[str, bytes]]] = defaultdict(list)
    for line in lines:
        value = line.rstrip(b"\n")
        body = json.loads(value)
        wanted[body["user_id"]].append((body["decision_id"], digest(value)))
    for user_id in sorted(wanted.keys() | found.keys()):
        _compare(check, user_id, found.get(user_id, []), wanted.get(user_id, []))
    return check


def _compare(
    check: Check, user_id: str, found: list[tuple[str, bytes]], wanted: list[tuple[str, bytes]]
) -> None:
    check.checked_count += max(len(found), len(wanted))
    if [payload for _, payload in found] == [payload for _, payload in wanted]:
        return
    for place, ((name, ours), (_, theirs)) in enumerate(zip(found, wanted, strict=False)):
        if ours != theirs:
            check.accuse(f"{user_id}, number {place}: {name} differs")
            return
    check.accuse(f"{user_id} must have {len(wanted)}, had {len(found)}")
