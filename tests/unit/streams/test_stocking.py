"""Word of the stock reaches decisions within one event, and each can be repeated (C54)."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest

from coupons.catalogue import Catalogue, Scope
from coupons.stock import Stock
from features.events import Event, Item
from features.session_record import Session
from online_models.knowledge.knowledge import Knowledge
from online_models.knowledge.known import Known
from streams import flow, wire
from streams.app import source_of
from streams.context import Row, Rules
from streams.decisions import Decision
from streams.explaining.texts import REASONS
from streams.families import Families
from streams.grounds import Grounds
from streams.metrics import Metrics
from streams.partitions import Partition
from streams.recordings.repeating import Repeat
from streams.recordings.writing import (
    DECISIONS,
    EVENTS,
    MANIFEST,
    OUTCOMES,
    REPLIES,
    SESSIONS,
    STOCK,
    RecordingError,
    as_line,
    level_as_line,
    new_folder,
)
from streams.settings import Settings
from streams.stocking import Stocking, Told, level_of, stocks_at
from tests.builders import (
    HOUR_MS,
    NOON_MS,
    FakeRecord,
    FixedScorer,
    a_catalogue,
    a_context,
    a_coupon,
    an_event,
    some_rules,
)

PAYS = FixedScorer(nothing=0.05, ten=0.20, lamps=0.20)
TENT = Item(product_id="tent", category="camp", price_minor=90_00)
LAMP = Item(product_id="lamp", category="home/lamps", price_minor=40_00)


def level(offset: int, product: str, left_count: int | None, **fields: str) -> FakeRecord:
    body = {"product_id": product, "available_count": left_count, **fields}
    value = None if left_count is None else json.dumps(body).encode()
    return FakeRecord(offset, NOON_MS, product.encode(), value)


def heard(*levels: FakeRecord) -> Stock:
    stocking = Stocking()
    for one in levels:
        stocking.hear(one)
    return stocking.in_force


def decided(rules: Rules, *events: Event, row: Row | None = None) -> Decision:
    kept, context = flow.new_row() if row is None else row, a_context(rules)
    for event in events:
        effects = flow.step(kept, event, context)
    assert effects.decision is not None
    return effects.decision


def ruled(stock: Stock, catalogue: Catalogue | None = None) -> Rules:
    return some_rules(PAYS, catalogue, stock=stock)


def test_c54_a_product_that_is_sold_out_is_offered_nothing_for_from_the_next_event_on() -> None:
    settings = Settings(partitions=1)
    grounds = Grounds(settings, Metrics())
    partition = Partition(0, {}, source_of(settings))

    def answer(offset: int) -> Decision:
        at_ms = NOON_MS + offset * HOUR_MS
        event = an_event("cart.added", at_ms=at_ms, user_id=f"u{offset}", items=(TENT,))
        record = FakeRecord(offset, at_ms, event.user_id.encode(), wire.encode_event(event))
        emission = partition.apply([("shop.cart.v1", record)], grounds.rules())
        return wire.decode_decision(emission.decisions[0][1] or b"")

    assert answer(0).reasons[0].code != "out_of_stock"
    grounds.stocking.hear(level(4, "tent", 0))
    refused = answer(1)
    assert (refused.action, refused.stock_version) == ("suppressed", 5)
    assert [one.code for one in refused.reasons] == ["out_of_stock"]
    assert [one.code for one in refused.guardrails] == ["out_of_stock"]
    grounds.stocking.hear(level(7, "tent", 12))
    assert answer(2).reasons[0].code != "out_of_stock"


def test_c54_a_sold_out_product_uses_up_no_decision_point() -> None:
    stock, row = heard(level(0, "tent", 0)), flow.new_row()
    first = an_event(items=(TENT,))
    second = an_event(at_ms=NOON_MS + 1, items=(LAMP,))
    assert decided(ruled(stock), first, second, row=row).action == "offer"


def test_c54_a_coupon_whose_goods_are_all_gone_is_blocked_with_its_reason() -> None:
    lamps = Scope(of="category", names=frozenset({"home/lamps"}))
    catalogue = a_catalogue(a_coupon("lamps", scope=lamps), a_coupon("ten", off_minor=100))
    stock = heard(level(0, "other", 0, category="home/lamps"))
    decision = decided(ruled(stock, catalogue), an_event("cart.added", items=(LAMP,)))
    assert decision.why_not["lamps"] == "out_of_stock"
    assert decision.offer is not None
    assert decision.offer.template_id == "ten"


def test_c54_a_coupon_for_the_part_of_a_cart_that_is_gone_says_so() -> None:
    lamps = Scope(of="category", names=frozenset({"home/lamps"}))
    catalogue = a_catalogue(a_coupon("lamps", scope=lamps))
    stock = heard(level(0, "lamp", 0), level(1, "floor-lamp", 3, category="home/lamps"))
    event = an_event("cart.viewed", items=(LAMP, TENT))
    decision = decided(ruled(stock, catalogue), event)
    assert decision.why_not["lamps"] == "out_of_stock"
    assert decision.margin_minor == pytest.approx(90_00 * 0.4)


def test_c54_what_is_sold_out_is_no_hint_and_the_next_best_takes_its_place() -> None:
    knowledge = Knowledge()
    for number in range(60):
        goods = ("tent", ("pegs", "stove", "mat", "rope")[number % 4])
        session = Session(
            user_id="u", start_ms=0, end_ms=number, carted=tuple((g, 1) for g in goods)
        )
        knowledge.learn(session)
        knowledge.learn(Session(user_id="v", start_ms=0, end_ms=number, carted=(("other", 1),)))
    rules = some_rules(PAYS, known=Known(knowledge), families=Families(hints=True))
    event = an_event("cart.added", items=(TENT,))
    before = [one.product_id for one in decided(rules, event).hints]
    assert len(before) == 3
    gone = before[0]
    after = decided(replace(rules, stock=heard(level(0, gone, 0))), event).hints
    assert len(after) == 3
    assert gone not in [one.product_id for one in after]


def test_c54_the_reason_has_its_sentence_in_both_languages() -> None:
    english, chinese = REASONS["out_of_stock"]
    assert "sold out" in english
    assert "售罄" in chinese


@pytest.mark.parametrize(
    "value",
    [
        b"nothing",
        b'{"product_id":"tent"}',
        b'{"product_id":"tent","available_count":-1}',
        b'{"product_id":"tent","available_count":"3"}',
        b'{"product_id":"another","available_count":3}',
        b'{"product_id":"tent","available_count":3,"brand":"' + b"x" * 5_000 + b'"}',
    ],
)
def test_c54_a_level_that_cannot_be_read_leaves_the_stock_as_it_was(value: bytes) -> None:
    stock = heard(level(0, "tent", 0), FakeRecord(1, NOON_MS, b"tent", value))
    assert (stock.sold_out, stock.version) == (frozenset({"tent"}), 2)


def test_c54_a_tombstone_forgets_and_unknown_fields_are_ignored() -> None:
    assert heard(level(0, "tent", 0), level(1, "tent", None)).sold_out == frozenset()
    assert level_of(b"p", b'{"product_id":"p","available_count":1,"warehouse":"x"}')


def test_c54_where_the_gate_is_off_nothing_is_sold_out() -> None:
    stocking = Stocking(is_asked=False)
    stocking.hear(level(0, "tent", 0))
    assert stocking.in_force == Stock()


def told(records: Iterable[FakeRecord]) -> list[Told]:
    return [Told(one.offset, one.key or b"", one.value) for one in records]


def test_c54_the_stock_at_a_place_is_the_same_when_the_log_was_compacted_behind_it() -> None:
    whole = [level(0, "a", 0), level(2, "a", 5), level(3, "b", 0), level(6, "c", 0)]
    compacted = [one for one in whole if one.offset != 0]
    for version in (4, 5, 7):
        (one,), (other,) = (list(stocks_at(told(each), [version])) for each in (whole, compacted))
        assert one == other
    with pytest.raises(LookupError, match="up to 8, was up to 7"):
        list(stocks_at(told(whole), [8]))


def test_c54_a_recorded_run_with_stock_outs_is_repeated_to_the_byte(tmp_path: Path) -> None:
    settings, folder = Settings(partitions=1), tmp_path / "run"
    new_folder(folder)
    grounds, partition = Grounds(settings, Metrics()), Partition(0, {}, source_of(settings))
    events, decisions, outcomes, sessions, levels = [], [], [], [], []
    for number in range(40):
        if number % 5 == 0:
            one = level(3 * number, "tent", number // 5 % 2 * 7)
            grounds.stocking.hear(one)
            levels.append(level_as_line(one))
        at_ms = NOON_MS + number * HOUR_MS
        event = an_event("cart.added", at_ms=at_ms, user_id=f"u{number % 7}", items=(TENT,))
        record = FakeRecord(number, at_ms, event.user_id.encode(), wire.encode_event(event))
        emission = partition.apply([("shop.cart.v1", record)], grounds.rules())
        events.append(line_of(record))
        decisions += [value or b"" for _, value, _ in emission.decisions]
        outcomes += [value or b"" for _, value, _ in emission.outcomes]
        sessions += [value or b"" for _, value, _ in emission.sessions]
    written = {
        EVENTS: events,
        DECISIONS: decisions,
        OUTCOMES: outcomes,
        SESSIONS: sessions,
        REPLIES: [],
        STOCK: levels,
    }
    for name, lines in written.items():
        (folder / name).write_bytes(b"".join(line + b"\n" for line in lines))
    manifest = {"format": 3, "app_id": settings.app_id, "partitions": 1}
    (folder / MANIFEST).write_text(json.dumps(manifest), "utf-8")
    assert any(b"out_of_stock" in line for line in decisions)
    found = Repeat(settings, folder).run()
    assert (found.same, found.different, found.lost) == (40, 0, 0)
    (folder / STOCK).write_bytes(levels[0] + b"\n")
    with pytest.raises(RecordingError, match=r"stock\.ndjson: stock must be told up to"):
        Repeat(settings, folder).run()


def line_of(record: FakeRecord) -> bytes:
    class Placed(FakeRecord):
        partition = 0

    return as_line("cart", Placed(**vars(record)))
