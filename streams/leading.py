"""The league beside the model: shadows learn on the worker that trains, and one may come to lead.

Shadows are never broadcast or saved: after a restart they learn the last outcomes again. What is
broadcast is who leads, with what it takes to score.
"""

from collections.abc import Iterable

import structlog

from coupons.draw import bucket
from features.vector import NAMES
from online_models.league.league import League
from online_models.league.lineup import lineup
from online_models.league.standings import Happening, Standing
from online_models.outcomes import Outcome
from streams.lead import Lead
from streams.learning import fresh_trainer
from streams.settings import Settings
from streams.typical import TYPICAL

log = structlog.get_logger()

# Outcomes before the last snapshot that shadows learn anew after a restart.
LOOKBACK_COUNT = 50_000
_SALT = "league"


class Leading:
    """The league of one trainer, from the taking over to the giving up."""

    def __init__(self, settings: Settings, offset: int, leader: str | None) -> None:
        self._share = round(settings.league_ratio * 10_000)
        self._league = League(
            lineup(NAMES, TYPICAL, fresh_trainer().model), names=NAMES, leader=leader
        )
        self._league.offset = max(-1, offset - LOOKBACK_COUNT)

    @property
    def offset(self) -> int:
        """The last outcome that was looked at."""
        return self._league.offset

    @property
    def standings(self) -> list[Standing]:
        """How the entrants stand in the present race."""
        return self._league.standings()

    def learn(self, outcomes: Iterable[tuple[int, Outcome]]) -> list[Happening]:
        """Learn outcomes; gives what happened.

        Of most customers only a share is learned, to spare the trainer; those whose coupons are
        drawn at random, and so can judge anybody, all count.
        """
        for offset, outcome in outcomes:
            if outcome.arm == "random" or bucket(outcome.user_id, _SALT) < self._share:
                self._league.learn(outcome, offset)
            elif offset > self._league.offset:
                self._league.offset = offset
        happenings = self._league.take_events()
        for one in happenings:
            log.warning(
                f"the league: {one.kind}",
                learner=one.name,
                previous=one.previous,
                bound=one.bound,
                judged=one.count,
                offset=one.offset,
            )
        return happenings

    def lead(self) -> Lead:
        """Tell who leads, with what it takes to score."""
        league = self._league
        standing = next(one for one in self.standings if one.name == league.leader.name)
        return Lead(
            name=league.leader.name,
            rule=league.leader.rule,
            pinned=league.leader.is_pinned,
            offset=league.offset,
            learned_count=standing.learned_count,
            form=league.scoring_form(),
        )
