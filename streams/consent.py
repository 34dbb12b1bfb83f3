"""What a customer says of being known: a refusal ends the profile, agreeing begins a new one."""

from coupons.arms import Arm
from features import facts, profile
from features import session as sessions
from features.events import Event
from features.vector import NAMES
from online_models import labels
from streams.context import Context, Effects, Row

_AGREED = "agreed"  # among the first times of a profile: when one that was ended began anew


def is_refused(row: Row) -> bool:
    """Tell whether the newest that the customer said of it is that they do not agree."""
    return facts.fact(row["profile"]["facts"], "consent") is False


def covers(row: Row, event: Event) -> bool:
    """Tell whether an event may be learned from, and answered by what is known.

    Not while the customer refuses, and not if it happened before they agreed anew and comes late.
    """
    known = row["profile"]["facts"].get("consent")
    if known is None:
        return True  # nearly everybody
    return known[1] is not False and event.ts_ms >= row["profile"]["since"].get(_AGREED, 0)


def heed(row: Row, event: Event, context: Context, effects: Effects) -> bool:
    """Follow what an event tells of consent; tell whether the event may be learned from."""
    if event.basics is not None and event.basics.consent is not None:
        was_refused = is_refused(row)
        facts.learn(row["profile"]["facts"], event)
        if was_refused and not is_refused(row):
            _begin_anew(row, context, context.rules.arm_of(event.user_id))
    if is_refused(row):
        _forget(row, event, context, effects)
    return covers(row, event)


def _forget(row: Row, event: Event, context: Context, effects: Effects) -> None:
    """Take everything out of a row that is not owed.

    What stays: the refusal, the ids of events (none counts twice), the offsets, and the wallet
    (caps hold, and a coupon that was given can be used). Labels that wait are censored.
    """
    effects.outcomes += labels.censor(
        row["pending"], event.ts_ms, user_id=event.user_id, names=NAMES
    )
    refusal = row["profile"]["facts"]["consent"]
    row["profile"] = profile.empty()
    row["profile"]["facts"]["consent"] = refusal
    row["last"] = [0, -1]
    row["net_minor"] = 0
    row["sessions"] = sessions.empty()
    row["last_visit"] = []
    row["moves"] = {}
    row.pop("habit", None)
    if (shared := row.pop("shared", None)) is not None:
        context.partition.claims.drop(shared, event.ts_ms)


def _begin_anew(row: Row, context: Context, arm: Arm) -> None:
    # What they brought before stays in the sums of their arm, which name nobody; whatever comes
    # now is another customer's.
    context.partition.earnings.move(arm, None, 0)
    row["profile"]["since"][_AGREED] = row["profile"]["facts"]["consent"][0]
