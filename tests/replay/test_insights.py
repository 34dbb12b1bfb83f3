"""`insights`: sessions of a file, foretold and learned; the page and the figures about them."""

import json
import re
from pathlib import Path
from random import Random
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from features.events import Event, Item
from streams import wire
from streams.cli import cli
from streams.insights.page import page
from streams.insights.report import sessions_of
from tests.builders import NOON_MS, an_event, an_order

MINUTE_MS = 60_000


def told(path: Path, layout: str, *more: str) -> Result:
    arguments = ["insights", str(path), "--format", layout, "--json", *more]
    return CliRunner().invoke(cli, arguments)


def a_shop(count: int = 400) -> list[Event]:
    """Let customers search, look at goods of one kind, and take the case with the phone."""
    random, events = Random(2), []
    for number in range(count):
        at_ms, user = NOON_MS + number * MINUTE_MS, f"u{number % 90}-{number}"
        kind = random.choice(("phones", "dresses"))
        held = {"phones": ("phone", "case"), "dresses": ("dress", "belt")}[kind]
        story = [
            an_event("search.performed", items=(), query=f"red {kind}"),
            *(an_event(items=(Item(product_id=one, category=kind),)) for one in held),
        ]
        if random.random() < 0.5:
            lines = tuple(
                Item(product_id=one, category=kind, price_minor=1_000)
                for one in (*held, f"odd-{random.randrange(50)}")
            )
            story.append(an_order(items=lines))
        for step, event in enumerate(story):
            fields = {name: getattr(event, name) for name in ("items", "query", "total_minor")}
            if event.event_type == "order.completed":
                fields["order_id"] = str(number)
            at_step = at_ms + step * MINUTE_MS
            event_id = f"{number}-{step}"
            events.append(
                an_event(event.event_type, at_ms=at_step, user_id=user, event_id=event_id, **fields)
            )
    return sorted(events, key=lambda event: event.ts_ms)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    path = tmp_path / "shop.ndjson"
    path.write_bytes(b"".join(wire.encode_event(event) + b"\n" for event in a_shop()))
    return path


def test_c27_c28_c17_c24_a_shops_habits_are_in_the_figures(shop: Path) -> None:
    result = told(shop, "native")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout.splitlines()[-1])
    assert record["sessions"] == 400
    assert record["refused"] == {}
    pairs = {frozenset((rule["when"], rule["then"])) for rule in record["associations"]}
    assert {frozenset(("phone", "case")), frozenset(("dress", "belt"))} <= pairs
    assert {name for name, _ in record["hot"]["words"]} == {"red", "phone", "dress"}
    foretold = record["next_action"]
    assert foretold["accuracy"] > foretold["majority_accuracy"] + 0.2
    assert sum(row["ratio"] for row in record["segments"]) == pytest.approx(1, abs=1e-3)
    names = " ".join(row["name"] for row in record["segments"])
    assert "electronics" in names
    assert "fashion" in names


def test_the_same_file_gives_the_same_figures(shop: Path) -> None:
    assert told(shop, "native").stdout == told(shop, "native").stdout


def test_the_page_is_whole_loads_nothing_and_shows_figures_in_light_and_dark(
    shop: Path, tmp_path: Path
) -> None:
    out = tmp_path / "shop.html"
    assert told(shop, "native", "--out", str(out)).exit_code == 0
    text = out.read_text("utf-8")
    assert "prefers-color-scheme: dark" in text
    assert set(re.findall(r"https?://[^\"'< ]+", text)) == {"http://www.w3.org/2000/svg"}
    for drawing in re.findall(r"<svg.*?</svg>", text, flags=re.DOTALL):
        assert len(list(ElementTree.fromstring(drawing))) >= 3


def test_the_page_tells_small_figures_and_what_was_missed_and_where_nothing_was_found(
    shop: Path,
) -> None:
    record = json.loads(told(shop, "native").stdout.splitlines()[-1])
    assert "cart.added → order.completed" not in page("shop", record)
    record["transitions"]["cart.added"] = {"order.completed": 0.25, "end": 0.75}
    record["associations"] = []
    record["demand"]["products"] |= {
        "days": 3,
        "orders": 40,
        "missed_ratio": 0.5,
        "as_yesterday_missed_ratio": 0.75,
        "per_day": [["lamp", 0.25], ["bed", 1_234.5]],
    }
    text = page("shop", record)
    assert "cart.added → order.completed" in text
    assert "No pair was in baskets often enough." in text
    assert ">0.25</text>" in text
    assert ">1,234</text>" in text
    assert "had 40 orders on 3 days; foretold wrong by 0.50 for each of them" in text
    assert "and by 0.75 by what the day before had" in text


def test_names_out_of_the_file_cannot_become_markup(shop: Path) -> None:
    record = json.loads(told(shop, "native").stdout.splitlines()[-1])
    record["hot"]["words"] = [["<script>alert(1)</script>", 1.0]]
    text = page("<b>", record)
    assert "<script>" not in text
    assert "&lt;script&gt;" in text


def test_sessions_come_out_in_the_order_in_which_they_end() -> None:
    ended = [session.end_ms for session in sessions_of(a_shop(100))]
    assert ended == sorted(ended)
    assert len(ended) == 100


def test_an_unreadable_file_is_told_plainly(tmp_path: Path) -> None:
    result = told(tmp_path / "absent", "native")
    assert result.exit_code == 2
    assert "must be a file, was absent" in result.output


def test_c27_c53_real_sessions_are_learned_and_hints_beat_popularity(shared_data: Path) -> None:
    result = told(shared_data / "rees46_2019-10-01_third.csv.gz", "rees46")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout.splitlines()[-1])
    assert record["events"] == 5_610
    assert record["sessions"] > 1_000
    found = record["next_product"]
    assert found["hit_rate_at_20"] > found["popularity_hit_rate_at_20"]


def test_c06_an_event_that_comes_twice_counts_once_and_one_that_takes_its_id_not_at_all() -> None:
    first = an_event(event_id="e", payload_digest="AAAAAAAA")
    other = an_event(event_id="e", payload_digest="BBBBBBBB", at_ms=NOON_MS + MINUTE_MS)
    (session,) = sessions_of([first, first, other])
    assert session.events_count == 1


def test_c56_ratings_are_counted_by_stars(tmp_path: Path) -> None:
    path = tmp_path / "rated.ndjson"
    rated = [
        an_event("order.rated", at_ms=NOON_MS + at, order_id="o", rating=stars, event_id=f"r{at}")
        for at, stars in enumerate((5, 5, 2))
    ]
    path.write_bytes(b"".join(wire.encode_event(event) + b"\n" for event in rated))
    record = json.loads(told(path, "native").stdout.splitlines()[-1])
    assert record["ratings"] == {
        "count": 3,
        "mean": 4.0,
        "by_stars": {"1": 0, "2": 1, "3": 0, "4": 0, "5": 2},
    }
