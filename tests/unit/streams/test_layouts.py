"""Files of events: every line is a message, a part of one, or a refusal with its number."""

import gzip
import lzma
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from features.events import Event
from streams import layouts, wire
from streams.layouts import Accepted, LayoutError, Refused, Row
from streams.refusals import Reason

REES46 = (
    "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
)
RETAIL = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
VIEW = (
    '{"event_id":"e-1","event_type":"product.viewed","user_id":"u","product_id":"p-1",'
    '"occurred_at":"2026-11-22T02:10:00.000Z"}'
)


def _read(folder: Path, layout: str, text: str) -> list[Row]:
    path = folder / "events.txt"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    return list(layouts.read(path, layout))


def _events(rows: list[Row]) -> list[Event]:
    return [wire.decode_line(row.value, "native") for row in rows if isinstance(row, Accepted)]


def _refusals(rows: list[Row]) -> list[tuple[int, Reason]]:
    return [(row.line_number, row.reason) for row in rows if isinstance(row, Refused)]


# -- envelopes -----------------------------------------------------------------------------------


def test_native_lines_keep_their_bytes_and_their_order(tmp_path: Path) -> None:
    later = VIEW.replace("e-1", "e-2").replace("02:10", "01:10")
    rows = _read(tmp_path, "native", f"{VIEW}\n{later}\r\n")
    assert [row.value for row in rows if isinstance(row, Accepted)] == [
        VIEW.encode(),
        later.encode(),
    ]
    first = rows[0]
    assert isinstance(first, Accepted)
    assert (first.key, first.family, first.ts_ms) == (b"u", "browse", 1_795_313_400_000)


def test_bad_lines_are_refused_by_number_and_do_not_stop_the_run(tmp_path: Path) -> None:
    huge = '{"x":"' + "y" * 200_000 + '"}'
    undated = '{"event_id":"e","event_type":"cart.viewed","user_id":"u"}'
    segment = '{"type":"track","event":"Cart Viewed","userId":"u"}'
    bad = ["{", "", huge, "\udcff", undated, segment, "[]"]
    rows = _read(tmp_path, "native", "\n".join([VIEW, *bad, VIEW]))
    assert _refusals(rows) == [
        (2, "bad_json"),
        (3, "empty"),
        (4, "too_large"),
        (5, "not_utf8"),
        (6, "bad_timestamp"),
        (7, "unknown_envelope"),
        (8, "wrong_type"),
    ]
    assert len(_events(rows)) == 2


@pytest.mark.parametrize(
    ("layout", "line"),
    [
        (
            "segment",
            '{"type":"track","event":"Cart Viewed","messageId":"m","userId":"u","timestamp":"%s"}',
        ),
        (
            "ga4",
            '{"event_name":"view_cart","params":{},"user_id":"u",'
            '"event_timestamp":1795313400000000,"x":"%s"}',
        ),
        (
            "snowplow",
            '{"event_name":"snowplow_ecommerce_action","type":"checkout_step","event_id":"s",'
            '"user_id":"u","derived_tstamp":"%s"}',
        ),
        (
            "cloudevents",
            '{"specversion":"1.0","id":"c","source":"/s","type":"cart.viewed","subject":"u",'
            '"time":"%s","data":{}}',
        ),
    ],
)
def test_foreign_lines_become_native_ones(tmp_path: Path, layout: str, line: str) -> None:
    (event,) = _events(_read(tmp_path, layout, line % "2026-11-22T02:10:00.000Z"))
    assert (event.family, event.user_id, event.ts_ms) == ("cart", "u", 1_795_313_400_000)
    assert _refusals(_read(tmp_path, "native", line)) == [(1, "unknown_envelope")]


# -- tables --------------------------------------------------------------------------------------


def test_c01_rees46_rows_become_events_sorted_by_time_with_stable_ids(tmp_path: Path) -> None:
    text = REES46 + (
        "2019-10-01 00:00:05 UTC,purchase,7,9,computers.notebook,lenovo,251.74,u1,s1\n"
        "2019-10-01 00:00:01 UTC,view,8,9,,,0.00,u2,s2\n"
        "2019-10-01 00:00:01 UTC,cart,8,9,,,,u2,s2\n"
    )
    seen, added, bought = _events(_read(tmp_path, "rees46", text))
    assert [event.event_id for event in (seen, added, bought)] == [
        "rees46-3",
        "rees46-4",
        "rees46-2",
    ]
    assert (seen.items[0].price_minor, seen.items[0].category, seen.items[0].brand) == (
        0,
        "9",
        None,
    )
    assert added.items[0].price_minor is None
    assert (bought.event_type, bought.order_id, bought.total_minor) == (
        "order.completed",
        "rees46-2",
        25_174,
    )
    assert bought.items[0].category == "computers/notebook"
    assert bought.currency == "USD"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("2019-10-01 00:00:05 UTC,wish,7,9,,,1,u,s", "unknown_event_type"),
        ("yesterday,view,7,9,,,1,u,s", "bad_timestamp"),
        ("2019-10-01 00:00:05 UTC,view,7,9,,,-1,u,s", "out_of_range"),
        ("2019-10-01 00:00:05 UTC,view,7,9,,,nan,u,s", "not_finite"),
        ("2019-10-01 00:00:05 UTC,view,7,9,,,dear,u,s", "wrong_type"),
        ("2019-10-01 00:00:05 UTC,view,,9,,,1,u,s", "missing_field"),
        ("2019-10-01 00:00:05 UTC,view,7,9,,,1,,s", "missing_field"),
        ("2019-10-01 00:00:05 UTC,view,7,9", "missing_field"),
        ('2019-10-01 00:00:05 UTC,view,7,9,"open,,1,u,s', "bad_text"),
        ("2019-10-01 00:00:05 UTC,view,7,9,,\udcff,1,u,s", "not_utf8"),
        ("", "empty"),
    ],
)
def test_c04_bad_row_costs_only_itself(tmp_path: Path, row: str, reason: Reason) -> None:
    good = "2019-10-01 00:00:05 UTC,view,7,9,,,1,u,s\n"
    rows = _read(tmp_path, "rees46", f"{REES46}{good}{row}\n{good}")
    assert _refusals(rows) == [(3, reason)]
    assert [event.event_id for event in _events(rows)] == ["rees46-2", "rees46-4"]


def test_taobao_rows_have_no_prices_and_may_lie_outside_the_published_days(tmp_path: Path) -> None:
    text = "u,1,10,buy,1512000000\nu,1,10,pv,1400000000\nu,1,10,fav,1\nu,1,10,pv,3\nu,1,10,pv,x\n"
    rows = _read(tmp_path, "taobao", text)
    seen, bought = _events(rows)
    assert (seen.event_id, seen.ts_ms) == ("taobao-2", 1_400_000_000_000)
    assert (bought.order_id, bought.total_minor, bought.items[0].price_minor) == (
        "taobao-1",
        None,
        None,
    )
    assert _refusals(rows) == [
        (3, "unknown_event_type"),
        (4, "bad_timestamp"),
        (5, "bad_timestamp"),
    ]


def test_lines_of_an_invoice_are_one_order_and_returns_are_refunds(tmp_path: Path) -> None:
    text = RETAIL + (
        '1,A,"LAMP, RED",2,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n'
        "C9,A,LAMP,-1,2010-12-01 09:00:00,2.55,17850.0,United Kingdom\n"
        "1,B,CARD,1,2010-12-01 08:26:00,0.0,17850.0,United Kingdom\n"
        "2,A,LAMP,1,2010-12-01 08:00:00,2.55,,United Kingdom\n"
        "3,A,LAMP,-5,2010-12-01 08:00:00,0.0,17850.0,United Kingdom\n"
        "4,A,LAMP,74215,2010-12-01 08:00:00,1.04,12346.0,United Kingdom\n"
        "5,A,LAMP,1,12/1/2010 8:27,,17851,United Kingdom\n"
    )
    rows = _read(tmp_path, "online_retail", text)
    order, other, refund = _events(rows)
    assert (order.event_id, order.user_id, order.order_id) == ("online_retail-2", "17850", "1")
    assert (order.total_minor, order.currency) == (510, "GBP")
    assert [(item.product_id, item.price_minor, item.quantity) for item in order.items] == [
        ("A", 255, 2),
        ("B", 0, 1),
    ]
    assert other.items[0].price_minor is None
    assert (refund.event_type, refund.total_minor, refund.items[0].quantity) == (
        "order.refunded",
        255,
        1,
    )
    assert _refusals(rows) == [(5, "missing_field"), (6, "out_of_range"), (7, "out_of_range")]


def test_invoice_longer_than_an_order_may_be_keeps_its_total(tmp_path: Path) -> None:
    lines = [
        f"1,P{number},X,1,2010-12-01 08:26:00,1.00,17850.0,United Kingdom\n"
        for number in range(250)
    ]
    (order,) = _events(_read(tmp_path, "online_retail", RETAIL + "".join(lines)))
    assert (len(order.items), order.total_minor) == (200, 25_000)


# -- files ---------------------------------------------------------------------------------------


def test_compressed_files_read_the_same(tmp_path: Path) -> None:
    plain = tmp_path / "events.ndjson"
    plain.write_text(f"{VIEW}\n", encoding="utf-8")
    (tmp_path / "events.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "events.xz").write_bytes(lzma.compress(plain.read_bytes()))
    expected = list(layouts.read(plain, "native"))
    assert list(layouts.read(tmp_path / "events.gz", "native")) == expected
    assert list(layouts.read(tmp_path / "events.xz", "native")) == expected


@pytest.mark.parametrize(
    ("name", "content", "layout", "line", "expected"),
    [
        ("absent.csv", None, "rees46", 0, "a file"),
        ("events.csv", b"a,b\n1,2\n", "rees46", 1, "the columns event_time"),
        ("events.csv", b"", "rees46", 0, "the columns event_time"),
        ("events.csv", REES46.encode(), "taobao", 1, "5 columns"),
        ("events.csv", REES46.encode(), "parquet", 0, "a layout of native"),
        ("events.gz", b"not compressed", "native", 0, "a file without damage"),
        ("events.xz", b"not compressed", "native", 0, "a file without damage"),
        ("events.gz", gzip.compress(VIEW.encode() * 99)[:-9], "native", 0, "a file without damage"),
    ],
)
def test_file_that_cannot_be_read_is_a_clear_error(
    tmp_path: Path, name: str, content: bytes | None, layout: str, line: int, expected: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(LayoutError) as caught:
        list(layouts.read(path, layout))
    assert (caught.value.name, caught.value.line) == (name, line)
    assert caught.value.expected.startswith(expected)


def test_byte_order_mark_of_a_spreadsheet_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    row = "2019-10-01 00:00:05 UTC,view,7,9,,,1,u,s\n"
    assert len(_events(_read(tmp_path, "rees46", f"\ufeff{REES46}{row}"))) == 1


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="was a folder"):
        layouts.read(tmp_path, "native")


def test_zst_without_its_package_says_what_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.zst"
    path.write_bytes(b"")
    monkeypatch.setattr(layouts, "zstandard", None)
    with pytest.raises(LayoutError, match="zstandard"):
        list(layouts.read(path, "native"))


# -- the real files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "layout", "accepted", "refused"),
    [
        (
            "rees46_2019-10-01_third.csv.gz",
            "rees46",
            {"browse": 5_519, "cart": 36, "purchase": 55},
            {},
        ),
        (
            "taobao_users_tail.csv.gz",
            "taobao",
            {"browse": 9_046, "cart": 536, "purchase": 206},
            {"unknown_event_type": 212},
        ),
        (
            "online_retail_2010-12_2011-02.csv.xz",
            "online_retail",
            {"purchase": 4_131},
            {"missing_field": 36_210, "out_of_range": 34},
        ),
    ],
)
def test_c11_real_file_is_read_whole_in_order_and_every_row_accounted_for(
    shared_data: Path, name: str, layout: str, accepted: dict[str, int], refused: dict[str, int]
) -> None:
    rows = list(layouts.read(shared_data / name, layout))
    messages = [row for row in rows if isinstance(row, Accepted)]
    assert Counter(row.family for row in messages) == accepted
    assert Counter(row.reason for row in rows if isinstance(row, Refused)) == refused
    assert all(early.ts_ms <= late.ts_ms for early, late in pairwise(messages))
    assert len({event.event_id for event in _events(rows[:2_000])}) == len(_events(rows[:2_000]))
