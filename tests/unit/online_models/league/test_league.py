"""Who leads, who is promoted, and who never is."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from online_models.league.contracts import Entrant, Learner
from online_models.league.league import League
from online_models.league.loading import scorer_from
from online_models.league.logistic import Logistic
from online_models.league.rules import LeagueRules
from online_models.league.standings import Happening
from online_models.outcomes import Option
from tests.unit.online_models.league.shop import (
    NAMES,
    TEN,
    THIRTY,
    TRUTH,
    TWIN,
    Poisoned,
    Sure,
    belief,
    outcomes,
)

Makers = dict[str, Callable[[], Learner]]

GIVES_NOTHING = belief()
# Labels turned round: coupons for all but those whom they move.
FLIPPED = belief(lift=1.2, deals=-1.2)


def league(makers: Makers, **settings: float) -> League:
    entrants = [Entrant(name=name, learner=make()) for name, make in makers.items()]
    return League(entrants, names=NAMES, rules=replace(LeagueRules(), **settings))  # type: ignore[arg-type]


def played(
    makers: Makers,
    seed: int,
    count: int,
    options: tuple[Option, ...] = (TEN, THIRTY),
    **settings: float,
) -> tuple[League, list[Happening]]:
    started = league(makers, **settings)
    for offset, outcome in enumerate(outcomes(seed, count, options)):
        started.learn(outcome, offset)
    return started, started.take_events()


def test_n07_a_better_learner_is_promoted_on_the_money_of_its_choices() -> None:
    found, events = played(
        {"lead": lambda: Sure(GIVES_NOTHING), "good": lambda: Sure(TRUTH)}, 0, 2_500
    )
    assert [(one.kind, one.name, one.previous) for one in events] == [("promoted", "good", "lead")]
    assert events[0].bound > 0
    assert found.leader.name == "good"
    assert found.scoring_form()["body"] == TRUTH
    assert found.counts["promoted"] == 1


@pytest.mark.parametrize("seed", range(3))
def test_n07_a_learner_with_flipped_labels_is_never_promoted(seed: int) -> None:
    found, events = played({"lead": lambda: Sure(TRUTH), "bad": lambda: Sure(FLIPPED)}, seed, 2_500)
    assert events == []
    bad = found.standings()[1]
    assert bad.ahead_minor is not None
    assert bad.ahead_minor < 0


def test_n07_one_that_learns_from_flipped_labels_is_never_promoted() -> None:
    makers: Makers = {"lead": lambda: Logistic(NAMES), "bad": lambda: Poisoned(Logistic(NAMES))}
    _, events = played(makers, 1, 1_500)
    assert events == []


def test_n07_an_equal_is_never_promoted() -> None:
    found, events = played({"lead": lambda: Sure(TRUTH), "same": lambda: Sure(TRUTH)}, 2, 1_500)
    assert events == []
    assert found.standings()[1].ahead_minor == 0.0
    assert found.standings()[1].agreed_ratio == 1.0


def test_n07_another_choice_of_the_same_worth_is_not_promoted() -> None:
    makers: Makers = {
        "lead": lambda: Sure(belief(deals=1.2, ten=0.01)),
        "twin": lambda: Sure(belief(deals=1.2, twin=0.01)),
    }
    found, events = played(makers, 3, 2_000, (TEN, TWIN))
    assert events == []
    agreed = found.standings()[1].agreed_ratio
    assert agreed is not None
    assert agreed < 0.7


def test_the_articles_rule_gives_always_and_is_not_promoted() -> None:
    learner = Sure(TRUTH)
    entrants = [
        Entrant(name="ours", learner=learner),
        Entrant(name="article", learner=learner, rule="article"),
    ]
    found = League(entrants, names=NAMES)
    for offset, outcome in enumerate(outcomes(4, 2_000)):
        found.learn(outcome, offset)
    ours, article = found.standings()
    assert found.leader.name == "ours"
    assert article.given_ratio == 1.0
    assert ours.value_minor is not None
    assert article.value_minor is not None
    assert article.value_minor < ours.value_minor


def test_a_change_of_leader_begins_the_race_anew_under_a_stricter_bound() -> None:
    found, events = played(
        {"lead": lambda: Sure(GIVES_NOTHING), "good": lambda: Sure(TRUTH)}, 0, 2_500
    )
    (promotion,) = events
    assert found.standings()[0].judged_count < 2_500 - promotion.count
    assert found._race.alpha == pytest.approx(0.05 / 2 / 6)


def test_a_race_without_a_winner_ends_with_its_season() -> None:
    found, events = played(
        {"lead": lambda: Sure(TRUTH), "bad": lambda: Sure(FLIPPED)}, 5, 1_200, season_judged=1_000
    )
    assert events == []
    assert found.standings()[0].judged_count <= 200


def test_n07_a_poisoned_leader_is_rolled_back_to_its_last_good_form() -> None:
    makers: Makers = {"lead": lambda: Poisoned(Logistic(NAMES), 3_000)}
    found, events = played(makers, 6, 5_000, period_labels=700)
    kinds = [one.kind for one in events]
    assert kinds == ["drift", "rolled_back"]
    assert found.leader.is_pinned
    scorer = scorer_from(found.scoring_form(), names=NAMES)
    p = scorer.score({"cart": 1.0, "visits": 0.5, "deals": 0.0}, []).p_nothing
    truth = Sure(TRUTH).score({"cart": 1.0, "visits": 0.5, "deals": 0.0}, []).p_nothing
    assert p == pytest.approx(truth, abs=0.1)
    assert events[1].offset // 2 - 3_000 < 1_500


def test_n07_a_promoted_learner_that_fails_gives_way_to_the_one_before() -> None:
    found = league({"old": lambda: Sure(GIVES_NOTHING), "new": lambda: Sure(TRUTH)})
    promoted_at, learner = 0, found.entrants[1].learner
    assert isinstance(learner, Sure)
    for offset, outcome in enumerate(outcomes(0, 4_000)):
        if found.leader.name == "new":
            promoted_at = promoted_at or offset
            learner.body = belief(base=1.5) if offset > promoted_at + 1_000 else TRUTH
        found.learn(outcome, offset)
        if found.leader.is_pinned:
            break
    assert promoted_at
    assert found.leader.name == "old"
    assert found.scoring_form()["body"] == GIVES_NOTHING


def test_the_same_log_makes_the_same_league_and_repeats_change_nothing() -> None:
    makers: Makers = {"lead": lambda: Logistic(NAMES), "shy": lambda: Logistic(NAMES, alpha=0.02)}
    log = list(outcomes(7, 800))
    once, again = league(makers), league(makers)
    for offset, outcome in enumerate(log):
        once.learn(outcome, offset)
        again.learn(outcome, offset)
        again.learn(outcome, offset)
    assert once.standings() == again.standings()
    assert once.scoring_form() == again.scoring_form()
    assert again.counts["repeated"] == len(log)


def test_no_more_decisions_wait_than_there_is_room_for() -> None:
    found, _ = played({"lead": lambda: Sure(TRUTH)}, 8, 900, waiting_capacity=50)
    assert found.waiting_count == 0
    assert found.turned_away_count > 0
    judged = found.standings()[0].judged_count
    assert 0 < judged < 900
    assert judged + found.turned_away_count == 900


def test_only_decisions_drawn_by_lot_are_judged_and_all_are_learned() -> None:
    found = league({"lead": lambda: Logistic(NAMES)})
    arms = ("policy", "random")
    for offset, outcome in enumerate(outcomes(9, 400)):
        arm = arms[int(outcome.decision_id[1:]) % 2]
        found.learn(replace(outcome, arm=arm), offset)  # type: ignore[arg-type]
    standing = found.standings()[0]
    assert standing.judged_count == 200
    assert standing.learned_count > 400
    assert standing.log_loss is not None


def test_outcomes_that_cannot_be_read_or_judged_are_counted() -> None:
    found = league({"lead": lambda: Sure(TRUTH)})
    opened = next(one for one in outcomes(1, 20) if one.action == TEN.action)
    found.learn(replace(opened, x={}), 0)
    found.learn(replace(opened, candidates=(THIRTY,)), 1)
    assert (found.counts["unreadable"], found.counts["unjudged"]) == (1, 1)
    assert found.standings()[0].judged_count == 0


def test_entrants_of_the_same_name_are_refused() -> None:
    with pytest.raises(ValueError, match="entrants must have distinct names, was"):
        League([Entrant(name="a", learner=Sure(TRUTH))] * 2, names=NAMES)


def test_a_leader_by_name_leads_from_the_start() -> None:
    entrants = [Entrant(name=name, learner=Sure(TRUTH)) for name in ("a", "b")]
    assert League(entrants, names=NAMES, leader="b").leader.name == "b"


def test_what_happened_is_handed_over_once() -> None:
    found, events = played(
        {"lead": lambda: Sure(GIVES_NOTHING), "good": lambda: Sure(TRUTH)}, 0, 1_500
    )
    assert len(events) == 1
    assert found.take_events() == []
