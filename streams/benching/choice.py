"""A decision taken apart, so that scoring and choosing can be timed for a set number of coupons."""

from coupons import eligibility
from coupons.catalogue import Campaign, Catalogue, Coupon
from coupons.choices import Candidate, Choice
from coupons.policy import choose
from features import profile as profiles
from features.basket import Basket
from features.events import Event
from features.imputation import Imputer
from features.reading import read
from features.traits import Traits
from features.vector import vector
from online_models.league.contracts import Answers
from streams.context import Rules

CAMPAIGN_ID = "bench"
BASKET = Basket(goods_minor=8_000)


def bench_catalogue(coupons_count: int) -> Catalogue:
    """Build a catalogue whose coupons fit every basket.

    Examples
    --------
    >>> [coupon.off_ratio for coupon in bench_catalogue(2).coupons]
    [0.01, 0.02]
    """
    coupons = tuple(
        Coupon(
            coupon_id=f"percent-{number}",
            campaign_id=CAMPAIGN_ID,
            kind="percent_off",
            off_ratio=number / 100,
            max_discount_minor=2_000,
        )
        for number in range(1, coupons_count + 1)
    )
    campaign = Campaign(campaign_id=CAMPAIGN_ID, budget_minor=10**9, coupons=coupons)
    return Catalogue.of([campaign])


class _NoLimits:
    def caps_of(self, campaign: Campaign, now_ms: int, channel: str | None, /) -> None:
        return None

    def room_minor(self, campaign: Campaign, /) -> int:
        return campaign.budget_minor

    def has_quota(self, coupon: Coupon, /) -> bool:
        return True

    def shortage(self, campaign: Campaign, /) -> str:
        return "budget_exhausted"


class Choosing:
    """The parts of a decision, each one call of what the step calls too."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._imputer = Imputer()
        self._limits = _NoLimits()

    def vector(self, profile: profiles.Profile, event: Event) -> dict[str, float]:
        """Give a user's features."""
        return vector(read(profile, event, self._imputer))

    def candidates(self, catalogue: Catalogue, event: Event) -> list[Candidate]:
        """Give all coupons of the catalogue, priced for one basket."""
        moment = eligibility.Moment(now_ms=event.ts_ms, user_id=event.user_id)
        found, _ = eligibility.eligible(catalogue, BASKET, Traits(), moment, self._limits)
        return found

    def score(self, x: dict[str, float], found: list[Candidate]) -> Answers:
        """Ask the model about all candidates, as the step asks it."""
        return self._rules.model.score(x, [one.action for one in found])

    def choose(self, event: Event, found: list[Candidate], answers: Answers) -> Choice:
        """Choose among candidates that were scored."""
        return choose(
            candidates=found,
            blocked=(),
            p_nothing=answers.p_nothing,
            p_buy=answers.p_buy,
            margin_minor=BASKET.goods_minor * self._rules.margin_ratio,
            prices={CAMPAIGN_ID: 0.1},
            arm="policy",
            decision_id=event.event_id,
            settings=self._rules.policy,
            cold=False,
        )
