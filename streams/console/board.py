"""What the page knows: folded from decisions and metrics as they come, bounded in memory."""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from coupons.arms import ArmShares
from coupons.catalogue import Catalogue
from streams import wire
from streams.console import figures
from streams.console.series import Series
from streams.console.telling import line
from streams.console.workers import Workers
from streams.decisions import Decision, epoch_ms
from streams.metrics import Sample

KEPT_COUNT = 3_000  # decisions that can be searched without Kafka
SHOWN_COUNT = 6
SEGMENTS_COUNT = 24
MARKS_COUNT = 12
RECENT_SECONDS = 60.0
SILENT_SECONDS = 20.0
SCARCE_RATIO = 0.05
MISMATCH_P = 0.001
COLUMNS = (
    *("earned", "lower", "upper", "truth", "events", "decisions", "dead_letters", "log_loss"),
    "workers",
)


class Board:
    """The state of the page.

    Parameters
    ----------
    catalogue
        The campaigns in force; set anew when they change.
    shares
        The share of customers that each arm is meant to have.
    horizon_ms
        How long a budget without an end is to last.
    """

    def __init__(
        self, catalogue: Catalogue, shares: ArmShares, currency: str, horizon_ms: int
    ) -> None:
        self.catalogue = catalogue
        self.currency = currency
        self.truth_minor: float | None = None
        self.opened_ms: int | None = None
        named: dict[str, float] = dict(shares.named())
        self._intended = {"policy": 1.0 - sum(named.values()), **named}
        self._horizon_ms = horizon_ms
        self._workers = Workers()
        self._series = Series(COLUMNS)
        self._recent: deque[tuple[float, dict[str, Any]]] = deque()
        self._kept: dict[str, bytes] = {}
        self._offers: deque[Decision] = deque(maxlen=SHOWN_COUNT)
        self._others: deque[Decision] = deque(maxlen=SHOWN_COUNT)
        self._prices: dict[str, float] = {}
        self._segments: dict[str, list[int]] = {}
        self._marks: deque[tuple[float, str]] = deque(maxlen=MARKS_COUNT)
        self._now_ms: int | None = None

    def decided(self, decision: Decision, value: bytes) -> None:
        """Take in a decision; `value` is its message."""
        self._kept[decision.decision_id] = value
        if len(self._kept) > KEPT_COUNT:
            del self._kept[next(iter(self._kept))]
        self._now_ms = max(self._now_ms or 0, epoch_ms(decision.decided_at))
        campaigns = {campaign.campaign_id for campaign in self.catalogue.campaigns}
        self._prices |= {
            one.campaign_id: one.price for one in decision.prices if one.campaign_id in campaigns
        }
        if decision.action == "offer":
            self._offers.append(decision)
        elif decision.action != "suppressed":
            self._others.append(decision)
        for reason in decision.reasons:
            if reason.code == "segment" and reason.detail:
                self._count_segment(reason.detail, decision.action == "offer")

    def heard(self, worker: str, samples: Iterable[Sample]) -> None:
        """Take in what a worker says of itself."""
        self._workers.hear(worker, samples)

    def missed(self, worker: str) -> None:
        """Note that a worker did not answer."""
        self._workers.miss(worker)

    def mark(self, kind: str, at_s: float) -> None:
        """Note that something was done on purpose."""
        self._marks.append((at_s, kind))

    def tick(self, at_s: float) -> None:
        """Add a point to the pictures."""
        counts, earned = figures.counts(self._workers), figures.earned(self._workers)
        point = (
            *(earned[name] for name in ("point_minor", "lower_minor", "upper_minor")),
            self.truth_minor,
            *(counts[name] for name in ("events", "decisions", "dead_letters")),
            figures.model(self._workers, 0.0)["log_loss"],
            float(self._workers.up_count),
        )
        self._series.add(at_s, point)
        self._recent.append((at_s, counts))
        while self._recent[0][0] < at_s - RECENT_SECONDS:
            self._recent.popleft()

    def earned(self) -> dict[str, Any]:
        """Tell what was earned against the holdout, with its bounds."""
        return figures.earned(self._workers)

    @property
    def lag_count(self) -> float:
        """How many events wait for the workers."""
        return sum(self._workers.gauges("consumer_lag_records"))

    def kept(self, identity: str) -> Decision | None:
        """Find one of the newest decisions by its id."""
        value = self._kept.get(identity)
        return wire.decode_decision(value) if value is not None else None

    def state(self, at_s: float, now_s: float) -> dict[str, Any]:
        """Give all that the page shows, as plain JSON.

        Parameters
        ----------
        at_s
            Seconds since the page's server began.
        now_s
            Seconds since 1970, to tell how old the model's snapshot is.
        """
        workers = self._workers
        state = {
            "at_s": at_s,
            "currency": self.currency,
            "counts": figures.counts(workers),
            "workers": {"up": workers.up_count, "known": workers.known_count},
            "earned": figures.earned(workers) | {"truth_minor": self.truth_minor},
            "budgets": figures.budgets(
                workers,
                self.catalogue,
                self._prices,
                self._now_ms,
                self.opened_ms,
                self._horizon_ms,
            ),
            "funnel": figures.funnel(workers),
            "model": figures.model(workers, now_s),
            "experiment": figures.arms(workers, self._intended),
            "segments": [
                {"name": name, "decisions": seen, "offers": given}
                for name, (seen, given) in sorted(self._segments.items())
            ],
            "marks": [{"at_s": marked_s, "kind": kind} for marked_s, kind in self._marks],
            "latest": [
                line(decision, self.currency)
                for decision in (*reversed(self._offers), *reversed(self._others))
            ],
            "series": self._series.columns(),
        }
        return state | {"troubles": self._troubles(state)}

    def _troubles(self, state: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Name what needs a person's eye, each with the number that says so."""
        troubles: list[dict[str, Any]] = []
        if self._workers.is_known and not self._workers.up_count:
            troubles.append({"code": "worker_down", "count": 0})
        grown = self._grown(("dead_letters",), RECENT_SECONDS)
        if grown > 0:
            troubles.append({"code": "dead_letters", "count": grown})
        if self._is_silent():
            troubles.append({"code": "silent", "count": SILENT_SECONDS})
        for budget in state["budgets"]:
            whole = budget["spent_minor"] + budget["held_minor"] + budget["free_minor"]
            if budget["free_minor"] < SCARCE_RATIO * whole:
                troubles.append({"code": "budget", "name": budget["campaign"]})
        p = state["experiment"]["srm_p"]
        if p is not None and p < MISMATCH_P:
            troubles.append({"code": "sample_ratio", "count": p})
        for kind in state["counts"]["happenings"]:
            if self._grown(("happenings", kind), RECENT_SECONDS) > 0:
                troubles.append({"code": "model_changed", "name": kind})
        return troubles

    def _is_silent(self) -> bool:
        told_s = self._recent[-1][0] - self._recent[0][0] if self._recent else 0.0
        decided = self._recent[-1][1]["decisions"] if self._recent else 0
        return bool(decided and told_s >= SILENT_SECONDS) and (
            self._grown(("decisions",), SILENT_SECONDS) == 0
        )

    def _grown(self, path: tuple[str, ...], seconds: float) -> float:
        """Tell by how much a count grew within the last seconds."""
        if not self._recent:
            return 0.0
        newest_s, newest = self._recent[-1]
        before = next(one for at_s, one in self._recent if at_s >= newest_s - seconds)
        return _at(newest, path) - _at(before, path)

    def _count_segment(self, name: str, is_offer: bool) -> None:
        if name not in self._segments and len(self._segments) >= SEGMENTS_COUNT:
            name = "other"
        row = self._segments.setdefault(name, [0, 0])
        row[0] += 1
        row[1] += is_offer


def _at(counts: Mapping[str, Any], path: tuple[str, ...]) -> float:
    value: Any = counts
    for name in path:
        value = value.get(name, 0.0)
    return float(value)
