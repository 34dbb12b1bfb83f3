"""The production step as a decider in a simulated world: it decides, hears what follows, learns."""

import heapq
from collections.abc import Iterator
from dataclasses import replace

from coupons.catalogue import Catalogue
from coupons.ledger import Ledger
from coupons.pacing import Pacing
from coupons.policy import PolicySettings
from coupons.promises import promised
from coupons.stock import Inventory
from features.events import Event
from online_models.evaluation import Figures
from simulation.baselines.estimates import Baseline
from simulation.play import Given
from simulation.stockouts import Level
from streams import flow, wire
from streams.context import Context, Effects, PartitionState, Row, Rules
from streams.knowing import Knowing
from streams.learning import Learning
from streams.rules import rules_of
from streams.settings import Settings
from streams.simulating.hiding import NOTHING_HIDDEN, Hidden


class Product:
    """All users as one partition of one worker, which also trains.

    The trainer learns every outcome at once, in order; decisions are scored by a snapshot that is
    renewed every `settings.snapshot_every` outcomes, as on every worker.

    Parameters
    ----------
    baseline
        Scores and learns in the place of our model, and spends as it likes: money has its limit,
        but no price.
    hidden
        What no learner sees.
    levels
        What `shop.stock.v1` tells, in order of time; not listened to without `settings.stock_gate`.
    """

    def __init__(
        self,
        settings: Settings,
        catalogue: Catalogue,
        policy: PolicySettings,
        baseline: Baseline | None = None,
        hidden: Hidden = NOTHING_HIDDEN,
        levels: Iterator[Level] | None = None,
    ) -> None:
        self._settings = settings
        self._hidden = hidden
        self._baseline = baseline
        self._catalogue = catalogue
        self._policy = policy
        self._coupons = {coupon.coupon_id: coupon for coupon in catalogue.coupons}
        self._learning = Learning(settings)
        self._learning.begin()
        self._knowing = Knowing(settings)
        heard = levels if settings.stock_gate else None
        self._levels = iter(()) if heard is None else heard
        self._coming = next(self._levels, None)
        self._inventory, self._stock_version = Inventory(), 0
        self._offset = -1
        self._session_offset = -1
        self._rows: dict[str, Row] = {}
        self._timers: list[tuple[int, str]] = []
        self._due: dict[str, int] = {}
        pacing = Pacing() if baseline is None else Pacing(step=0.0)
        ledger = Ledger(partition=0, partitions=1, pacing=pacing)
        rules = self._rules()
        ledger.adopt(catalogue, rules.shares)
        state = PartitionState(partition=0, ledger=ledger)
        self._context = Context(rules=rules, partition=state)

    @property
    def figures(self) -> Figures | None:
        """How good our model's probabilities were, over the newest settled decisions."""
        if self._baseline is not None:
            return None
        trainer = self._learning.trainer
        assert trainer is not None
        return trainer.evaluation.figures()

    @property
    def state(self) -> PartitionState:
        """The ledger and what else all users share."""
        return self._context.partition

    def decide(self, event: Event) -> Given | None:
        """Apply the event as a worker would, and hand on the offer if one is made."""
        self._take_stock(event.ts_ms)
        row = self._rows.get(event.user_id)
        if row is None:
            row = self._rows[event.user_id] = flow.new_row()
        effects = flow.step(row, event, self._context)
        self._learn(effects)
        self._schedule(event.user_id, row)
        self._pass_time(event.ts_ms - flow.GRACE_MS)
        decision = effects.decision
        if decision is None or decision.offer is None:
            return None
        offer = decision.offer
        coupon = promised(self._coupons[offer.template_id], offer.max_discount_minor)
        return Given(
            coupon=coupon,
            decision_id=decision.decision_id,
            decided_ms=event.ts_ms,
            expires_ms=event.ts_ms + coupon.validity_ms,
        )

    def _take_stock(self, now_ms: int) -> None:
        if self._coming is None or self._coming.ts_ms > now_ms:
            return
        while (level := self._coming) is not None and level.ts_ms <= now_ms:
            self._inventory.put(level.item, level.available_count)
            self._stock_version += 1
            self._coming = next(self._levels, None)
        self._context.rules = self._rules()

    def _learn(self, effects: Effects) -> None:
        for outcome in map(self._hidden.outcome, effects.outcomes):
            if self._baseline is not None:
                self._baseline.learn(outcome)
                continue
            self._offset += 1
            trained = self._learning.learn([(self._offset, outcome)])
            for _, snapshot in trained.snapshots:
                self._learning.take(snapshot)
                self._context.rules = self._rules()
        for session in effects.sessions:
            self._session_offset += 1
            for _, snapshot in self._knowing.learn([(self._session_offset, session)]):
                # Through bytes, so that what is known goes on apart from what learns.
                self._knowing.take(wire.decode_state(wire.encode_state(snapshot)))
                self._context.rules = self._rules()

    def _rules(self) -> Rules:
        learning = self._learning
        known = self._knowing.in_force
        stock = self._inventory.at(self._stock_version)
        rules = rules_of(self._settings, self._catalogue, learning.in_force, known, stock)
        model = self._hidden.scorer(self._baseline or rules.model)
        return replace(rules, policy=self._policy, model=model)

    def _schedule(self, user_id: str, row: Row) -> None:
        due = flow.due_ms(row)
        if due is not None and due < self._due.get(user_id, due + 1):
            self._due[user_id] = due
            heapq.heappush(self._timers, (due, user_id))

    def _pass_time(self, watermark_ms: int) -> None:
        state, timers = self._context.partition, self._timers
        state.watermark_ms = max(state.watermark_ms, watermark_ms)
        while timers and timers[0][0] <= state.watermark_ms:
            due, user_id = heapq.heappop(timers)
            if self._due.get(user_id) != due:
                continue  # an earlier timer of the same user has taken its place
            del self._due[user_id]
            row, effects = self._rows[user_id], Effects()
            flow.settle_due(row, user_id, state.watermark_ms, self._context, effects)
            self._learn(effects)
            self._schedule(user_id, row)
