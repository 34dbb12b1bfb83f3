"""A user and an action in numbers, in a space that does not grow."""

from collections.abc import Mapping, Sequence

from features.actions import NOTHING, Action
from online_models.crosses import depth_steps, require_sane

MAX_KINDS = 16
MAX_ACTIONS = 64
OTHERS = "#"  # whatever comes beyond the caps
PLAIN = "bias"
EXTRAS = ("bias", "depth", "match", "gap")


class Inputs:
    """Name the inputs of a linear learner: what users do, and how coupons move them.

    `u|<feature>` tells of the user, `t|<feature>` is the same once more where a coupon is given,
    so that two users may rank the same coupons differently. Features count from what is typical.

    Examples
    --------
    >>> inputs = Inputs(("recency",), {"recency": 0.25})
    >>> ten = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
    >>> inputs.learn({"recency": 0.5}, NOTHING)
    {'u|recency': 0.25, 'u|bias': 1.0}
    >>> sorted(inputs.learn({"recency": 0.5}, ten))[:4]
    ['a|ten', 'k|percent_off', 't|bias', 't|depth']
    """

    def __init__(self, names: Sequence[str], typical: Mapping[str, float] | None = None):
        if not names or len(set(names)) != len(names) or {*names} & {*EXTRAS}:
            message = f"names must be distinct, at least one, none of {EXTRAS}, was {tuple(names)}"
            raise ValueError(message)
        self.names = tuple(names)
        self.typical = tuple(float((typical or {}).get(name, 0.0)) for name in names)
        self.kinds: dict[str, str] = {}
        self.actions: dict[str, str] = {}
        self._user = tuple(f"u|{name}" for name in names)
        self._lift = tuple(f"t|{name}" for name in names)

    def row(self, x: dict[str, float]) -> list[float]:
        """User features from what is typical; a feature that is missing counts as 0."""
        known = zip(self.names, self.typical, strict=True)
        return [x.get(name, 0.0) - usual for name, usual in known]

    def learn(self, x: dict[str, float], action: Action) -> dict[str, float]:
        """Give the inputs of one example; opens a place for a coupon never seen before.

        Raises
        ------
        ValueError
            A number is not finite or far out of scale.
        """
        require_sane({name: x[name] for name in self.names if name in x}, action, 1.0)
        row = self.row(x)
        wide = {key: value for key, value in zip(self._user, row, strict=True) if value}
        wide["u|bias"] = 1.0
        if action.kind == NOTHING.kind:
            return wide
        wide |= {key: value for key, value in zip(self._lift, row, strict=True) if value}
        wide["t|bias"] = 1.0
        wide["t|depth"] = depth_steps(action)
        wide["t|match"], wide["t|gap"] = action.match_ratio, action.gap_ratio
        wide[f"k|{opened(self.kinds, action.kind, MAX_KINDS)}"] = 1.0
        wide[f"a|{opened(self.actions, action.action_id, MAX_ACTIONS)}"] = 1.0
        return wide


def opened(places: dict[str, str], name: str, cap: int) -> str:
    """Give the place of a name, its own or that of all others; changes `places`.

    Examples
    --------
    >>> opened({"a": "a"}, "b", 1)
    '#'
    """
    if name not in places and len(places) >= cap:
        return OTHERS
    return places.setdefault(name, name)
