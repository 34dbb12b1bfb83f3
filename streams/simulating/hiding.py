"""Families of features that learners do not see: what one brings is what is lost without it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from features.actions import Action
from features.table import FEATURES
from online_models.league.contracts import Answers, Scorer
from online_models.outcomes import Outcome

FAMILIES: tuple[str, ...] = tuple(dict.fromkeys(feature.family for feature in FEATURES))


@dataclass(frozen=True, slots=True)
class Hidden:
    """Features that are 0 wherever a model scores or learns, so that they tell it nothing."""

    names: frozenset[str] = frozenset()

    @classmethod
    def of(cls, families: Iterable[str]) -> "Hidden":
        """Hide all features of some families.

        Examples
        --------
        >>> sorted(Hidden.of(["taste"]).names)
        ['brand_share_now', 'category_missing', 'category_share_now']
        """
        chosen = frozenset(families)
        return cls(frozenset(one.name for one in FEATURES if one.family in chosen))

    def scorer(self, scorer: Scorer) -> Scorer:
        """Give a scorer that does not see them."""
        return _Blinkered(scorer, self) if self.names else scorer

    def outcome(self, outcome: Outcome) -> Outcome:
        """Give an outcome that does not tell them."""
        return replace(outcome, x=self.blank(outcome.x)) if self.names else outcome

    def blank(self, x: dict[str, float]) -> dict[str, float]:
        """Give features with 0 where they are hidden."""
        return {name: 0.0 if name in self.names else value for name, value in x.items()}


NOTHING_HIDDEN = Hidden()


@dataclass(frozen=True, slots=True)
class _Blinkered:
    within: Scorer
    hidden: Hidden

    def score(self, x: dict[str, float], coupons: Sequence[Action]) -> Answers:
        return self.within.score(self.hidden.blank(x), coupons)

    def is_cold(self, action: Action) -> bool:
        return self.within.is_cold(action)
