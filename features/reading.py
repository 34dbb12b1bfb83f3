"""What a feature family is given to read: the profile at a moment, window sums made once."""

from dataclasses import dataclass

from features import cart as carts
from features import tally, windows
from features.events import Event
from features.imputation import Imputer
from features.profile import Profile

_NONE = (0, 0, 0, 0, 0)
_UNKNOWN = (0, 0, 0)


# Not frozen: that would double the cost of making one, and one is made per event.
@dataclass(slots=True)
class Reading:
    """A profile that already holds `event`, at `now_ms`.

    Attributes
    ----------
    sums
        Window sums by measure, in the order of `windows.WINDOWS`; absent for measures of zero.
    category
        Points of the event's category, of all categories, and their epoch (`tally.look`).
    lines
        The cart's lines by product.
    """

    profile: Profile
    event: Event
    imputer: Imputer
    now_ms: int
    sums: dict[str, tuple[int, ...]]
    category: tuple[int, int, int]
    lines: dict[str, carts.Line]

    def sum(self, measure: str) -> tuple[int, ...]:
        """Give a measure's sums by window."""
        return self.sums.get(measure, _NONE)


def read(profile: Profile, event: Event, imputer: Imputer) -> Reading:
    """Take the reading of an event.

    The moment is the event's, or the user's newest if that is later: what is known is not unlearned
    for an event that arrives out of order.
    """
    newest = profile["newest_ms"]
    now_ms = newest[0] if newest and newest[0] > event.ts_ms else event.ts_ms
    within = windows.bounds(now_ms)
    sums = {
        measure: windows.totals(buckets, within) for measure, buckets in profile["window"].items()
    }
    name = event.items[0].category if event.items else None
    category = tally.look(profile["category"], name) if name else _UNKNOWN
    lines = carts.lines_at(profile["cart"], now_ms)
    return Reading(profile, event, imputer, now_ms, sums, category, lines)
