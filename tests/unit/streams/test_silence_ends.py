"""Every silence ends: whatever a customer did, some time later the policy is asked again."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from features.events import Event
from streams import flow, hindrances
from streams.families import Families
from tests.builders import (
    DAY_MS,
    NOON_MS,
    FixedScorer,
    a_catalogue,
    a_context,
    a_coupon,
    an_event,
    an_order,
    some_rules,
)

# By use, by expiry, by time; what else ends a silence is the customer's or the shop's to do.
BY_ITSELF = {"late_event", "standing_offer", "recently_decided", "risk"}
BY_SOMEBODY = {
    "no_consent": "tests/unit/streams/test_consent.py",
    "out_of_stock": "tests/unit/streams/test_stocking.py",
    "permit_awaited": "tests/unit/streams/test_sharing.py",
}
# The longest that anything is looked back at: caps and the habit of coupons.
LONGEST_MS = 32 * DAY_MS
KINDS = ("product.viewed", "cart.added", "checkout.started", "order.completed", "coupon.entered")


def history(draws: list[tuple[str, int, int | None]]) -> list[Event]:
    events, at_ms = [], NOON_MS
    for number, (kind, gap_ms, discount_minor) in enumerate(draws):
        at_ms += gap_ms
        told = {"at_ms": at_ms, "event_id": f"e{number}"}
        if kind == "order.completed":
            paid = an_order(order_id=f"o{number}", discount_minor=discount_minor, **told)  # type: ignore[arg-type]
            events.append(paid)
        else:
            code = {"coupon_code": f"c{number}"} if kind == "coupon.entered" else {}
            events.append(an_event(kind, **told, **code))  # type: ignore[arg-type]
    return events


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(KINDS),
            st.sampled_from((-DAY_MS, 1, 60_000, 3_600_000, DAY_MS)),
            st.sampled_from((None, 0, 300)),
        ),
        max_size=25,
    )
)
def test_c47_whatever_a_customer_did_the_policy_is_asked_again_in_the_end(
    draws: list[tuple[str, int, int | None]],
) -> None:
    rules = some_rules(
        FixedScorer(nothing=0.05, ten=0.20),
        a_catalogue(a_coupon(per_user=1_000)),
        pauses_habits=True,
        keeps_sessions=True,
        session_key=b"key",
        families=Families(risk_limit=0.5),
    )
    context, row = a_context(rules), flow.new_row()
    newest_ms = NOON_MS
    for event in history(draws):
        newest_ms = max(newest_ms, event.ts_ms)
        flow.step(row, event, context)
    later = an_event("cart.added", at_ms=newest_ms + LONGEST_MS, event_id="later")
    decision = flow.step(row, later, context).decision
    assert decision is not None
    assert decision.action == "offer", decision.reasons


def test_c47_no_reason_for_silence_is_unknown_to_these_tests() -> None:
    def named(module: object, pattern: str) -> set[str]:
        return set(re.findall(pattern, Path(str(module.__file__)).read_text("utf-8")))  # type: ignore[attr-defined]

    found = named(flow, r'report_suppressed\(identity, event, rules, "(\w+)"')
    found |= named(hindrances, r'return "(\w+)"')
    assert found == BY_ITSELF | BY_SOMEBODY.keys()
    root = Path(str(flow.__file__)).parents[1]
    for reason, test in BY_SOMEBODY.items():
        assert reason in (root / test).read_text("utf-8")
