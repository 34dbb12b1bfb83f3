"""A scorer's answers of one user, with the reasons worked out only when asked for."""

from collections.abc import Callable, Sequence
from math import fsum

from online_models.shapes import from_log_odds, log_odds

BIAS, COUPON, CAUTION = "bias", "coupon", "caution"


class Replies:
    """P(buy) of one user under several coupons and without any.

    Parameters
    ----------
    logits
        Log-odds of buying without a coupon, then under each.
    reasons
        Gives shares of the log-odds by feature for a place of `logits`; what they leave over
        (where a probability is clipped, say) is added to `bias`.
    optimism
        What is added to each P(buy) of a coupon for the sake of exploring it.

    Examples
    --------
    >>> replies = Replies([-1.0, 0.0], lambda place: {"cart": 0.5})
    >>> replies.p_buy, replies.contributions(0)
    ([0.5], {'cart': 0.5, 'bias': -0.5})
    """

    __slots__ = ("_plain", "_reasons", "p_buy", "p_nothing")

    def __init__(
        self,
        logits: Sequence[float],
        reasons: Callable[[int], dict[str, float]],
        optimism: Sequence[float] | None = None,
    ) -> None:
        self._plain = [from_log_odds(logit) for logit in logits]
        self._reasons = reasons
        self.p_nothing = self._plain[0]
        self.p_buy = self._plain[1:]
        if optimism is not None:
            self.p_buy = [
                min(p + more, max(p, 1 - 1e-6))
                for p, more in zip(self.p_buy, optimism, strict=True)
            ]

    def expected(self, at: int | None) -> float:
        """Give the plain P(buy) under the coupon in place `at`, None for nothing."""
        return self._plain[0 if at is None else at + 1]

    def contributions(self, at: int | None) -> dict[str, float]:
        """Give log-odds by feature; they sum to the logit of `p_buy[at]` up to the last bits."""
        shares = self._reasons(0 if at is None else at + 1)
        plain = log_odds(self.expected(at))
        shares[BIAS] = shares.get(BIAS, 0.0) + (plain - fsum(shares.values()))
        if at is not None and self.p_buy[at] != self.expected(at):
            shares[CAUTION] = log_odds(self.p_buy[at]) - plain
        return shares
