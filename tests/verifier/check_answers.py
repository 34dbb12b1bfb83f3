"""Every inbound record is answered once: applied, known as a repeat, or kept as a dead letter."""

from collections import Counter

from tests.verifier.facts import Facts, Group
from tests.verifier.ids import key_of
from tests.verifier.inputs import DECIDABLE, Sent
from tests.verifier.letters import Letter
from tests.verifier.report import Check


def check_answers(facts: Facts) -> list[Check]:
    """Look at inputs and dead letters together."""
    return [_refused(facts), _repeats(facts), _letters(facts)]


def _refused(facts: Facts) -> Check:
    check = Check(
        name="refused",
        promise="what is no event has exactly one dead letter, what is one has none",
    )
    for sent in facts.sent:
        letters = facts.letters_for(sent)
        if sent.state == "bad":
            check.expect(
                len(letters) == 1,
                f"{sent.place} ({sent.problem}) must have one dead letter, had {len(letters)}",
            )
        else:
            check.expect(
                len(letters) <= 1,
                f"{sent.place} must have at most one dead letter, had {len(letters)}",
            )
            if sent.state == "native" and letters and letters[0].reason in DECIDABLE:
                check.accuse(f"{sent.place} must be accepted, was refused: {letters[0].reason}")
    return check


def _repeats(facts: Facts) -> Check:
    check = Check(
        name="repeats",
        promise="of records with one id those of one content are applied, all others are refused",
    )
    foreign = Counter(
        (sent.partition, sent.key)
        for sent in facts.sent
        if sent.state == "foreign" and not facts.letters_for(sent)
    )
    for (partition, user_id, event_id), group in facts.groups.items():
        problem = _problem(group)
        if problem and not foreign[partition, key_of(user_id)]:
            problem = f"{event_id} of {user_id} in partition {partition} {problem}"
        else:
            problem = ""
        check.expect(not problem, problem)
    return check


def _problem(group: Group) -> str:
    applied = {sent.payload for sent in group.applied}
    conflicts = {sent.payload for sent in group.conflicts}
    if not applied:
        return f"must be applied once, was refused as its own conflict: {_places(group.conflicts)}"
    if group.stretched:
        return ""  # whether a repeat so late is still known is not promised
    if len(applied) > 1:
        return f"must have one content, was applied with several: {_places(group.applied)}"
    if applied & conflicts:
        return f"must be known as a repeat, was refused: {_places(group.conflicts)}"
    return ""


def _places(records: list[Sent]) -> str:
    return ", ".join(sent.place for sent in records[:4])


def _letters(facts: Facts) -> Check:
    check = Check(
        name="dead_letters",
        promise="a dead letter keeps bytes and headers and tells truly what was refused and why",
    )
    by_source = {(sent.topic, sent.partition, sent.offset): sent for sent in facts.sent}
    for letter in facts.letters:
        sent = by_source.get(letter.source) if letter.source is not None else None
        problems = [*letter.problems, *_mismatches(letter, sent)]
        check.expect(not problems, f"{letter.place}: {'; '.join(problems)}")
    return check


def _mismatches(letter: Letter, sent: Sent | None) -> list[str]:
    if sent is None:
        return [] if letter.problems else [f"no inbound record lies at {letter.source}"]
    problems = []
    if letter.content != sent.content:
        problems.append(f"key, value and headers must be those of {sent.place}")
    if letter.timestamp != str(sent.timestamp_ms):
        problems.append(f"the timestamp must be {sent.timestamp_ms}, was {letter.timestamp}")
    if letter.partition != sent.partition:
        problems.append(f"must lie in partition {sent.partition}, was {letter.partition}")
    return problems
