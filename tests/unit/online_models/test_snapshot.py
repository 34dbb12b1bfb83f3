"""A snapshot gives back the same bits or is refused with a reason."""

import ast
import json
from collections.abc import Callable
from copy import deepcopy
from math import inf, nan
from pathlib import Path
from random import Random
from typing import Any

import pytest

import online_models
from features.actions import Action
from online_models.crosses import Limits
from online_models.prior import Prior
from online_models.refusals import Reason, SnapshotRefused
from online_models.response import ResponseModel
from online_models.snapshot import MAX_BYTES, Snapshot, digest, dump, load
from online_models.trainer import Trainer
from tests.unit.online_models.planted import ACTIONS, NAMES, outcomes, visitor


def _trained(count: int = 400) -> Trainer:
    prior = Prior(base_rate=0.05, depth_lift={"percent_off": 2.0, "gift": 1.0})
    model = ResponseModel(NAMES, prior=prior, limits=Limits(actions=2, buckets=2, kinds=2))
    trainer = Trainer(model)
    for offset, outcome in enumerate(outcomes(Random(40), count, model, delay_steps=100)):
        trainer.learn(outcome, offset)
    return trainer


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return dump(_trained(), model_id="response", model_version="m7")


def _sealed(snapshot: Snapshot) -> Snapshot:
    snapshot["header"]["digest"] = digest(snapshot)
    return snapshot


def _refusal(snapshot: object, **arguments: Any) -> Reason:
    with pytest.raises(SnapshotRefused) as refused:
        load(snapshot, **({"names": NAMES} | arguments))
    return refused.value.reason


def test_c40_a_restored_model_scores_and_learns_on_to_the_same_bits() -> None:
    trainer = _trained()
    restored = load(
        json.loads(json.dumps(dump(trainer, model_id="response", model_version="m7"))), names=NAMES
    )
    random = Random(41)
    newcomer = Action(action_id="new", kind="bundle", depth_ratio=0.2)
    for offset in range(trainer.offset + 1, trainer.offset + 300):
        x = visitor(random)
        candidates = (*ACTIONS, newcomer)
        assert restored.model.predict_many(x, candidates) == trainer.model.predict_many(
            x, candidates
        )
        action, y = random.choice(candidates), random.random() < 0.2
        for twin in (trainer, restored):
            assert twin.offset < offset
            twin.model.learn_opened(x, action)
            if y:
                twin.model.learn_bought(x, action)
    first, second = (
        json.dumps(dump(twin, model_id="response", model_version="m8"))
        for twin in (trainer, restored)
    )
    assert first == second


def test_c40_counts_evaluation_and_offset_come_back(snapshot: Snapshot) -> None:
    trainer, restored = _trained(), load(snapshot, names=NAMES, model_id="response")
    assert restored.offset == trainer.offset
    assert restored.counts == trainer.counts
    assert restored.evaluation.figures() == trainer.evaluation.figures()
    assert restored.drift_ratio == trainer.drift_ratio
    assert [restored.model.is_cold(a) for a in ACTIONS] == [
        trainer.model.is_cold(a) for a in ACTIONS
    ]


def test_the_same_training_gives_the_same_snapshot(snapshot: Snapshot) -> None:
    assert dump(_trained(), model_id="response", model_version="m7") == snapshot


WRONG: tuple[Any, ...] = (None, True, [], {}, "x" * 10, -(10**30), {"header": None})


def _places(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List every leaf; of long lists only the first and the last member."""
    if isinstance(node, dict):
        return [place for key in node for place in _places(node[key], (*path, key))]
    if isinstance(node, list) and node:
        ends = sorted({0, len(node) - 1})
        return [place for index in ends for place in _places(node[index], (*path, index))]
    return [path]


def _changed(value: Any) -> Any:
    if isinstance(value, str):
        return value[:-1] + ("0" if value[-1:] != "0" else "1")
    return value + 1 if isinstance(value, (int, float)) else [*value, 1]


def _replace(snapshot: Snapshot, path: tuple[Any, ...], change: Callable[[Any], Any]) -> Snapshot:
    copy = deepcopy(snapshot)
    node: Any = copy
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = change(node[path[-1]])
    return copy


def test_p10_any_changed_field_is_refused(snapshot: Snapshot) -> None:
    places = _places(snapshot)
    assert len(places) > 40
    for path in places:
        assert _refusal(_replace(snapshot, path, _changed)) in set(Reason), path
    for path in places:
        for wrong in WRONG:
            copy = deepcopy(snapshot)
            _set(*path, to=wrong)(copy)
            assert _refusal(copy) in set(Reason), path


def test_p10_missing_and_added_fields_are_refused(snapshot: Snapshot) -> None:
    for section in ("header", "settings", "groups", "evaluation", "iterations"):
        copy = deepcopy(snapshot)
        del copy[section]
        assert _refusal(copy) is Reason.WRONG_TYPE
    assert _refusal(snapshot | {"more": 1}) is Reason.WRONG_TYPE
    for wrong in WRONG:
        assert _refusal(wrong) is Reason.WRONG_TYPE


def _cut(copy: Snapshot) -> None:
    copy["groups"][-1]["w"].pop()


def _double(copy: Snapshot) -> None:
    copy["groups"].append(copy["groups"][-1])


def _swap(copy: Snapshot) -> None:
    copy["groups"].reverse()


def _crowd(copy: Snapshot) -> None:
    extra = copy["groups"][-1]
    copy["groups"] += [extra | {"group": f"a|x{i}"} for i in range(9)]


def _set(*path: Any, to: Any) -> Callable[[Snapshot], None]:
    def change(copy: Snapshot) -> None:
        node: Any = copy
        for step in path[:-1]:
            node = node[step]
        node[path[-1]] = to

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set("header", "format", to=0), Reason.UNKNOWN_FORMAT),
        (_set("header", "format", to=1), Reason.UNKNOWN_FORMAT),
        (_set("header", "river", to="0.25.0"), Reason.OTHER_RIVER),
        (_set("header", "names", to=["other"]), Reason.OTHER_FEATURES),
        (_set("header", "model_id", to="another"), Reason.OTHER_MODEL),
        (_set("header", "train_offset", to=3), Reason.STALE),
        (_set("header", "signature", to="forged"), Reason.BAD_SIGNATURE),
        (_set("header", "counts", "opened", to=-1), Reason.WRONG_VALUE),
        (_set("settings", "alpha", to=0.0), Reason.WRONG_VALUE),
        (_set("settings", "limits", "actions", to=0), Reason.WRONG_VALUE),
        (_set("groups", 0, "n", 0, to=-1.0), Reason.WRONG_VALUE),
        (_set("groups", 0, "w", 0, to=1e30), Reason.WRONG_VALUE),
        (_set("groups", 0, "labels", to=-1), Reason.WRONG_VALUE),
        (_set("groups", 1, "group", to="z|?"), Reason.WRONG_VALUE),
        (_set("groups", 1, "group", to="a|#9"), Reason.WRONG_VALUE),
        (_set("groups", to=[]), Reason.WRONG_VALUE),
        (_set("evaluation", "pairs", to=[0]), Reason.WRONG_VALUE),
        (_set("evaluation", "window", to=0), Reason.WRONG_VALUE),
        (_cut, Reason.WRONG_VALUE),
        (_double, Reason.WRONG_VALUE),
        (_swap, Reason.WRONG_VALUE),
        (_crowd, Reason.WRONG_VALUE),
    ],
)
def test_p10_a_well_sealed_but_wrong_snapshot_is_refused_with_its_reason(
    snapshot: Snapshot, change: Callable[[Snapshot], None], reason: Reason
) -> None:
    copy = deepcopy(snapshot)
    change(copy)
    assert _refusal(_sealed(copy), model_id="response", least_offset=100) is reason


@pytest.mark.parametrize("number", [nan, inf, -inf])
def test_p10_numbers_that_are_not_finite_are_refused(snapshot: Snapshot, number: float) -> None:
    copy = deepcopy(snapshot)
    copy["groups"][0]["w"][0] = number
    assert _refusal(copy) is Reason.NOT_FINITE


def test_p10_an_oversized_snapshot_is_refused(snapshot: Snapshot) -> None:
    copy = deepcopy(snapshot)
    copy["header"]["model_id"] = "x" * MAX_BYTES
    assert _refusal(copy) is Reason.TOO_LARGE


def test_a_signature_is_believed_only_when_the_verifier_says_so(snapshot: Snapshot) -> None:
    signed = deepcopy(snapshot)
    seal = signed["header"]["digest"]
    signed["header"]["signature"] = f"signed:{seal}"

    def verify(digest: str, signature: str) -> bool:
        return signature == f"signed:{digest}"

    assert load(signed, names=NAMES, verify=verify).offset == snapshot["header"]["train_offset"]
    assert _refusal(snapshot, verify=verify) is Reason.BAD_SIGNATURE
    assert _refusal(signed) is Reason.BAD_SIGNATURE


def test_an_operator_may_knowingly_take_the_snapshot_of_another_river(snapshot: Snapshot) -> None:
    copy = deepcopy(snapshot)
    copy["header"]["river"] = "0.25.0"
    assert load(_sealed(copy), names=NAMES, other_river=True).offset >= 0


def test_nothing_in_this_room_can_run_a_snapshot() -> None:
    forbidden = {"pickle", "marshal", "shelve", "dill", "joblib", "cloudpickle", "eval", "exec"}
    for source in Path(online_models.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names: list[str] = []
            if isinstance(node, ast.Import):
                names = [alias.name.split(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [(node.module or "").split(".")[0]]
            elif isinstance(node, ast.Name):
                names = [node.id]
            assert not forbidden.intersection(names), source.name
