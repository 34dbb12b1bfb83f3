"""Which arm of the standing experiment a user belongs to: sticky, by salted hash."""

from dataclasses import dataclass, field
from typing import Literal

from coupons.draw import BUCKETS, bucket

Arm = Literal["policy", "random", "business_as_usual", "holdout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmShares:
    """The share of users in each arm, 0..1 in steps of 1/10,000; the rest is `policy`.

    The 10,000 buckets are laid out so that a share grows into `policy` and shrinks back into it:

        0         holdout ->          5000  business_as_usual ->         <- random    9999
        |hhhhhhh|.....................|bbbbbb|...............................|rrrrrrr|

    Nobody moves between two other arms while holdout <= 1/2 and business_as_usual + random <= 1/2;
    beyond that the middle arm shifts by no more than the neighbour needs.
    """

    random: float = 0.02
    business_as_usual: float = 0.05
    holdout: float = 0.05
    _ends: tuple[int, int, int, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name, share in self.named():
            if not 0.0 <= share <= 1.0:
                message = f"share of {name} must be in 0..1, was {share}"
                raise ValueError(message)
        if sum(_count(share) for _, share in self.named()) > BUCKETS:
            message = f"shares must sum to at most 1, was {self.named()}"
            raise ValueError(message)
        holdout, random = _count(self.holdout), BUCKETS - _count(self.random)
        usual = _count(self.business_as_usual)
        start = min(max(BUCKETS // 2, holdout), random - usual)
        object.__setattr__(self, "_ends", (holdout, start, start + usual, random))

    def arm_at(self, here: int) -> Arm:
        """Return the arm that a bucket belongs to.

        Examples
        --------
        >>> ArmShares().arm_at(0), ArmShares().arm_at(9_999)
        ('holdout', 'random')
        """
        holdout, start, end, random = self._ends
        if here < holdout:
            return "holdout"
        if here >= random:
            return "random"
        return "business_as_usual" if start <= here < end else "policy"

    def named(self) -> tuple[tuple[Arm, float], ...]:
        """Return the three shares that are set, by arm."""
        return (
            ("random", self.random),
            ("business_as_usual", self.business_as_usual),
            ("holdout", self.holdout),
        )


def _count(share: float) -> int:
    return round(share * BUCKETS)


def arm_of(user_id: str, salt: str, shares: ArmShares) -> Arm:
    """Return the arm of a user; the same for every event, worker and restart.

    Examples
    --------
    >>> arm_of("u1", "arms-v1", ArmShares())
    'policy'
    >>> arm_of("u1", "arms-v1", ArmShares(holdout=0.5))
    'holdout'
    """
    return shares.arm_at(bucket(user_id, salt))
