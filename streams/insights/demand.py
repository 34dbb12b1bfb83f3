"""How well the demand of the next hour or day was foretold, product by product."""

from collections import Counter
from dataclasses import dataclass, field

from features.session_record import Session
from online_models.knowledge.demand import Demand
from online_models.knowledge.heat import DAY_MS

SHOWN_COUNT = 100


@dataclass(slots=True)
class Foretold:
    """Orders of the most wanted names in the next period, against what came.

    Errors are sums of what was missed, either way; `plain` foretells what the last period had.
    The first period is not judged, and a period in which nothing was ordered at all neither.
    """

    kind: str
    period_ms: int
    periods_count: int = 0
    orders_count: int = 0
    ours_missed: float = 0.0
    plain_missed: float = 0.0
    _until_ms: int = 0
    _told: dict[str, float] = field(default_factory=dict)
    _last: Counter[str] = field(default_factory=Counter)
    _now: Counter[str] = field(default_factory=Counter)

    def see(self, session: Session, demand: Demand) -> None:
        """Count a session that `demand` has not learned yet."""
        if not self._until_ms:
            self._until_ms = session.end_ms + self.period_ms
        if session.end_ms >= self._until_ms:
            self._close(session.end_ms, demand)
        bought = session.bought if self.kind == "products" else session.bought_categories
        for name, count in bought:
            self._now[name] += count

    def ratios(self) -> tuple[float, float]:
        """Give what was missed as a share of all orders of the names: ours, plain."""
        if not self.orders_count:
            return 0.0, 0.0
        ours, plain = self.ours_missed, self.plain_missed
        return round(ours / self.orders_count, 4), round(plain / self.orders_count, 4)

    def _close(self, now_ms: int, demand: Demand) -> None:
        came, last = self._now, self._last
        if self._told and came:
            self.periods_count += 1
            for name, expected in self._told.items():
                self.orders_count += came[name]
                self.ours_missed += abs(expected - came[name])
                self.plain_missed += abs(last[name] - came[name])
        skipped = (now_ms - self._until_ms) // self.period_ms
        self._until_ms += (skipped + 1) * self.period_ms
        self._last, self._now = (Counter() if skipped else came), Counter()
        share = self.period_ms / DAY_MS
        top = demand.top(self.kind, SHOWN_COUNT, self._until_ms - self.period_ms)
        self._told = {name: per_day * share for name, per_day in top}
