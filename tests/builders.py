"""Events, rules and partitions with every field defaulted, so that a test names what matters."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coupons.arms import ArmShares
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.ledger import Ledger
from coupons.pacing import Pacing
from coupons.policy import PolicySettings
from features.actions import NOTHING, Action
from features.events import Event, Item
from online_models.outcomes import Outcome
from streams import flow, wire
from streams.context import Context, PartitionState, Rules
from streams.decisions import Decision
from streams.emission import Source
from streams.partitions import Partition
from streams.settings import TRIGGERS, Settings

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
NOON_MS = 1_760_000_400_000  # some day in 2025
ALL_POLICY = ArmShares(random=0.0, business_as_usual=0.0, holdout=0.0)
FAMILIES = {
    "shop.browse.v1": "browse",
    "shop.search.v1": "search",
    "shop.cart.v1": "cart",
    "shop.purchase.v1": "purchase",
    "shop.coupon.v1": "coupon",
    "shop.profiles.v1": "profiles",
    "coupon.heartbeats.v1": "heartbeats",
    "coupon.grants.v1": "grants",
}
TOPIC_OF = {family: topic for topic, family in FAMILIES.items()}


def ample(settings: Settings, folder: Path) -> Settings:
    """Give settings under which no partition asks for money or pieces: when they come varies."""
    catalogue = settings.catalogue_path.read_text("utf-8")
    more, count = re.subn(r"(?m)^    budget: .*$", "    budget: 9000000.00", catalogue)
    assert count, catalogue
    more = re.sub(r"(?m)^( +quota): .*$", r"\1: 9000000", more)
    path = folder / "ample.yaml"
    path.write_text(more, "utf-8")
    return settings.model_copy(update={"catalogue_file": path})


class FixedScorer:
    """Answers the same probabilities whatever it is asked about."""

    def __init__(self, nothing: float = 0.05, **by_coupon: float) -> None:
        self.nothing = nothing
        self.by_coupon = by_coupon

    def score(self, x: dict[str, float], coupons: Iterable[Action]) -> "FixedAnswers":
        p_buy = [self.by_coupon.get(one.action_id, self.nothing) for one in coupons]
        return FixedAnswers(self.nothing, p_buy)

    def is_cold(self, action: Action) -> bool:
        return False


class FixedAnswers:
    """Fixed probabilities, without caution, and fixed contributions."""

    def __init__(self, p_nothing: float, p_buy: list[float]) -> None:
        self.p_nothing = p_nothing
        self.p_buy = p_buy

    def expected(self, at: int | None) -> float:
        return self.p_nothing if at is None else self.p_buy[at]

    def contributions(self, at: int | None) -> dict[str, float]:
        return {"bias": -3.0, "browse_count_5m": 0.5}


def an_event(event_type: str = "product.viewed", *, at_ms: int = NOON_MS, **fields: Any) -> Event:
    """Build an event of one 50.00 product."""
    product = Item(product_id="p1", category="toys", price_minor=5_000)
    fields.setdefault("event_id", f"{event_type}-{at_ms}")
    fields.setdefault("user_id", "ann")
    if event_type not in ("heartbeat", "profile.updated"):
        fields.setdefault("items", (product,))
    return Event(event_type=event_type, ts_ms=at_ms, **fields)  # type: ignore[arg-type]


def an_order(*, at_ms: int = NOON_MS, total_minor: int = 5_000, **fields: Any) -> Event:
    """Build a completed order."""
    return an_event("order.completed", at_ms=at_ms, total_minor=total_minor, **fields)


def a_coupon(coupon_id: str = "ten", **fields: Any) -> Coupon:
    """Build a coupon of 5.00 off."""
    given = {"campaign_id": "spring", "kind": "amount_off", "off_minor": 500, **fields}
    return Coupon(coupon_id=coupon_id, **given)


def a_catalogue(*coupons: Coupon, budget_minor: int = 1_000_000, **fields: Any) -> Catalogue:
    """Build a catalogue of one campaign."""
    chosen = coupons or (a_coupon(),)
    campaign = Campaign(
        campaign_id="spring", budget_minor=budget_minor, coupons=tuple(chosen), **fields
    )
    return Catalogue.of([campaign])


def some_rules(scorer: Any = None, catalogue: Catalogue | None = None, **fields: Any) -> Rules:
    """Build rules under which everybody is in the policy's arm and nothing is explored."""
    offers = catalogue if catalogue is not None else a_catalogue()
    given: dict[str, Any] = {
        "app_id": "test",
        "catalogue": offers,
        "campaigns": {campaign.campaign_id: campaign for campaign in offers.campaigns},
        "model": scorer if scorer is not None else FixedScorer(),
        "model_id": "fixed",
        "model_version": "0",
        "policy": PolicySettings(explore_ratio=0.0),
        "shares": ALL_POLICY,
        "salt": "test",
        "triggers": frozenset(TRIGGERS),
        "horizon_ms": DAY_MS,
        "spacing_ms": HOUR_MS // 2,
        "margin_ratio": 0.4,
        "currency": "EUR",
        "pacing": Pacing(),
        **fields,
    }
    return Rules(**given)


def a_context(rules: Rules | None = None) -> Context:
    """Build the context of partition 0 of 1."""
    chosen = rules if rules is not None else some_rules()
    ledger = Ledger(partition=0, partitions=1)
    ledger.adopt(chosen.catalogue, chosen.shares)
    return Context(rules=chosen, partition=PartitionState(partition=0, ledger=ledger))


@dataclass(frozen=True)
class FakeRecord:
    """What a consumer hands over, as far as anybody looks."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()


def records_of(events: Iterable[Event]) -> list[tuple[str, FakeRecord]]:
    """Number events by topic as a broker would."""
    offsets: dict[str, int] = {}
    records = []
    for event in events:
        topic = TOPIC_OF[event.family]
        offset = offsets.get(topic, 0)
        offsets[topic] = offset + 1
        value = wire.encode_event(event)
        key = event.user_id.encode() or None
        records.append((topic, FakeRecord(offset, event.ts_ms, key, value)))
    return records


def a_partition(rows: dict[bytes, Any] | None = None) -> Partition:
    """Build partition 0 of 1, empty unless rows are given."""
    source = Source(
        families=FAMILIES,  # type: ignore[arg-type]
        group="test",
        worker_version="0",
        partitions_count=1,
    )
    return Partition(0, rows if rows is not None else {}, source)


def decided(event_type: str = "cart.added", scorer: Any = None) -> Decision:
    """Make a decision about a new customer, by default one that gives `ten`."""
    chosen = scorer if scorer is not None else FixedScorer(nothing=0.05, ten=0.20)
    context = a_context(some_rules(chosen))
    decision = flow.step(flow.new_row(), an_event(event_type), context).decision
    assert decision is not None
    return decision


def an_outcome(**fields: Any) -> Outcome:
    """Build an outcome of a decision to give nothing, not bought."""
    plain: dict[str, Any] = {
        "decision_id": "d",
        "user_id": "ann",
        "arm": "policy",
        "state": "opened",
        "decided_ms": NOON_MS,
        "settled_ms": NOON_MS + 60_000 if fields.get("state") == "settled" else None,
        "x": {},
        "action": NOTHING,
        "propensity": 1.0,
        "p_buy": 0.1,
    }
    return Outcome(**plain | fields)
