"""What a worker's decisions rest on now: catalogue, stock, model and knowledge in force."""

from collections.abc import Sequence
from typing import Literal

from aiokafka import ConsumerRecord

from coupons.claims import Permit
from streams.context import Rules
from streams.knowing import Knowing
from streams.learning import Learning
from streams.metrics import Metrics, Tally
from streams.offers import Offers
from streams.rules import rules_of
from streams.settings import Settings
from streams.stocking import Stocking


class Grounds:
    """Kept up by what is broadcast, and made into rules when a chunk asks for them."""

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self.offers = Offers(settings)
        self.learning = Learning(settings)
        self.knowing = Knowing(settings)
        self.stocking = Stocking(settings.stock_gate)
        self._rules: Rules | None = None

    def hear(self, record: ConsumerRecord) -> None:
        """Put what is broadcast of model and knowledge in force, and count what they refuse."""
        before_count = self._refused_count
        self.learning.hear(record)
        self.knowing.hear(record)
        tally = Tally()
        tally.add("model_checkpoint_failures", (), self._refused_count - before_count)
        self._metrics.apply(tally)

    def hear_campaign(self, record: ConsumerRecord) -> None:
        """Put a campaign that is broadcast in force, and count one that is refused."""
        before_count = self.offers.refused_count
        self.offers.hear(record)
        if self.offers.refused_count > before_count:
            self.count_refused("campaign")

    def hear_stock(self, record: ConsumerRecord) -> None:
        """Take in what is left of a product, and count what is refused."""
        before_count = self.stocking.refused_count
        self.stocking.hear(record)
        if self.stocking.refused_count > before_count:
            self.count_refused("stock")

    def count_refused(self, kind: Literal["campaign", "stock", "order", "ask"]) -> None:
        """Count a record that was to steer this worker, and did not."""
        tally = Tally()
        tally.add("control_refused", (kind,))
        self._metrics.apply(tally)

    def count_permits(self, permits: Sequence[Permit]) -> None:
        """Count what the ledger that this worker keeps has answered to claims."""
        tally = Tally()
        for permit in permits:
            tally.add("permits", ("refused" if permit.short else "granted",))
        self._metrics.apply(tally)

    @property
    def _refused_count(self) -> int:
        return self.learning.refused_count + self.knowing.refused_count

    def rules(self) -> Rules:
        """Give the rules of the next chunk; the same ones until something changes."""
        model, known = self.learning.in_force, self.knowing.in_force
        catalogue, stock, rules = self.offers.catalogue, self.stocking.in_force, self._rules
        if (
            rules is None
            or rules.catalogue is not catalogue
            or rules.model is not model.scorer
            or rules.known is not known
            or rules.stock is not stock
        ):
            rules = self._rules = rules_of(self._settings, catalogue, model, known, stock)
        return rules
