"""The console's fold: bounded, exact over restarts, and true to what workers and decisions say."""

from hypothesis import given
from hypothesis import strategies as st

from coupons.arms import ArmShares
from streams import flow, wire
from streams.console.board import KEPT_COUNT, SEGMENTS_COUNT, Board
from streams.console.series import Series
from streams.console.workers import Workers
from streams.decisions import Decision, Reason
from streams.metrics import Metrics, Sample, Tally, samples_of
from tests.builders import DAY_MS, a_catalogue, a_context, an_event


def a_board(budget_minor: int = 1_000_000) -> Board:
    return Board(a_catalogue(budget_minor=budget_minor), ArmShares(), "EUR", 30 * DAY_MS)


def a_decision(number: int = 0) -> Decision:
    event = an_event(user_id=f"u{number}", event_id=f"e{number}")
    decision = flow.step(flow.new_row(), event, a_context()).decision
    assert decision is not None
    return decision


def written(decision: Decision) -> bytes:
    value = wire.encode_decision(decision)[1]
    assert value is not None
    return value


def sample(name: str, value: float, **labels: str) -> Sample:
    return Sample(f"coupon_{name}", labels, value)


def effect(bound: str, value: float) -> Sample:
    return sample("experiment_effect", value, metric="incremental_margin_minor", bound=bound)


@given(st.integers(1, 2_000), st.sampled_from([2, 8, 240]))
def test_a_series_keeps_its_ends_and_never_more_than_its_limit(count: int, limit: int) -> None:
    series = Series(["value"], limit=limit)
    for at_s in range(count):
        series.add(at_s, [float(at_s)])
    columns = series.columns()
    assert len(columns["at_s"]) <= limit + 1
    assert (columns["at_s"][0], columns["at_s"][-1]) == (0.0, count - 1)
    assert columns["at_s"] == columns["value"]
    assert columns["at_s"] == sorted(columns["at_s"], key=lambda at_s: at_s or 0.0)


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=5), min_size=1, max_size=5))
def test_counters_are_summed_over_restarts(lives: list[list[int]]) -> None:
    workers, whole = Workers(), 0
    for steps in lives:
        count = 0
        workers.hear("a", [sample("events_consumed_total", 0)])  # seen just after its start
        for step in steps:
            count += step
            workers.hear("a", [sample("events_consumed_total", count)])
        whole += count
    assert workers.total("events_consumed") == whole


def test_what_a_worker_exposes_is_what_the_page_counts() -> None:
    metrics, tally = Metrics(), Tally()
    tally.add("decisions", ("offer", "ten", "policy"), 3)
    tally.add("decisions", ("no_offer", "none", "policy"), 2)
    tally.add("dead_letters", ("shop.cart.v1", "not_json"), 4)
    metrics.apply(tally)
    board = a_board()
    board.heard("a", samples_of(metrics.exposition()[0].decode()))
    counts = board.state(0.0, 0.0)["counts"]
    assert (counts["decisions"], counts["offers"], counts["dead_letters"]) == (5, 3, 4)
    assert counts["refusals"] == {"not_json": 4}


def test_earnings_of_two_workers_are_added_and_their_widths_by_squares() -> None:
    board = a_board()
    board.heard("a", [effect("point", 100), effect("lower", 70), effect("upper", 130)])
    board.heard("b", [effect("point", 50), effect("lower", 10), effect("upper", 90)])
    assert board.earned() == {"point_minor": 150, "lower_minor": 100, "upper_minor": 200}


def test_earnings_have_no_bounds_while_one_worker_has_none() -> None:
    board = a_board()
    board.heard("a", [effect("point", 100), effect("lower", 70), effect("upper", 130)])
    board.heard("b", [effect("point", 50)])
    assert board.earned() == {"point_minor": 150, "lower_minor": None, "upper_minor": None}


def test_a_budget_is_spent_held_and_free() -> None:
    board = a_board(budget_minor=1_000)
    board.heard(
        "a",
        [
            sample("budget_remaining_minor", 600, campaign="spring", currency="EUR"),
            sample("discount_minor_total", 150, currency="EUR", template="ten"),
            sample("discount_minor_total", 999, currency="EUR", template="of another campaign"),
        ],
    )
    (budget,) = board.state(0.0, 0.0)["budgets"]
    assert (budget["spent_minor"], budget["held_minor"], budget["free_minor"]) == (150, 250, 600)
    assert board.state(0.0, 0.0)["troubles"] == []


def test_the_page_keeps_a_bounded_number_of_decisions_and_segments() -> None:
    board, decision = a_board(), a_decision()
    value = written(decision)
    for number in range(KEPT_COUNT + 50):
        board.decided(renamed(decision, f"{number:026}", f"segment {number}"), value)
    assert board.kept(f"{49:026}") is None
    assert board.kept(f"{50:026}") is not None
    state = board.state(0.0, 0.0)
    assert len(state["segments"]) == SEGMENTS_COUNT + 1
    assert sum(row["decisions"] for row in state["segments"]) == KEPT_COUNT + 50
    assert len(wire.to_json(state)) < 60_000


def test_the_newest_decisions_are_told_in_both_languages() -> None:
    board, decision = a_board(), a_decision()
    board.decided(decision, written(decision))
    (told,) = board.state(0.0, 0.0)["latest"]
    assert told["id"] == decision.decision_id
    assert "u0" in told["text"]["en"]
    assert "用户 u0" in told["text"]["zh"]
    assert board.kept(decision.decision_id) == decision


def troubles(board: Board) -> list[str]:
    return [one["code"] for one in board.state(0.0, 0.0)["troubles"]]


def test_dead_letters_are_an_alarm_for_a_minute() -> None:
    board = a_board()
    for at_s, letters in ((0, 5), (1, 5), (2, 65)):
        board.heard("a", [sample("dead_letters_total", letters, topic="t", reason="not_json")])
        board.tick(at_s)
    assert troubles(board) == ["dead_letters"]
    for at_s in range(3, 64):
        board.tick(at_s)
    assert troubles(board) == []


def test_a_worker_is_missed_only_after_it_was_there() -> None:
    board = a_board()
    board.missed("a")
    assert troubles(board) == []
    board.heard("a", [])
    board.missed("a")
    assert troubles(board) == ["worker_down"]
    board.heard("a", [])
    assert troubles(board) == []


def test_decisions_that_stop_are_an_alarm() -> None:
    board = a_board()
    labels = {"action": "offer", "template": "ten", "variant": "policy"}
    for at_s in range(40):
        board.heard("a", [sample("decisions_total", min(at_s, 15), **labels)])
        board.tick(at_s)
        assert ("silent" in troubles(board)) == (at_s >= 35)


def test_arms_whose_sizes_are_wrong_are_an_alarm() -> None:
    board = a_board()
    board.heard("a", [sample("experiment_srm_p", 0.0004, experiment="e")])
    assert troubles(board) == ["sample_ratio"]
    board.heard("b", [sample("experiment_srm_p", 0.5, experiment="e")])
    board.heard("c", [sample("experiment_srm_p", 0.5, experiment="e")])
    assert troubles(board) == []


def renamed(decision: Decision, identity: str, segment: str) -> Decision:
    reason = Reason(code="segment", weight=1.0, detail=segment)
    fields = {name: getattr(decision, name) for name in decision.__struct_fields__}
    return Decision(**fields | {"decision_id": identity, "reasons": (reason,)})
