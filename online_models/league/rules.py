"""What decides who leads: chances of error, and how much evidence is the least."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LeagueRules:
    """What decides who leads.

    Attributes
    ----------
    alpha
        Chance that anybody is ever promoted who is not ahead, over all races together.
    least_judged, least_told
        Decisions of a race, and of them those that tell an entrant from the leader, before
        anybody may be promoted.
    tuned_judged
        Decisions at which the bound is narrowest.
    season_judged
        Decisions after which a race without a winner begins anew: what learners were long ago
        shall not weigh for ever.
    waiting_capacity
        Decisions that wait for their label: as many that are judged, and as many others.
    period_labels, rollback_alpha, least_compared
        See `Watch`: `every`, `alpha`, `least`.
    """

    alpha: float = 0.05
    least_judged: int = 500
    least_told: int = 50
    tuned_judged: int = 5_000
    season_judged: int = 50_000
    waiting_capacity: int = 20_000
    period_labels: int = 2_000
    rollback_alpha: float = 0.005
    least_compared: int = 100
