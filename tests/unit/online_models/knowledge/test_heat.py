"""Heat: the right names at the top, of now rather than of last month, in bounded room."""

import json
from collections import Counter
from random import Random

from online_models.knowledge.heat import KINDS, Heat
from tests.unit.online_models.knowledge.sessions import DAY_MS, a_session

HOUR_MS = 3_600_000


def test_c17_recall_at_20_on_a_zipf_stream_is_at_least_095() -> None:
    random, heat = Random(7), Heat()
    names = [f"item-{number}" for number in range(50_000)]
    weights = [1 / (number + 1) for number in range(50_000)]
    truth: Counter[str] = Counter()
    drawn = random.choices(names, weights, k=60_000)
    now_ms = 60_000 * 10_000
    for number, name in enumerate(drawn):
        ts_ms = number * 10_000
        heat.learn(a_session(ts_ms, viewed=[name], words=[name]))
        truth[name] += 2 ** ((ts_ms - now_ms) / (3 * DAY_MS))  # type: ignore[assignment]
    best = {name for name, _ in truth.most_common(20)}
    for kind in ("products", "words"):
        found = {name for name, _ in heat.top(kind, 20, now_ms)}
        print(f"{kind}: recall@20 {len(best & found) / 20:.2f}")
        assert len(best & found) / 20 >= 0.95


def test_c17_what_was_hot_last_month_gives_way_to_what_is_hot_today() -> None:
    heat = Heat()
    for number in range(100):
        heat.learn(a_session(number, viewed=["old"]))
    for number in range(10):
        heat.learn(a_session(30 * DAY_MS + number, viewed=["new"]))
    assert [name for name, _ in heat.top("products", 2, 30 * DAY_MS)] == ["new", "old"]


def test_c17_bought_is_hotter_than_viewed_and_one_customer_counts_once_a_session() -> None:
    heat = Heat()
    heat.learn(a_session(0, viewed=["seen"], bought=["bought"]))
    heat.learn(a_session(0, viewed=["seen"]))
    assert heat.most_bought([], 2, 0) == ["bought", "seen"]
    assert heat.most_bought(["bought"], 2, 0) == ["seen"]
    assert heat.heat("products", "bought", 0) == 3 / 5


def test_p11_hostile_names_stay_within_the_stated_bytes() -> None:
    heat = Heat()
    for number in range(100_000):
        name = f"{number:x}".rjust(40, "z")
        heat.learn(
            a_session(number * HOUR_MS // 7, viewed=[name], words=[name], viewed_categories=[name])
        )
    dumped = json.dumps(heat.dump(), separators=(",", ":"))
    assert len(dumped) <= Heat.MAX_BYTES
    again = Heat.load(json.loads(dumped))
    assert again.dump() == heat.dump()
    assert all(len(heat.top(kind, 10, 0)) == 10 for kind in KINDS)
