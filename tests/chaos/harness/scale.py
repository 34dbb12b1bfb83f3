"""How much of each fault there is: little in `make test`, much in `make chaos`; read once."""

import os
import random
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Counts and lengths of the faults.

    Attributes
    ----------
    seed
        Everything that is drawn, is drawn from it; printed with every trial.
    patience
        Deadlines and limits are this much longer, for slow or shared machines.
    """

    is_long: bool
    seed: int
    patience: float
    kills_count: int
    crashes_count: int
    terminations_count: int
    broker_restarts_count: int
    broker_kills_count: int
    cuts_count: int
    full_disks_count: int
    slow_decisions_count: int
    hot_decisions_count: int
    upstream_transactions_count: int
    rebalances_count: int
    recovered_rows_count: int
    flood_count: int
    events_count: int
    events_per_second: float

    def seconds(self, limit: float) -> float:
        """Stretch a limit as far as this machine needs it."""
        return limit * self.patience


@cache
def scale() -> Scale:
    """Read `CHAOS_SCALE` (short or long), `CHAOS_SEED` and `CHAOS_PATIENCE`.

    Raises
    ------
    ValueError
        A variable is not what it must be.
    """
    name = os.environ.get("CHAOS_SCALE", "short")
    if name not in ("short", "long"):
        message = f"CHAOS_SCALE must be short or long, was {name!r}"
        raise ValueError(message)
    seed = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(1_000_000))
    patience = float(os.environ.get("CHAOS_PATIENCE", "1"))
    is_long = name == "long"
    return Scale(
        is_long=is_long,
        seed=seed,
        patience=patience,
        kills_count=300 if is_long else 25,
        crashes_count=20 if is_long else 1,
        terminations_count=50 if is_long else 3,
        broker_restarts_count=5 if is_long else 1,
        broker_kills_count=60 if is_long else 2,
        full_disks_count=3 if is_long else 1,
        cuts_count=20 if is_long else 1,
        hot_decisions_count=5_000 if is_long else 500,
        slow_decisions_count=10_000 if is_long else 500,
        upstream_transactions_count=200 if is_long else 20,
        rebalances_count=30 if is_long else 4,
        recovered_rows_count=250_000 if is_long else 20_000,
        flood_count=50_000 if is_long else 10_000,
        events_count=20_000 if is_long else 5_000,
        events_per_second=500.0 if is_long else 250.0,
    )
