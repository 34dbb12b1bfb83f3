"""Faults to plant in a clean log, each with the check that has to see it."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.unit.verifier.planting import (
    account,
    all_on_one_day,
    allow,
    byte_altered,
    charged_to_none,
    contradict,
    coupon_becomes,
    doubled,
    dropped,
    edited,
    first_edited,
    first_one,
    forget_pending,
    grant_more,
    hasten,
    held_again,
    is_allowed,
    is_bought,
    is_capped,
    is_end,
    is_granted,
    is_offer,
    is_shared,
    is_spring,
    is_told,
    issue_less,
    kept_for_good,
    late_row,
    moved,
    never_asked,
    on,
    one_piece_more,
    order_swapped,
    pot,
    put,
    quota,
    reason_told,
    refused_after_all,
    refused_for,
    row_ended,
    row_lost,
    users_swapped,
    waits,
)
from tests.verifier.log import Log


@dataclass(frozen=True, slots=True)
class Fault:
    """How a log is damaged, the check that must see it, and whether it needs the other run."""

    plant: Callable[[Log], Log]
    seen_by: str
    by_replay_only: bool = False


FAULTS: dict[str, Fault] = {
    "a decision dropped": Fault(on("decisions", dropped(is_offer)), "lost"),
    "a decision doubled": Fault(on("decisions", doubled(is_offer)), "doubled"),
    "a byte of a decision altered": Fault(
        on("decisions", byte_altered), "decisions_same", by_replay_only=True
    ),
    "users swapped": Fault(on("decisions", users_swapped), "identity"),
    "a decision nobody asked for": Fault(on("decisions", never_asked), "invented"),
    "a decision in another partition": Fault(on("decisions", moved), "placed"),
    "two decisions out of order": Fault(on("decisions", order_swapped), "ordered"),
    "a decision under another header": Fault(on("decisions", first_one(headers=())), "identity"),
    "a propensity changed in a decision": Fault(
        on("decisions", edited(is_offer, put("propensity", by=-0.001))), "identity"
    ),
    "one minor unit more charged than the coupon can cost": Fault(
        on("decisions", edited(is_offer, put("budget", "charged_minor", by=1))), "money_worst"
    ),
    "one minor unit less charged than promised": Fault(
        on("decisions", edited(is_capped, put("offer", "max_discount_minor", by=1))), "money_worst"
    ),
    "one minor unit more charged than booked": Fault(
        on("decisions", edited(is_offer, put("budget", "charged_minor", by=1))), "money_booked"
    ),
    "less remains than the charge took and was ever given back": Fault(
        on("decisions", first_edited(is_offer, put("budget", "remaining_minor", by=-20_000))),
        "money_falls",
    ),
    "the ledger holds one minor unit more": Fault(
        on("changelog", account(held=1, free=-1)), "money_held"
    ),
    "the ledger spent one minor unit more": Fault(
        on("changelog", account(spent=1, free=-1)), "money_spent"
    ),
    "the ledger settled one minor unit more": Fault(
        on("changelog", account(settled=1)), "money_booked"
    ),
    "the ledger is out of balance by one minor unit": Fault(
        on("changelog", account(free=1)), "money_balanced"
    ),
    "the budget is one minor unit too large": Fault(
        on("changelog", account(share=1, free=1)), "money_within"
    ),
    "a limit's account holds one minor unit more": Fault(
        on("changelog", pot(held=1, free=-1)), "limits_held"
    ),
    "a limit's account is out of balance by one minor unit": Fault(
        on("changelog", pot(free=1)), "money_balanced"
    ),
    "more of a day's limit is out than a partition has leased": Fault(
        on("changelog", pot(held=4_000, share=4_000)), "limits_within"
    ),
    "coupons of many days all charged to one": Fault(
        on("changelog", all_on_one_day), "limits_held"
    ),
    "a coupon charged to no limit": Fault(on("changelog", charged_to_none), "limits_charged"),
    "a coupon less issued than given": Fault(
        on("changelog", edited(is_shared, issue_less)), "quota"
    ),
    "a quota's account holds one piece more": Fault(
        on("changelog", quota(held=1, free=-1)), "quota"
    ),
    "a quota's account is out of balance by one piece": Fault(
        on("changelog", quota(free=1)), "money_balanced"
    ),
    "more pieces are out than the quota": Fault(on("changelog", kept_for_good), "quotas_within"),
    "a piece that nobody gave back is granted": Fault(
        on("grants", one_piece_more), "leases_within"
    ),
    "a late row": Fault(on("changelog", late_row), "rows_forward"),
    "a row lost": Fault(on("changelog", row_lost), "rows_current"),
    "a row ended": Fault(on("changelog", row_ended), "rows_current"),
    "an offset record behind": Fault(
        on("changelog", edited(is_shared, put("at", "v.shop.browse.v1", by=-1))), "positions"
    ),
    "a row changed": Fault(
        on("changelog", edited(lambda body: "net_minor" in body, put("net_minor", by=1))),
        "rows_same",
        by_replay_only=True,
    ),
    "a row forgot what waits": Fault(on("changelog", edited(waits, forget_pending)), "labels_kept"),
    "a label overdue": Fault(on("changelog", edited(is_shared, hasten)), "labels_due"),
    "a coupon redeemed after it expired": Fault(
        on("changelog", coupon_becomes("expired", "redeemed")), "coupons_lawful"
    ),
    "a voided coupon redeemed": Fault(
        on("changelog", coupon_becomes("voided", "redeemed")), "coupons_lawful"
    ),
    "a used coupon held again": Fault(on("changelog", held_again), "coupons_lawful"),
    "a reply lost": Fault(on("replies", dropped(is_allowed)), "replies_once"),
    "a reply doubled": Fault(on("replies", doubled(is_allowed)), "replies_once"),
    "a reply that contradicts": Fault(on("replies", contradict), "replies_same"),
    "a reply that takes off one minor unit more": Fault(
        on("replies", edited(is_allowed, put("discount_minor", by=1))), "replies_formed"
    ),
    "a second payment allowed": Fault(
        on("replies", first_edited(refused_for("already_reserved"), allow)), "reserved_once"
    ),
    "a used coupon allowed": Fault(
        on("replies", first_edited(refused_for("already_redeemed"), allow)), "replies_true"
    ),
    "an expired coupon allowed": Fault(
        on("replies", first_edited(refused_for("coupon_expired"), allow)), "replies_true"
    ),
    "a reply to a request of nobody": Fault(
        on("replies", edited(is_allowed, put("request_id", to="nobody-asked"))), "replies_once"
    ),
    "an ask told twice": Fault(on("asks", doubled(is_told)), "leases_asked"),
    "money given back twice": Fault(
        on("asks", edited(is_told, put("returned", to={"policy": 1}))), "leases_asked"
    ),
    "a grant lost": Fault(on("grants", dropped(is_granted)), "leases_granted"),
    "a grant of one minor unit more": Fault(
        on("grants", edited(is_granted, grant_more)), "leases_granted"
    ),
    "a grant beyond the budget": Fault(
        on("grants", edited(is_granted, put("granted", "policy", by=15_000))), "leases_within"
    ),
    "a grant that answers nobody": Fault(
        on("grants", edited(is_granted, put("answers", by=1_000))), "leases_granted"
    ),
    "an end that nobody ordered": Fault(
        on("grants", edited(is_spring, put("standing", to="closed"))), "orders_kept"
    ),
    "an order lost": Fault(on("asks", dropped(is_end)), "orders_kept"),
    "a label lost": Fault(on("outcomes", dropped(is_bought)), "labels_kept"),
    "a label never opened": Fault(
        on("outcomes", dropped(lambda body: body["state"] == "opened")), "labels_once"
    ),
    "a label doubled": Fault(on("outcomes", doubled(is_bought)), "labels_once"),
    "a propensity changed in a label": Fault(
        on("outcomes", edited(is_bought, put("propensity", by=-0.001))), "labels_named"
    ),
    "a label for another action": Fault(
        on("outcomes", edited(is_bought, put("action", "action_id", to="other"))),
        "labels_named",
    ),
    "a label without its order": Fault(
        on("outcomes", edited(is_bought, put("settled_ms", by=1))), "labels_true"
    ),
    "an order that no label knows": Fault(
        on("outcomes", edited(is_bought, put("y", to=False))), "labels_bought"
    ),
    "a label with other features": Fault(
        on("outcomes", edited(is_bought, put("x", to={}))), "labels_same", by_replay_only=True
    ),
    "a dead letter lost": Fault(on("dead_letters", lambda records: records[1:]), "refused"),
    "a dead letter doubled": Fault(
        on("dead_letters", lambda records: [*records, records[0]]), "refused"
    ),
    "a dead letter of other bytes": Fault(
        on("dead_letters", first_one(value=b"!")), "dead_letters"
    ),
    "a dead letter of another key": Fault(on("dead_letters", first_one(key=b"!")), "dead_letters"),
    "a dead letter of another reason": Fault(
        on("dead_letters", reason_told(b"tired")), "dead_letters"
    ),
    "a dead letter of a decided event": Fault(refused_after_all, "invented"),
}
