"""Knowledge as a whole: bounded, the same for the same sessions, whole after a load."""

import json
from random import Random

import pytest

from features.session_record import CODE_OF, Session
from online_models.knowledge.add_ons import AddOns
from online_models.knowledge.knowledge import Knowledge
from tests.unit.online_models.knowledge.sessions import DAY_MS, a_session, counts


def lived(seed: int, count: int, hostile: bool = False) -> list[Session]:
    random, kinds, sessions = Random(seed), sorted(CODE_OF), []
    for number in range(count):
        names = [
            f"{number * 10 + at:x}".rjust(40, "z") if hostile else f"p{random.randrange(60)}"
            for at in range(10 if hostile else 4)
        ]
        sessions.append(
            a_session(
                number * DAY_MS // 100,
                f"u{number if hostile else random.randrange(50)}",
                steps=tuple((random.choice(kinds), random.randint(1, 4)) for _ in range(6)),
                viewed=names,
                carted=names[1:],
                bought=names[2:],
                words=names[:8],
                viewed_categories=names[:2],
                bought_categories=names,
                orders_count=1,
                order_minor=random.randrange(10_000),
                device_hash=f"{number // 5:012x}",
                address_hash=f"{number // 12:012x}",
            )
        )
    return sessions


def test_the_same_sessions_give_the_same_bytes_and_a_loaded_one_goes_on_the_same() -> None:
    one, other = Knowledge(), Knowledge()
    sessions = lived(1, 600)
    for session in sessions[:400]:
        one.learn(session)
        other.learn(session)
    assert json.dumps(one.dump()) == json.dumps(other.dump())
    again = Knowledge.load(json.loads(json.dumps(one.dump())))
    for session in sessions[400:]:
        one.learn(session)
        again.learn(session)
    assert json.dumps(again.dump()) == json.dumps(one.dump())
    told, once = (AddOns(x.associations.products, x.now_ms).hints(["p1"], 5) for x in (again, one))
    assert told == once


def test_p11_hostile_names_stay_within_about_two_megabytes() -> None:
    known = Knowledge()
    for session in lived(2, 1_000, hostile=True):
        known.learn(session)
    dumped = json.dumps(known.dump(), separators=(",", ":"))
    print(f"{len(dumped):,} bytes dumped, bound {Knowledge.MAX_BYTES:,}")
    assert len(dumped) <= Knowledge.MAX_BYTES <= 2_150_000


def test_a_state_of_another_format_is_refused() -> None:
    with pytest.raises(ValueError, match="format must be 2, was 0"):
        Knowledge.load({"format": 0})


def test_an_empty_session_is_learned_by_all() -> None:
    known = Knowledge()
    known.learn(Session(user_id="u", start_ms=0, end_ms=0, viewed=counts("")))
    assert known.sessions_count == 1
    assert known.heat.top("products", 5, 0) == []
