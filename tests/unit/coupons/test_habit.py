"""The pause for customers who have got used to coupons and would buy anyway."""

from hypothesis import given
from hypothesis import strategies as st

from coupons.habit import DAY_MS, LEFT_FROM_MS, REMEMBERED_MS, Habit, follow, is_paused
from coupons.lifecycle import Lifecycle, Stage
from features.events import Event, EventType


def moved(stage: Stage, at_ms: int) -> Lifecycle:
    return Lifecycle(
        stage=stage, coupon_id="ten", campaign_id="spring", decision_id="d", ts_ms=at_ms
    )


class Ann:
    """A customer whose times of carts and orders are kept as a profile keeps them."""

    def __init__(self) -> None:
        self.habit: Habit | None = None
        self.last_ms: dict[str, int] = {}

    def does(self, kind: EventType, day: float, *moves: Lifecycle, saved_minor: int = 0) -> None:
        at_ms = int(day * DAY_MS)
        event = Event(
            event_id=f"{kind}{day}",
            event_type=kind,
            user_id="ann",
            ts_ms=at_ms,
            discount_minor=saved_minor,
        )
        self.habit = follow(self.habit, event, moves, self.last_ms)
        measure = {"cart.added": "cart", "order.completed": "order"}.get(kind)
        if measure is not None:
            self.last_ms[measure] = max(at_ms, self.last_ms.get(measure, -1))

    def pays(self, day: float) -> None:
        self.does("order.completed", day)

    def uses(self, day: float) -> None:
        self.does("order.completed", day, moved("redeemed", int(day * DAY_MS)), saved_minor=500)

    def leaves_a_cart(self, day: float) -> None:
        self.does("cart.added", day)

    def is_paused(self, day: float) -> bool:
        return is_paused(self.habit, self.last_ms, int(day * DAY_MS))


def test_n7_who_paid_in_full_and_leaves_a_cart_behind_comes_back_without_a_coupon() -> None:
    ann = Ann()
    ann.pays(0)
    assert not ann.is_paused(1)
    ann.leaves_a_cart(2)
    assert not ann.is_paused(2 + (LEFT_FROM_MS - 1) / DAY_MS)  # the cart is still in use
    assert ann.is_paused(3)
    ann.leaves_a_cart(3)  # the next cart does not hide the one before
    assert ann.is_paused(3)
    ann.pays(3.1)
    assert not ann.is_paused(4)


def test_n7_who_never_paid_in_full_may_leave_carts_and_use_one_coupon() -> None:
    ann = Ann()
    ann.leaves_a_cart(0)
    assert not ann.is_paused(1)
    ann.uses(1)
    ann.leaves_a_cart(2)
    assert not ann.is_paused(3)


def test_n7_two_orders_one_of_them_with_a_coupon_are_a_habit_for_a_month() -> None:
    for first, second in ((Ann.pays, Ann.uses), (Ann.uses, Ann.pays), (Ann.uses, Ann.uses)):
        ann = Ann()
        first(ann, 0)
        second(ann, 10)
        assert ann.is_paused(11)
        assert not ann.is_paused(30)


def test_n7_who_always_pays_in_full_and_empties_no_cart_unbought_is_never_paused() -> None:
    ann = Ann()
    for day in range(60):
        ann.leaves_a_cart(day)
        ann.pays(day + 0.01)
        assert not ann.is_paused(day + 0.5)


def test_n7_an_order_with_a_foreign_discount_says_nothing() -> None:
    ann = Ann()
    ann.does("order.completed", 0, saved_minor=300)
    assert ann.habit is None


STEPS = st.lists(
    st.tuples(st.sampled_from(["pays", "uses", "leaves_a_cart"]), st.integers(0, 90)), max_size=40
)


@given(steps=STEPS)
def test_n7_every_pause_ends_by_itself_and_the_memory_of_it_is_bounded(
    steps: list[tuple[str, int]],
) -> None:
    ann = Ann()
    for what, day in sorted(steps, key=lambda step: step[1]):
        getattr(ann, what)(day)
        assert ann.habit is None or len(ann.habit["orders"]) <= 2
    newest = max((day for _, day in steps), default=0)
    assert not ann.is_paused(newest + REMEMBERED_MS // DAY_MS)


@given(steps=STEPS)
def test_n7_nobody_is_paused_who_never_bought(steps: list[tuple[str, int]]) -> None:
    ann = Ann()
    for _, day in sorted(steps, key=lambda step: step[1]):
        ann.leaves_a_cart(day)
        assert not ann.is_paused(day + 1)
