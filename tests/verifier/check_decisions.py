"""Every trigger has one decision, well formed, in its place, and nothing else was decided."""

from collections import Counter, defaultdict

from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.ids import key_of, partition_of
from tests.verifier.inputs import Sent
from tests.verifier.report import Check

Trigger = tuple[str, str]


def check_decisions(facts: Facts) -> list[Check]:
    """Look at decisions and the events that asked for them."""
    by_trigger: defaultdict[Trigger, list[Decided]] = defaultdict(list)
    for decided in facts.decided:
        by_trigger[decided.user_id, decided.trigger_event_id].append(decided)
    return [
        _lost(facts, by_trigger),
        _doubled(by_trigger),
        _invented(facts),
        _identity(facts),
        _placed(facts),
        _ordered(facts),
    ]


def _lost(facts: Facts, by_trigger: dict[Trigger, list[Decided]]) -> Check:
    check = Check(name="lost", promise="every accepted trigger event has a decision")
    for trigger, sent in facts.triggers.items():
        check.expect(
            trigger in by_trigger,
            f"{sent.event_id} of {sent.user_id} ({sent.event_type}) at {sent.place} has none",
        )
    return check


def _doubled(by_trigger: dict[Trigger, list[Decided]]) -> Check:
    check = Check(name="doubled", promise="no trigger event has two decisions")
    for (user_id, event_id), found in by_trigger.items():
        places = ", ".join(decided.place for decided in found[:4])
        check.expect(
            len(found) == 1, f"{event_id} of {user_id} has {len(found)} decisions: {places}"
        )
    return check


def _invented(facts: Facts) -> Check:
    check = Check(name="invented", promise="every decision answers an event that was sent")
    # An event of a foreign envelope is not read here: it may explain one decision of its customer.
    unread = Counter(
        (sent.partition, sent.key)
        for sent in facts.sent
        if sent.state == "foreign" and not facts.letters_for(sent)
    )
    for decided in facts.decided:
        trigger = (decided.user_id, decided.trigger_event_id)
        found = trigger in facts.triggers
        owner = (decided.partition, key_of(decided.user_id))
        if not found and unread[owner]:
            unread[owner] -= 1
            found = True
        check.expect(
            found,
            f"{decided.name} answers {decided.trigger_event_id} of {decided.user_id},"
            " which nobody sent as a trigger",
        )
    return check


def _identity(facts: Facts) -> Check:
    check = Check(
        name="identity",
        promise="a decision is well formed; key, headers and hashed id name its user and trigger",
    )
    for decided in facts.decided:
        problems = list(decided.problems)
        sent = facts.triggers.get((decided.user_id, decided.trigger_event_id))
        if sent is not None:
            problems += _differences(decided, sent)
        check.expect(not problems, f"{decided.name}: {'; '.join(problems)}")
    return check


def _differences(decided: Decided, sent: Sent) -> list[str]:
    problems = []
    if decided.trigger_event_type != sent.event_type:
        problems.append(f"the trigger is a {sent.event_type}, was {decided.trigger_event_type}")
    if decided.decided_ms != sent.ts_ms:
        problems.append(f"decided_at must be the event's {sent.ts_ms}, was {decided.decided_ms}")
    return problems


def _placed(facts: Facts) -> Check:
    check = Check(
        name="placed", promise="a decision lies in the partition of its trigger and of its key"
    )
    for decided in facts.decided:
        sent = facts.triggers.get((decided.user_id, decided.trigger_event_id))
        if sent is not None:
            wanted = sent.partition  # a producer may have misplaced it: the answer follows
        else:
            key = key_of(decided.user_id)
            wanted = partition_of(key, facts.partitions_count)
        check.expect(decided.partition == wanted, f"{decided.name} must lie in partition {wanted}")
    return check


def _ordered(facts: Facts) -> Check:
    check = Check(
        name="ordered", promise="a customer's decisions stand in the order of their triggers"
    )
    newest: dict[tuple[int, str, str], tuple[int, Decided]] = {}
    for decided in facts.decided:
        sent = facts.triggers.get((decided.user_id, decided.trigger_event_id))
        if sent is None or sent.partition != decided.partition:
            continue
        before = newest.get((sent.partition, sent.user_id, sent.topic))
        newest[sent.partition, sent.user_id, sent.topic] = (sent.offset, decided)
        later = before is None or before[0] <= sent.offset
        name = "" if before is None else before[1].name
        check.expect(later, f"{decided.name} must stand before {name}")
    return check
