"""Fetch sessions: what is not said stays as it was, until something breaks the session."""

from io import BytesIO

from aiokafka.protocol.fetch import FetchRequest_v11, FetchResponse_v11
from faust.types import TP

from streams.fetch_sessions import MAX_BYTES, FetchSession, SessionFetch

BROWSE, CART = TP("browse", 0), TP("cart", 3)
SESSION_NOT_FOUND = 70


def answer(
    *told: tuple[TP, int, bytes], session_id: int = 9, error: int = 0, code: int = 0
) -> FetchResponse_v11:
    topics: list[tuple[str, list[tuple[object, ...]]]] = [
        (tp.topic, [(tp.partition, code, end, end, 0, [], -1, batches)])
        for tp, end, batches in told
    ]
    return FetchResponse_v11(0, error, session_id, topics)


def begun() -> FetchSession:
    session = FetchSession()
    session.request({BROWSE: 5, CART: 0}, 500)
    session.accept(answer((BROWSE, 5, b""), (CART, 0, b"")))
    return session


def test_the_first_request_names_everything_and_later_ones_what_changed() -> None:
    session = FetchSession()
    first = session.request({BROWSE: 5, CART: 0}, 500)
    assert (first.session, first.positions) == ((0, 0), {BROWSE: 5, CART: 0})
    session.accept(answer((BROWSE, 7, b"records"), (CART, 0, b"")))
    second = session.request({BROWSE: 7, CART: 0}, 500)
    assert (second.session, second.positions, second.forgotten) == ((9, 1), {BROWSE: 7}, [])
    session.accept(answer())
    third = session.request({BROWSE: 7, CART: 0}, 0)
    assert (third.session, third.positions) == ((9, 2), {})


def test_a_partition_that_is_not_wanted_any_more_is_forgotten() -> None:
    session = begun()
    request = session.request({CART: 0}, 500)
    assert (request.positions, request.forgotten) == ({}, [BROWSE])
    session.accept(answer())
    assert session.at_end({CART: 0}, []) == {CART}
    assert session.request({BROWSE: 5, CART: 0}, 500).positions == {BROWSE: 5}


def test_a_partition_of_which_nothing_is_told_is_where_it_was() -> None:
    session = begun()
    session.request({BROWSE: 5, CART: 0}, 0)
    told = session.accept(answer((BROWSE, 8, b"records")))
    assert told is not None
    assert session.at_end({BROWSE: 8, CART: 0}, told) == {BROWSE, CART}
    assert session.at_end({BROWSE: 7, CART: 0}, told) == {CART}


def test_silence_says_nothing_where_the_broker_had_no_room_left() -> None:
    session = begun()
    session.request({BROWSE: 5, CART: 0}, 0)
    told = session.accept(answer((BROWSE, 8, b"x" * (MAX_BYTES // 2))))
    assert told is not None
    assert session.at_end({BROWSE: 8, CART: 0}, told) == {BROWSE}


def test_a_partition_with_an_error_is_not_at_its_end() -> None:
    session = begun()
    session.request({BROWSE: 5, CART: 0}, 0)
    told = session.accept(answer((BROWSE, -1, b""), code=6))
    assert told is not None
    assert session.at_end({BROWSE: 5, CART: 0}, told) == {CART}


def test_a_session_that_the_broker_has_lost_begins_anew() -> None:
    session = begun()
    session.request({BROWSE: 5, CART: 0}, 0)
    assert session.accept(answer(error=SESSION_NOT_FOUND, session_id=0)) is None
    assert session.at_end({BROWSE: 5, CART: 0}, []) == set()
    request = session.request({BROWSE: 5, CART: 0}, 0)
    assert (request.session, request.positions) == ((0, 0), {BROWSE: 5, CART: 0})


def test_a_broker_without_sessions_is_told_everything_each_time() -> None:
    session = FetchSession()
    for _ in range(2):
        request = session.request({BROWSE: 5, CART: 0}, 0)
        assert (request.session, request.positions) == ((0, 0), {BROWSE: 5, CART: 0})
        session.accept(answer((BROWSE, 5, b""), (CART, 0, b""), session_id=0))


def test_a_request_is_laid_out_as_the_protocol_has_it() -> None:
    request = SessionFetch((9, 4), 500, [(BROWSE, 5), (CART, 0)], [TP("search", 1)])
    built = request.build(FetchRequest_v11)
    again = FetchRequest_v11.decode(BytesIO(built.encode()))
    assert (again.session_id, again.session_epoch, again.isolation_level) == (9, 4, 1)
    assert [topic for topic, _ in again.topics] == ["browse", "cart"]
    assert again.topics[1][1][0][:3] == (3, -1, 0)
    assert again.forgotten_topics_data == [("search", [1])]


def test_a_topic_that_is_awaited_has_not_ended_while_a_transaction_is_open_in_it() -> None:
    session = FetchSession(frozenset({"cart"}))
    session.request({BROWSE: 5, CART: 0}, 500)
    told = session.accept(open_transaction((BROWSE, 5, 8), (CART, 0, 3)))
    assert told is not None
    assert session.at_end({BROWSE: 5, CART: 0}, told) == {BROWSE}
    assert session.at_end({BROWSE: 5, CART: 3}, told) == {BROWSE, CART}


def open_transaction(*told: tuple[TP, int, int]) -> FetchResponse_v11:
    """Answer with (partition, end of what is committed, end of all)."""
    topics: list[tuple[str, list[tuple[object, ...]]]] = [
        (tp.topic, [(tp.partition, 0, high, stable, 0, [], -1, b"")]) for tp, stable, high in told
    ]
    return FetchResponse_v11(0, 0, 9, topics)
