"""Which weights a user and an action touch: the model's bounded feature space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from zlib import crc32

from features.actions import NOTHING, Action

USER, LIFT, STEEP, CLICK = "u", "t", "d", "c"
SHARED = (USER, LIFT, STEEP)
ALWAYS = (*SHARED, CLICK)
BIAS, DEPTH, MATCH, GAP = "bias", "depth", "match", "gap"
MAX_ABS = 1_000.0
EXTRAS = {
    "u": (BIAS,),
    "t": (BIAS, MATCH, GAP),
    "d": (BIAS,),
    "c": (BIAS, DEPTH),
    "k": (BIAS, DEPTH),
    "a": (BIAS,),
}
_RESERVED = (BIAS, DEPTH, MATCH, GAP)
DEPTH_UNIT_RATIO = 0.2  # depth is counted in steps of a fifth off, to be of the size of the rest
DEEPEST_RATIO = 0.3  # beyond it a discount persuades nobody further


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How far the feature space may grow.

    Attributes
    ----------
    actions
        Coupons with weights of their own; later ones share `buckets` by hash.
    buckets
        Shared groups for coupons beyond `actions`.
    kinds
        Coupon kinds with weights of their own; later ones share one group.
    """

    actions: int = 64
    buckets: int = 16
    kinds: int = 16

    def __post_init__(self) -> None:
        for name in ("actions", "buckets", "kinds"):
            value = getattr(self, name)
            if not 1 <= value <= 1024:
                message = f"{name} must be within 1..1024, was {value}"
                raise ValueError(message)


class Crosses:
    """Turn (user, action) into the features that a linear model can learn preferences from.

    A *group* is a block of weights. `u` tells what a user does unaided. `t` (whom coupons move) and
    `d` (whom deeper ones move more) also have one weight per user feature and are learned from all
    coupons together, since few of each are ever given; they let two users rank the same coupons
    differently. `k|<kind>` and `a|<coupon id>` only tell how strong a kind and a coupon are, and
    `c` how readily an offer is clicked on.

    Features count from what is typical, so that a learner of single weights need not move the bias
    against all the others. The group of a kind or coupon is opened when something is learned about
    it, never by asking; asking about an unknown coupon uses the groups that exist.

    Parameters
    ----------
    typical
        A usual value by feature name, 0 where not named.

    Examples
    --------
    >>> crosses = Crosses(("recency",), typical={"recency": 0.25})
    >>> coupon = Action(action_id="ten", kind="percent_off", depth_ratio=0.1)
    >>> crosses.open(coupon)
    ['u', 't', 'd', 'k|percent_off', 'a|ten']
    >>> crosses.unaided({"recency": 0.5})
    {'u|recency': 0.25, 'u|bias': 1.0}
    >>> crosses.persuasion({"recency": 0.5}, coupon)["d|recency"]
    0.125
    """

    def __init__(
        self,
        names: Sequence[str],
        limits: Limits | None = None,
        typical: Mapping[str, float] | None = None,
    ):
        self.names = tuple(names)
        self.limits = Limits() if limits is None else limits
        if not self.names or len(set(self.names)) != len(self.names):
            message = f"names must be distinct and at least one, was {self.names}"
            raise ValueError(message)
        if odd := [n for n in self.names if not n or "|" in n or n in _RESERVED]:
            message = f"names must be free of '|' and of the reserved {_RESERVED}, was {odd}"
            raise ValueError(message)
        self.typical = tuple(float((typical or {}).get(name, 0.0)) for name in self.names)
        if odd_values := [value for value in self.typical if not abs(value) <= MAX_ABS]:
            message = f"typical values must be within +-{MAX_ABS:g}, was {odd_values}"
            raise ValueError(message)
        self._keys: dict[str, tuple[str, ...]] = {}
        self._take = itemgetter(*self.names) if len(self.names) > 1 else None
        for group in ALWAYS:
            self.add(group)

    @property
    def groups(self) -> tuple[str, ...]:
        """The open groups in the order in which they were opened."""
        return tuple(self._keys)

    def keys(self, group: str) -> tuple[str, ...]:
        """Weights of a group: in `SHARED`, one per feature in the order of `names`; its extras."""
        return self._keys.get(group, ())

    def values(self, x: dict[str, float]) -> Sequence[float]:
        """User features in the order of `names`; a feature that is missing counts as 0."""
        if self._take is not None:
            try:
                row: Sequence[float] = self._take(x)
            except KeyError:
                pass  # a feature vanished: take the slower way below
            else:
                return row
        return [x.get(name, 0.0) for name in self.names]

    def kind_group(self, kind: str) -> str:
        """Group of a coupon's kind."""
        return self._own("k|", kind, self.limits.kinds) or "k|#"

    def action_group(self, action_id: str) -> str:
        """Group of one coupon: its own, or a shared one where the cap is reached."""
        own = self._own("a|", action_id, self.limits.actions)
        return own or f"a|#{crc32(action_id.encode()) % self.limits.buckets}"

    def open(self, action: Action) -> list[str]:
        """Open the groups that `action` needs and return them; does nothing when they are open."""
        if action.kind == NOTHING.kind:
            return [USER]
        wanted = [*SHARED, self.kind_group(action.kind), self.action_group(action.action_id)]
        for group in wanted:
            if group not in self._keys:
                self.add(group)
        return wanted

    def add(self, group: str) -> None:
        """Open one group by its name."""
        terms = (*(self.names if group in SHARED else ()), *EXTRAS[group[:1]])
        self._keys[group] = tuple(f"{group}|{term}" for term in terms)

    def unaided(self, x: dict[str, float]) -> dict[str, float]:
        """Features of what the user does without a coupon; zeros are left out."""
        return self._block(USER, (*self._shifted(x), 1.0))

    def persuasion(self, x: dict[str, float], action: Action) -> dict[str, float]:
        """Features of being won over by a coupon, in the open groups; zeros are left out."""
        row, steps = self._shifted(x), depth_steps(action)
        wide = self._block(LIFT, (*row, 1.0, action.match_ratio, action.gap_ratio))
        wide |= self._block(STEEP, (*(steps * value for value in row), steps))
        wide |= self._block(self.kind_group(action.kind), (1.0, steps))
        wide |= self._block(self.action_group(action.action_id), (1.0,))
        return wide

    def click(self, x: dict[str, float], action: Action) -> dict[str, float]:
        """Features of a click on an offer that was looked at; zeros are left out.

        Clicks are many times more frequent than purchases that a coupon causes, and come from those
        whom coupons move: they share the weights of whom. How strong a coupon is they would tell
        wrongly, since looking costs nothing; of that they have a bias and a depth of their own.
        """
        wide = self._block(LIFT, self._shifted(x))
        return wide | self._block(CLICK, (1.0, depth_steps(action)))

    def _shifted(self, x: dict[str, float]) -> list[float]:
        return [value - usual for value, usual in zip(self.values(x), self.typical, strict=True)]

    def _block(self, group: str, row: Sequence[float]) -> dict[str, float]:
        return {key: v for key, v in zip(self.keys(group), row, strict=False) if v}

    def _own(self, level: str, name: str, cap: int) -> str | None:
        group = level + name
        if name.startswith("#"):
            return None  # the names of shared groups; they do not use up the cap
        if group in self._keys:
            return group
        taken = sum(1 for g in self._keys if g.startswith(level) and g[2:3] != "#")
        return group if taken < cap else None


def depth_steps(action: Action) -> float:
    """Give a discount's depth in steps of a fifth off.

    Examples
    --------
    >>> depth_steps(Action(action_id="ten", kind="percent_off", depth_ratio=0.1))
    0.5
    """
    return min(action.depth_ratio, DEEPEST_RATIO) / DEPTH_UNIT_RATIO


def require_sane(x: dict[str, float], action: Action, weight: float) -> None:
    """Refuse an example that could spoil every weight for good.

    Raises
    ------
    ValueError
        A feature or the weight is not finite or far out of scale.
    """
    numbers = (*x.values(), action.depth_ratio, action.match_ratio, action.gap_ratio)
    if not all(-MAX_ABS <= number <= MAX_ABS for number in numbers):
        message = f"features must be finite and within +-{MAX_ABS:g}, was {x} for {action}"
        raise ValueError(message)
    if not 0 < weight <= MAX_ABS:
        message = f"weight must be within (0, {MAX_ABS:g}], was {weight}"
        raise ValueError(message)
