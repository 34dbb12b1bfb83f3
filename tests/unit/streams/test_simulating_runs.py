"""A world that was played before answers only if everything that decides is the same."""

from typing import Any

import pytest

from streams.settings import Settings
from streams.simulating.runs import DECIDING, Asked, play_all, played

READ: set[str] = set()
# Read in a run, and without effect on what it comes to.
TOLD_ONLY = {
    *("hints", "heat", "alike", "next_step"),  # simulated customers look at the offer alone
    *("model_id", "model_key", "model_former_keys"),  # names and signatures of what is decided
    "shop_currency",
    "policy",  # each world names its policies itself
    *("code_key", "pseudonym_key", "pseudonym_former_keys"),  # the same under any key
}


class Watched(Settings):
    """Settings that note which of them are asked for."""

    def __getattribute__(self, name: str) -> Any:
        if name in Settings.model_fields:
            READ.add(name)
        return super().__getattribute__(name)


def asked(settings: Settings) -> Asked:
    return Asked(
        settings=settings,
        seed=1,
        events_count=400,
        budget_minor=None,
        drift=False,
        policies=("policy",),
    )


def test_every_setting_that_a_simulated_run_reads_decides_whether_it_is_played_again() -> None:
    settings = Watched(snapshot_every=20)
    READ.clear()
    asked(settings).play()
    assert READ - TOLD_ONLY == DECIDING


@pytest.mark.parametrize(
    ("changed", "is_the_same"), [({"promise_ratio": 0.5}, False), ({"metrics_port": 1}, True)]
)
def test_a_finished_world_is_the_answer_only_while_what_decides_is_the_same(
    changed: dict[str, Any], is_the_same: bool
) -> None:
    assert (asked(Settings(**changed)).key == asked(Settings()).key) is is_the_same


def test_what_a_finished_world_answers_is_not_played_again() -> None:
    finished = played(asked(Settings()))
    assert list(play_all([asked(Settings(metrics_port=1))], 1, [finished])) == [(finished, False)]
