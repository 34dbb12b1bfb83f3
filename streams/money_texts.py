"""What the page of coupons says of a campaign's money."""

LIMITS_INTRODUCTION = """## Limits of a campaign

`limits` in the catalogue tell how much of a campaign's budget may go to each day or week (UTC, or
by the clock of its `utc_offset`), or to a named segment or store: that of the `store_id` of the
event that asks for the decision. Each is leased to partitions like the budget itself and stands in
`budget show` once it was asked for: `spring/day/2026-11-23`, `spring/day/2026-11-23+01:00`,
`spring/week/2026-W48`, `spring/segment/loyal`, `spring/store/north`. A
coupon is given only if its campaign and all of its limits have room; what comes back goes back to
each of them. A day begins when the partition's event time reaches it, and never opens again.
Reasons: `day_budget_exhausted`, `week_budget_exhausted`, `segment_budget_exhausted`,
`store_budget_exhausted`.

A coupon's `quota` is leased the same way, in pieces: `spring/quota/mug` stands in `budget show`
once a partition ran low, and its figures are pieces. Who runs out is given what others have left,
after the ledger has called it back from them; until then, and when all is given, the reason is
`quota_exhausted`.

`per_device`, `per_address` and `per_person` of a campaign tell how many of its coupons all
customers of one device (`anonymous_id`), one address (`address_id`) or one person (`person_id`, of
any event or of `profile.updated`) may get within `per_user_window`, whatever accounts they use:
[0047](decisions/0047-shared-caps.md). A customer's first event claims a permit for the coupon that
may follow; a trigger before the answer has come, within seconds, is answered `suppressed` with
`permit_awaited` and does not use up the episode. Then the reasons are `device_limit`,
`address_limit` and `person_limit`. Events that tell none count by what was told last; a customer
of whom nothing was ever told is not held. Coupons given back (released, or of orders that were
undone) leave the cap as they leave the customer's own; voided and expired ones do not. Nothing
counts that was given before the cap was written into the catalogue. Add such a cap when all
workers run this version: those of before do not know it.
"""

ORDERS_INTRODUCTION = """## A campaign's money, by order

`coupon-stream budget show` tells how each campaign stands: budget = free + leased to partitions.
The others order something of its ledger, on `coupon.budget.v1`, as `coupon.order.v1`:

| Command | What follows |
| --- | --- |
| `top-up CAMPAIGN AMOUNT_MINOR` | so much more may be given, on top of the catalogue's budget |
| `pause CAMPAIGN` | nothing more is given; coupons that are out stay good |
| `resume CAMPAIGN` | it is given again |
| `close CAMPAIGN` | as paused, for good; what partitions have left goes back to the ledger |
| `stop` | every open campaign is paused, whatever else was ordered meanwhile |

An order bears the number that it is to have among those obeyed (`--version` names the one before
it): one that comes twice, or after another that its sender did not know of, is refused. `stop` is
always in time; a copy of one that was obeyed is known again and stops nothing. The ledger
obeys in one transaction with its books and tells every partition by `coupon.grants.v1`; an event
that Kafka takes after that is decided by the order, and a recorded run repeats it. `--dry-run`
sends nothing. Exit code 0: the ledger has obeyed, or the order is proposed. 1: it has not yet, or
another order came first. 2: refused, with what must be.

Where `COUPON_APPROVERS` names people, `top-up`, `resume` and `close`, and what `catalogue apply`
changes, wait for a second person ([0042](decisions/0042-two-people-agree.md)):

```sh
# Each makes a key of their own, which nobody else has, and prints their part of COUPON_APPROVERS.
printf 'anna:%s' "$(openssl rand -base64 32)" > anna.key
printf 'ben:%s' "$(openssl rand -base64 32)" > ben.key
ANNA=$(COUPON_APPROVAL_KEY_FILE=anna.key coupon-stream config approver)
BEN=$(COUPON_APPROVAL_KEY_FILE=ben.key coupon-stream config approver)
export COUPON_APPROVERS="$ANNA,$BEN"
coupon-stream topics apply
COUPON_APPROVAL_KEY_FILE=anna.key coupon-stream budget top-up welcome 20000
coupon-stream budget waiting
ID=$(coupon-stream budget waiting --json | sed 's/.*"proposal_id":"\\([^"]*\\)".*/\\1/')
COUPON_APPROVAL_KEY_FILE=ben.key coupon-stream budget approve "$ID" --dry-run
```

Workers, and whoever orders, have the same `COUPON_APPROVERS`; workers need `COUPON_MODEL_KEY` too.
"""
