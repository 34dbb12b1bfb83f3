"""A logged experiment, judged out of sample: who learns what, and what following it is worth."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import fsum, sqrt

from online_models.arm_learners import ArmLearner
from online_models.encoding import Attributes, Encoding
from online_models.intervals import clustered_variance
from online_models.off_policy import Weighted

BLOCKS_COUNT = 4
LEARNS_COUNT = 60_000  # about as many examples as are learned in all folds together
MAX_FOLDS_COUNT = 5

Maker = Callable[[Sequence[str], Sequence[str]], ArmLearner]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One customer (or recommendation) of a logged experiment.

    Attributes
    ----------
    propensity
        P(the arm it got), within (0, 1].
    reward
        What followed, at least 0; more than 0 is a success.
    """

    unit_id: str
    arm: str
    propensity: float
    reward: float
    x: Attributes


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A unit with what was said of it by learners that never saw its outcome.

    Attributes
    ----------
    foreseen
        Reward under each arm, in the order of the arms, by learner.
    choice
        The arm that the policy of its fold takes.
    """

    unit: Unit
    foreseen: Mapping[str, Sequence[float]]
    choice: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """What one fold's training part decided to follow.

    Attributes
    ----------
    leader
        The learner whose choices earned most there, predict first and learn later.
    best_arm
        The arm that was worth most there.
    gain, error
        What following the leader earned over giving everybody the best arm, and its standard error.
    """

    leader: str
    best_arm: str
    gain: float
    error: float

    @property
    def personal(self) -> bool:
        """Whether the leader is followed: its gain must be more than its own standard error."""
        return self.gain > self.error


def folds_count(units_count: int) -> int:
    """Say into how many parts the units are cut: the fewer the more there are.

    Examples
    --------
    >>> folds_count(500), folds_count(19_224), folds_count(44_776)
    (5, 4, 2)
    """
    return max(2, min(MAX_FOLDS_COUNT, 1 + LEARNS_COUNT // max(1, units_count)))


def fold_of(unit_id: str, folds: int) -> int:
    """Give the part that a unit belongs to: the same in every file, order and run.

    Examples
    --------
    >>> fold_of("17", 5)
    3
    """
    return int.from_bytes(sha256(f"fold|{unit_id}".encode()).digest()[:8], "big") % folds


def judge(
    units: Sequence[Unit],
    arms: Sequence[str],
    makers: Mapping[str, Maker],
    judge_by: str,
    on_learned: Callable[[int], object] = lambda _: None,
) -> tuple[list[Judged], list[Fold]]:
    """Train every learner on all folds but one and let it judge the one, for each of them.

    Within its training part each learner predicts a block before it learns it. Whoever chose best
    there leads; if it did not beat the best single arm by more than a standard error, that arm is
    given to everybody. So also the choice of whom to follow is made out of sample.

    Parameters
    ----------
    judge_by
        The learner whose predictions steady the doubly robust estimates.
    on_learned
        Told how many examples were learned since the last call.
    """
    folds = folds_count(len(units))
    parts: list[list[Unit]] = [[] for _ in range(folds)]
    for unit in units:
        parts[fold_of(unit.unit_id, folds)].append(unit)
    judged, decided = [], []
    for place, part in enumerate(parts):
        known = [unit for other, rest in enumerate(parts) if other != place for unit in rest]
        if not known or not part:
            message = f"every fold must hold units, was empty: {place} of {folds}"
            raise ValueError(message)
        bench = _Bench(known, arms, makers)
        fold = bench.train(judge_by, on_learned)
        decided.append(fold)
        judged += [_judge(bench, fold, unit) for unit in part]
    return judged, decided


def against(
    judged: Sequence[Judged],
    arms: Sequence[str],
    choose: Callable[[Judged], Mapping[str, float]],
    judge_by: str,
) -> list[Weighted]:
    """See the units as a target policy does, which gives P(arm) for each; see `judge`."""
    return [_weighted(one.unit, one.foreseen[judge_by], arms, choose(one)) for one in judged]


def greedy(arms: Sequence[str], foreseen: Sequence[float]) -> str:
    """Name the arm that is foreseen to bring most, the first of equals.

    Examples
    --------
    >>> greedy(("a", "b"), (0.1, 0.2))
    'b'
    """
    return arms[max(range(len(arms)), key=lambda place: foreseen[place])]


class _Bench:
    """All learners on the same training units."""

    def __init__(self, units: Sequence[Unit], arms: Sequence[str], makers: Mapping[str, Maker]):
        self.arms = tuple(arms)
        self._units = units
        self._encoding = Encoding([unit.x for unit in units])
        names = self._encoding.names
        self._learners = {name: make(names, arms) for name, make in makers.items()}
        self._worth = _mean_success(units, arms)

    def train(self, judge_by: str, on_learned: Callable[[int], object]) -> Fold:
        """Learn block by block, predicting each before it is learned."""
        tried: list[tuple[Unit, dict[str, list[float]]]] = []
        encoded = [self._encoding.encode(unit.x) for unit in self._units]
        size = -(-len(self._units) // BLOCKS_COUNT)
        for start in range(0, len(self._units), size):
            block = self._units[start : start + size]
            if start:
                tried += [(unit, self.foresee(unit)) for unit in block]
            for learner in self._learners.values():
                for x, unit in zip(encoded[start : start + size], block, strict=True):
                    learner.learn(x, unit.arm, unit.reward > 0)
            on_learned(len(block))
        return self._decide(tried, judge_by)

    def foresee(self, unit: Unit) -> dict[str, list[float]]:
        """Reward under each arm by each learner: P(success) x the mean reward of a success."""
        x = self._encoding.encode(unit.x)
        return {
            name: [p * worth for p, worth in zip(learner.predict(x), self._worth, strict=True)]
            for name, learner in self._learners.items()
        }

    def _decide(self, tried: Sequence[tuple[Unit, dict[str, list[float]]]], by: str) -> Fold:
        def robust(choices: Sequence[str]) -> list[float]:
            rows = [
                _weighted(unit, foreseen[by], self.arms, {arm: 1.0})
                for (unit, foreseen), arm in zip(tried, choices, strict=True)
            ]
            return [row.direct + row.weight * (row.reward - row.predicted) for row in rows]

        singles = {arm: robust([arm] * len(tried)) for arm in self.arms}
        best_arm = max(self.arms, key=lambda arm: fsum(singles[arm]))
        follow = {
            name: robust([greedy(self.arms, foreseen[name]) for _, foreseen in tried])
            for name in self._learners
        }
        leader = max(follow, key=lambda name: fsum(follow[name]))
        gaps = [own - best for own, best in zip(follow[leader], singles[best_arm], strict=True)]
        gain = fsum(gaps) / len(gaps)
        errors = ((unit.unit_id, gap - gain) for (unit, _), gap in zip(tried, gaps, strict=True))
        variance, _ = clustered_variance(errors, len(gaps))
        return Fold(leader=leader, best_arm=best_arm, gain=gain, error=sqrt(variance))


def _judge(bench: _Bench, fold: Fold, unit: Unit) -> Judged:
    foreseen = bench.foresee(unit)
    choice = greedy(bench.arms, foreseen[fold.leader]) if fold.personal else fold.best_arm
    return Judged(unit=unit, foreseen=foreseen, choice=choice)


def _weighted(
    unit: Unit, foreseen: Sequence[float], arms: Sequence[str], chances: Mapping[str, float]
) -> Weighted:
    by_arm = dict(zip(arms, foreseen, strict=True))
    return Weighted(
        unit=unit.unit_id,
        weight=chances.get(unit.arm, 0.0) / unit.propensity,
        reward=unit.reward,
        direct=fsum(chance * by_arm[arm] for arm, chance in chances.items()),
        predicted=by_arm[unit.arm],
    )


def _mean_success(units: Sequence[Unit], arms: Sequence[str]) -> list[float]:
    sums: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for unit in units:
        if unit.reward > 0:
            sums[unit.arm] += unit.reward  # type: ignore[assignment] # a Counter of floats
            counts[unit.arm] += 1
    whole = fsum(sums.values()) / max(1, counts.total())
    # a few large orders of one arm say little about the next ones: half-way to the common mean
    return [(sums[arm] + 50 * whole) / (counts[arm] + 50) if whole else 1.0 for arm in arms]
