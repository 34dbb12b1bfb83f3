"""Published logged experiments as units: who got what, with which chance, and what followed."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from online_models.arm_learners import NONE
from online_models.experiments import Unit
from streams.layouts import LayoutError, numbered_lines

Cells = dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """How one published file is read.

    Attributes
    ----------
    rewards
        Columns that may be the reward, the usual one first.
    propensities
        P(arm) by design; empty where the file tells it row by row, or nobody knows it.
    needs
        Columns that must be there.
    told
        What has been published or measured on it by others, for comparison.
    """

    rewards: tuple[str, ...]
    needs: tuple[str, ...]
    read: Callable[[int, Cells, str], Unit]
    propensities: str
    told: str


@dataclass(slots=True, kw_only=True)
class Experiment:
    """All rows that could be read, and how many could not."""

    units: list[Unit] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    first_refused_line: dict[str, int] = field(default_factory=dict)

    @property
    def arms(self) -> tuple[str, ...]:
        """Every arm, nothing first, the others by name."""
        return tuple(sorted({unit.arm for unit in self.units}, key=lambda arm: (arm != NONE, arm)))


def read_experiment(path: Path, name: str, reward: str | None = None) -> Experiment:
    """Read a file; rows that cannot be read are counted by reason and left out.

    Raises
    ------
    LayoutError
        The file is absent, damaged, of another format, or has no row that can be read.
    """
    form = FORMATS[name]
    if not path.is_file():
        raise LayoutError(path.name, 0, "a file", "absent" if not path.exists() else "a folder")
    column = form.rewards[0] if reward is None else reward
    if column not in form.rewards:
        raise LayoutError(path.name, 0, f"a reward of {', '.join(form.rewards)}", repr(column))
    found = Experiment()
    for number, cells in _cells(path, form):
        try:
            found.units.append(form.read(number, cells, column))
        except (KeyError, ValueError) as refusal:
            reason = "missing column" if isinstance(refusal, KeyError) else "bad number"
            found.refused[reason] += 1
            found.first_refused_line.setdefault(reason, number)
    if len(found.arms) < 2:
        detail = f"rows of at least two arms in the format {name}"
        raise LayoutError(path.name, 1, detail, f"{len(found.units)} rows of {len(found.arms)}")
    return found


def _cells(path: Path, form: Format) -> Iterator[tuple[int, Cells]]:
    header: list[str] = []
    for number, line in numbered_lines(path):
        try:
            row = next(csv.reader([line.decode()], strict=True), [])
        except (csv.Error, UnicodeDecodeError):
            row = []
        if not header:
            missing = [name for name in form.needs if name not in row]
            if missing:
                raise LayoutError(path.name, number, f"columns {', '.join(missing)}", "others")
            header = row
        elif line.strip():
            yield number, dict(zip(header, row, strict=False))
    if not header:
        raise LayoutError(path.name, 0, f"columns {', '.join(form.needs)}", "empty")


def _hillstrom(number: int, cells: Cells, reward: str) -> Unit:
    arms = {"No E-Mail": NONE, "Mens E-Mail": "mens_mail", "Womens E-Mail": "womens_mail"}
    left_out = ("row_id", "segment", "visit", "conversion", "spend", "history_segment")
    return Unit(
        unit_id=cells.get("row_id", str(number)),
        arm=arms[cells["segment"]],
        propensity=1 / 3,
        reward=_amount(cells[reward]),
        x=_attributes(cells, left_out),
    )


def _insurance(number: int, cells: Cells, reward: str) -> Unit:
    return Unit(
        unit_id=cells.get("UNIQUE_ID", str(number)),
        arm="offer" if _amount(cells["TREATMENT"]) else NONE,
        propensity=0.5,
        reward=_amount(cells[reward]),
        x=_attributes(cells, ("TREATMENT", "PURCHASE", "UNIQUE_ID")),
    )


def _obd(number: int, cells: Cells, reward: str) -> Unit:
    words = {name: value for name, value in cells.items() if name.startswith("user_feature")}
    propensity = _amount(cells["propensity_score"])
    if not 0 < propensity <= 1:
        message = f"a propensity must be within (0, 1], was {propensity}"
        raise ValueError(message)
    return Unit(
        unit_id=str(number),
        arm=f"item_{int(cells['item_id']):02}",
        propensity=propensity,
        reward=_amount(cells[reward]),
        x={**words, "position": f"p{cells['position']}"},
    )


def _uci_coupon(number: int, cells: Cells, reward: str) -> Unit:
    return Unit(
        unit_id=str(number),
        arm=cells["coupon"],
        propensity=1.0,  # unknown: `with_shares` puts the arm's share in its place
        reward=_amount(cells[reward]),
        x=_attributes(cells, ("coupon", reward)),
    )


def _attributes(cells: Cells, left_out: tuple[str, ...]) -> dict[str, float | str]:
    return {name: _value(text) for name, text in cells.items() if name and name not in left_out}


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def _amount(text: str) -> float:
    value = float(text)
    if not 0 <= value < 1e12:
        message = f"a reward must be within 0..1e12, was {text}"
        raise ValueError(message)
    return value


FORMATS: dict[str, Format] = {
    "hillstrom": Format(
        rewards=("visit", "conversion", "spend"),
        needs=("segment", "visit", "conversion", "spend", "recency", "history"),
        read=_hillstrom,
        propensities="thirds, by design",
        told="all 64,000 customers: visits 10.62 % without, 15.14 % with the women's and 18.28 % "
        "with the men's mail; learned on 30 %, judged on 70 %: logistic 18.15 %, boosted trees "
        "17.96 %, always the men's mail 18.25 % (standard error 0.31): choosing by customer does "
        "not beat it",
    ),
    "insurance": Format(
        rewards=("PURCHASE",),
        needs=("TREATMENT", "PURCHASE"),
        read=_insurance,
        propensities="halves, by design",
        told="other half: never 20.4 %, always 19.9 %, offer where a booster foresees a gain "
        "23.7 % (± 1.3)",
    ),
    "obd": Format(
        rewards=("click",),
        needs=("item_id", "position", "click", "propensity_score"),
        read=_obd,
        propensities="logged row by row",
        told="men: 0.51 % clicks by chance, 0.67 % by Thompson sampling (arXiv 2008.07146); with "
        "so few clicks a file of 10,000 rows can check an estimator and rank no policy",
    ),
    "uci_coupon": Format(
        rewards=("Y",),
        needs=("coupon", "expiration", "Y"),
        read=_uci_coupon,
        propensities="unknown: the arms' shares are taken, as if drawn by chance",
        told="five folds: logistic AUC 0.739, random forest 0.826, boosted trees 0.832; River's "
        "logistic regression, predict then learn, 0.753",
    ),
}


def with_shares(experiment: Experiment) -> list[Unit]:
    """Take each arm's share of the rows for the chance with which it was given."""
    counts = Counter(unit.arm for unit in experiment.units)
    return [
        Unit(
            unit_id=unit.unit_id,
            arm=unit.arm,
            propensity=counts[unit.arm] / len(experiment.units),
            reward=unit.reward,
            x=unit.x,
        )
        for unit in experiment.units
    ]
