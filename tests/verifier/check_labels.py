"""Every decision point opens one label; it waits in the row or was closed once, never both."""

from collections import defaultdict

from tests.verifier.decided import Decided
from tests.verifier.facts import Facts
from tests.verifier.ids import key_of
from tests.verifier.report import Check
from tests.verifier.told import Told

Life = dict[str, list[Told]]


def check_labels(facts: Facts) -> list[Check]:
    """Look at outcomes, the decisions they name and what rows still hold as pending."""
    points: dict[str, Decided] = {}
    for decided in facts.decided:
        if decided.decision_id and decided.is_point:
            points.setdefault(decided.decision_id, decided)
    lives: defaultdict[str, list[Told]] = defaultdict(list)
    for told in facts.told:
        lives[told.decision_id].append(told)
    return [
        _named(facts, points),
        _once(points, lives),
        _kept(facts, points, lives),
        _due(facts),
        _true(facts),
    ]


def _named(facts: Facts, points: dict[str, Decided]) -> Check:
    check = Check(
        name="labels_named",
        promise="an outcome names a decision, with its user, action, arm and propensity",
    )
    for told in facts.told:
        problems = list(told.problems)
        decided = points.get(told.decision_id)
        if decided is None:
            problems.append(f"no decision point is called {told.decision_id!r}")
        else:
            problems += _differences(told, decided)
        check.expect(not problems, f"{told.decision_id} at {told.place}: {'; '.join(problems)}")
    return check


def _differences(told: Told, decided: Decided) -> list[str]:
    pairs = {
        "user": (told.user_id, decided.user_id),
        "action": (told.action_id, decided.template_id),
        "campaign": (told.campaign_id, decided.campaign_id),
        "arm": (told.variant, decided.variant),
        "propensity": (told.propensity, decided.propensity),
        "decided_ms": (told.decided_ms, decided.decided_ms),
    }
    return [
        f"{name} {ours!r}, decided {theirs!r}"
        for name, (ours, theirs) in pairs.items()
        if ours != theirs
    ]


def _once(points: dict[str, Decided], lives: Life) -> Check:
    check = Check(
        name="labels_once",
        promise="a decision point is opened once, and closed at most once, after that",
    )
    for name in points:
        states = [told.state for told in lives.get(name, [])]
        check.expect(
            states[:1] == ["opened"] and len(states) <= 2 and "opened" not in states[1:],
            f"{name} at {points[name].place} went through {states}",
        )
    return check


def _kept(facts: Facts, points: dict[str, Decided], lives: Life) -> Check:
    check = Check(
        name="labels_kept",
        promise="a decision point waits in its user's row or was closed, one of both",
    )
    waiting: defaultdict[str, list[str]] = defaultdict(list)
    for row in facts.rows.users.values():
        for name in row.pending if row is not None else ():
            waiting[name].append(row.place if row is not None else "")
    for name, decided in points.items():
        closed_count = sum(told.state != "opened" for told in lives.get(name, []))
        rows_count = len(waiting.get(name, []))
        check.expect(
            bool(closed_count) != bool(rows_count) and rows_count <= 1,
            f"{name} at {decided.place} was closed {closed_count} times"
            f" and waits in {rows_count} rows",
        )
    for name in waiting.keys() - points.keys():
        check.expect(False, f"{name} waits at {waiting[name][0]}, but was never decided")
    return check


def _due(facts: Facts) -> Check:
    check = Check(
        name="labels_due", promise="no label waits whose horizon the partition's time has passed"
    )
    for (partition, key), row in facts.rows.users.items():
        shared = facts.rows.shared.get(partition)
        for name, due_ms in row.pending.items() if row is not None and shared else ():
            watermark_ms = shared["watermark_ms"] if shared else 0
            check.expect(
                due_ms > watermark_ms,
                f"{name} of {key!r} was due at {due_ms}, the watermark is {watermark_ms}",
            )
    return check


def _true(facts: Facts) -> Check:
    check = Check(
        name="labels_true",
        promise="a label is 1 by an order within the horizon, and 0 at its very end",
    )
    orders: defaultdict[str, set[int]] = defaultdict(set)
    for group in facts.groups.values():
        for sent in group.applied:
            if sent.event_type == "order.completed":
                orders[sent.user_id].add(sent.ts_ms)
    # An order of a foreign envelope is not read here.
    unread = {
        sent.key for sent in facts.sent if sent.state == "foreign" and sent.family == "purchase"
    }
    horizon_ms = facts.terms.horizon_ms
    for told in facts.told:
        if told.state != "settled" or told.settled_ms is None:
            continue
        after_ms = told.settled_ms - told.decided_ms
        if not told.y:
            check.expect(
                after_ms == horizon_ms, f"{told.decision_id} at {told.place}: {after_ms} ms"
            )
            continue
        bought = told.settled_ms in orders[told.user_id] or key_of(told.user_id) in unread
        check.expect(
            bought and 0 <= after_ms < horizon_ms,
            f"{told.decision_id} at {told.place}: no order at {told.settled_ms}",
        )
    return check
