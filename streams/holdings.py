"""What a partition's rows hold together, kept up to date as they change, row by row."""

from coupons.circulation import Circulation, held_by
from streams.context import Effects, Row, Rules


class Holdings:
    """Labels that wait, and coupons that are out."""

    def __init__(self, circulation: Circulation) -> None:
        self.pending_count = 0
        self._circulation = circulation
        self._held: list[str] = []

    def leave(self, row: Row) -> None:
        """Take a row out that is about to change."""
        self.pending_count -= len(row["pending"])
        self._held = held_by(row["wallet"])

    def enter(self, row: Row, effects: Effects, rules: Rules) -> None:
        """Take the row in as it is now, with what was told of the change."""
        self.pending_count += len(row["pending"])
        self._circulation.move(self._held, held_by(row["wallet"]))
        if effects.lifecycle:
            self._circulation.follow(effects.lifecycle)
        decision = effects.decision
        if decision is not None and decision.offer is not None and not rules.dry_run:
            self._circulation.give(decision.offer.campaign_id)
