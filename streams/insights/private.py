"""Counts of customers that may be shown around: with noise, and only until a budget is spent.

Released are counts of customers under names of a closed list, since a name out of the data would
tell of whoever brought it. A customer moves at most `MOST_MOVED` of them by one each, however much
they did: with noise of scale `MOST_MOVED` / epsilon on each count, all of them together are
differentially private with that epsilon, for each customer as a whole. Releases add up.

References
----------
[^1]: Dwork, McSherry, Nissim, Smith (2006), Calibrating noise to sensitivity in private data
    analysis.
"""

import os
from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

from features.events import Event, EventType
from features.interests import INTERESTS, Interest, interests_of, leading
from online_models.noise import Dice, discrete_laplace
from streams import wire

STEPS: dict[EventType, str] = {
    "product.viewed": "viewed",
    "search.performed": "searched",
    "cart.added": "carted",
    "order.completed": "ordered",
}
NAMES = ("customers", *STEPS.values(), *(f"likes_{name}" for name in INTERESTS))
MOST_MOVED = 1 + len(STEPS) + 1  # being one, each step, and the one class of most interest
FORMAT = 1
SHARES = 1_000  # whole parts of a taste, so that no order of events matters


class PrivacyError(Exception):
    """A release that is refused: the budget is spent, or its ledger cannot be relied upon."""


def count_customers(events: Iterable[Event]) -> dict[str, int]:
    """Count customers by name of `NAMES`; no customer moves more than `MOST_MOVED` of them.

    Examples
    --------
    >>> view = Event(event_id="e", event_type="product.viewed", user_id="u", ts_ms=0)
    >>> found = count_customers([view, view])
    >>> found["customers"], found["viewed"], found["ordered"]
    (1, 1, 0)
    """
    did: dict[str, set[str]] = {}
    liked: dict[str, Counter[Interest]] = {}
    for event in events:
        steps = did.setdefault(event.user_id, set())
        if event.event_type in STEPS:
            steps.add(STEPS[event.event_type])
            names = [(item.category, 1.0) for item in event.items if item.category]
            if names:
                taste = liked.setdefault(event.user_id, Counter())
                for interest, share in interests_of(names).items():
                    taste[interest] += round(share * SHARES)
    counts = dict.fromkeys(NAMES, 0)
    for user_id, steps in did.items():
        counts["customers"] += 1
        for name in sorted(steps):
            counts[name] += 1
        if user_id in liked:
            counts[f"likes_{leading(dict(liked[user_id]))}"] += 1
    return counts


def release(
    counts: dict[str, int], epsilon: Decimal, ledger: "EpsilonLedger", dice: Dice
) -> dict[str, Any]:
    """Give the counts with noise; what they cost is written down before anything is told.

    Raises
    ------
    PrivacyError
        The ledger has not so much left.
    """
    ledger.spend(epsilon)
    decay = Fraction(epsilon) / MOST_MOVED
    return {
        "epsilon": str(epsilon),
        "epsilon_spent": str(ledger.spent),
        "epsilon_left": str(ledger.budget - ledger.spent),
        "counts_moved_by_a_customer": MOST_MOVED,
        "noise_scale": round(float(1 / decay), 3),
        # Below nothing there is no count; cutting off what was released costs no privacy.
        "counts": {
            name: max(0, count + discrete_laplace(decay, dice)) for name, count in counts.items()
        },
    }


class EpsilonLedger:
    """What was spent of a budget for one body of data, in a file of its own.

    Whoever shares the data must share the file. It is replaced as a whole, and locked meanwhile by
    a file beside it, so that two releases at once cannot spend the same.

    Parameters
    ----------
    budget
        For a new file; that of one that is there stays.

    Raises
    ------
    PrivacyError
        The file is there and is no ledger: nothing is released on a guess.
    """

    def __init__(self, path: Path, budget: Decimal) -> None:
        self._path = path
        self.budget, self._spends = budget, list[str]()
        self._read()

    @property
    def spent(self) -> Decimal:
        """The sum of all epsilons."""
        return sum(map(Decimal, self._spends), Decimal(0))

    def spend(self, epsilon: Decimal) -> None:
        """Write a release down.

        Raises
        ------
        PrivacyError
            It is more than is left, no positive number, or another release is under way.
        """
        if not (epsilon.is_finite() and epsilon > 0):
            message = f"epsilon must be positive, was {epsilon}"
            raise PrivacyError(message)
        lock = self._path.with_name(self._path.name + ".lock")
        try:
            os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            message = f"{lock} must be gone before a release; another one is under way or broke off"
            raise PrivacyError(message) from error
        try:
            self._read()
            left = self.budget - self.spent
            if epsilon > left:
                message = f"epsilon must be at most {left}, what is left, was {epsilon}"
                raise PrivacyError(message)
            self._spends.append(str(epsilon))
            self._write()
        finally:
            lock.unlink()

    def _read(self) -> None:
        if not self._path.exists():
            return
        try:
            found = wire.decode_state(self._path.read_bytes())
            if found["format"] != FORMAT:
                message = f"{self._path}: format must be {FORMAT}, was {found['format']!r}"
                raise PrivacyError(message)
            self.budget = Decimal(found["budget"])
            self._spends = [str(Decimal(one)) for one in found["spent"]]
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            message = f"{self._path} must be a ledger of epsilons, was not: {error}"
            raise PrivacyError(message) from error

    def _write(self) -> None:
        record = {"format": FORMAT, "budget": str(self.budget), "spent": self._spends}
        new = self._path.with_name(self._path.name + ".new")
        with new.open("wb") as file:
            file.write(wire.encode_canonical(record) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        new.replace(self._path)
