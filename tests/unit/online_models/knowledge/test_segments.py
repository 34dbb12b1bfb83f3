"""Segments: planted clusters are found, scaled first, with K by evidence and names that stay."""

import json
from random import Random

import numpy as np
import pytest
from river import metrics

from online_models.knowledge.clusters import fitted
from online_models.knowledge.segment_names import name_of
from online_models.knowledge.segments import FIT_EVERY, Segments
from tests.unit.online_models.knowledge.sessions import a_session

AXES = ("views", "orders", "dwell", "electronics_ratio", "fashion_ratio")
CENTRES = (
    (0.3, 0.0, 0.2, 0.9, 0.0),
    (1.5, 0.0, 2.0, 0.0, 0.9),
    (0.8, 1.2, 0.8, 0.1, 0.1),
    (2.5, 0.1, 0.3, 0.1, 0.0),
    (0.2, 0.2, 2.8, 0.0, 0.1),
)


def drawn(random: Random, kind: int, noise: float = 0.15) -> list[float]:
    return [random.gauss(middle, noise) for middle in CENTRES[kind]]


def learned(count: int, seed: int = 3, noise: float = 0.15) -> tuple[Segments, Random]:
    random, segments = Random(seed), Segments(AXES)
    for _ in range(count):
        segments.learn_one(drawn(random, random.randrange(5), noise))
    return segments, random


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_c24_planted_clusters_are_found_with_an_ari_of_at_least_08(seed: int) -> None:
    segments, random = learned(2_000, seed)
    rand = metrics.AdjustedRand()
    for _ in range(1_000):
        kind = random.randrange(5)
        label = segments.segment_of(drawn(random, kind))
        rand.update(kind, int((label or "s-1")[1:]))
    print(f"ARI {rand.get():.3f}, {len(segments.named())} segments")
    assert rand.get() >= 0.8
    assert len(segments.named()) == 5


def test_c24_few_change_segment_when_the_centres_are_found_anew() -> None:
    segments, random = learned(FIT_EVERY)
    crowd = [drawn(random, random.randrange(5)) for _ in range(500)]
    before = [segments.segment_of(x) for x in crowd]
    for _ in range(3 * FIT_EVERY):
        segments.learn_one(drawn(random, random.randrange(5)))
    changed = sum(one != segments.segment_of(x) for one, x in zip(before, crowd, strict=True))
    print(f"labels changed after three fits: {changed / 500:.1%}")
    assert changed / 500 <= 0.05


def test_c25_the_same_centres_have_the_same_names_in_both_languages() -> None:
    segments, random = learned(FIT_EVERY)
    before = segments.named()
    for _ in range(FIT_EVERY):
        segments.learn_one(drawn(random, random.randrange(5)))
    assert segments.named() == before
    english = [name for name, _ in before.values()]
    assert len(set(english)) == 5
    assert any("electronics" in name for name in english)
    assert any("时尚" in chinese for _, chinese in before.values())


@pytest.mark.parametrize(
    ("axis", "english"),
    [
        ("electronics_ratio", "electronics"),
        ("fashion_ratio", "fashion"),
        ("household_ratio", "household"),
        ("mother_baby_ratio", "mother and baby"),
    ],
)
def test_c25_the_four_groups_of_the_articles_are_named(axis: str, english: str) -> None:
    assert name_of({axis: 2.0})[0] == english


def test_v12_a_wide_axis_does_not_decide_alone_as_it_did_unscaled() -> None:
    # Two kinds differ in the narrow axis only; the wide one (seconds) is noise.
    random, segments = Random(1), Segments(("views", "dwell"))
    rows = [
        (kind + random.gauss(0, 0.02), 3_000 * random.random())
        for _ in range(200)
        for kind in (0, 1)
    ]
    for row in rows:
        segments.learn_one(row)
    kinds = {(round(row[0]), segments.segment_of(row)) for row in rows}
    labels = [label for _, label in kinds]
    assert len(labels) == len(set(labels)) >= 2


def test_v12_only_members_move_a_centre() -> None:
    points = np.array([[0.0], [0.2], [10.0], [10.4]])
    centres, silhouette = fitted(points, [2], seed=1)
    assert sorted(centres[:, 0]) == pytest.approx([0.1, 10.2])
    assert silhouette > 0.9


def test_before_anything_is_known_there_is_no_segment() -> None:
    segments = Segments()
    segments.learn(a_session())
    assert segments.segment_of([0.0] * len(segments.names)) is None
    assert segments.named() == {}


def test_the_same_rows_give_the_same_bytes_and_a_loaded_one_goes_on_the_same() -> None:
    one, random = learned(1_900)
    again = Segments.load(json.loads(json.dumps(one.dump())))
    assert learned(1_900)[0].dump() == one.dump()
    for _ in range(200):
        x = drawn(random, random.randrange(5))
        one.learn_one(x)
        again.learn_one(x)
    assert again.dump() == one.dump()


def test_p11_hostile_sessions_stay_within_the_stated_bytes() -> None:
    segments, random = Segments(), Random(2)
    for _ in range(10_000):
        segments.learn_one([4 * random.random() for _ in segments.names])
    assert len(json.dumps(segments.dump(), separators=(",", ":"))) <= Segments.MAX_BYTES
