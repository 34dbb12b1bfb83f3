"""Rings: a scripted abuse set among households, offices and keen buyers."""

import json
from random import Random

import pytest

from features.session_record import Session
from online_models.knowledge.rings import DAY_MS, MAX_SHARED, Rings
from tests.unit.online_models.knowledge.sessions import a_session

HOUR_MS = 3_600_000


def honest(random: Random) -> list[Session]:
    """Let 600 people live: flats of two or three, an office of 40, a shop's tablet, keen buyers."""
    sessions = []
    for person in range(600):
        flat = f"flat-{person // 3}" if person >= 40 else "office"
        device = "tablet" if person % 50 == 7 else f"phone-{person}"
        eagerness = 0.6 if person % 20 == 0 else 0.15
        for _ in range(random.randint(1, 6)):
            sessions.append(
                a_session(
                    random.randrange(7 * DAY_MS),
                    f"honest-{person}",
                    device_hash=device,
                    address_hash=flat,
                    orders_count=int(random.random() < eagerness),
                    codes_count=int(random.random() < eagerness / 2),
                )
            )
    return sessions


def rings(random: Random) -> list[Session]:
    """Let six rings of 5 to 10 accounts share a device or an address, and 5 people guess codes."""
    sessions = []
    for ring in range(6):
        begin_ms = random.randrange(6 * DAY_MS)
        for member in range(random.randint(7, 10) if ring % 2 else random.randint(5, 10)):
            for _ in range(random.randint(1, 3)):
                sessions.append(
                    a_session(
                        begin_ms + random.randrange(DAY_MS),
                        f"ring-{ring}-{member}",
                        device_hash=f"d-{ring}" if ring % 2 == 0 else f"d-{ring}-{member}",
                        address_hash=f"a-{ring}" if ring % 2 else "",
                        orders_count=int(random.random() < 0.8),
                        codes_count=random.randint(0, 2),
                    )
                )
    for guesser in range(5):
        begin_ms = random.randrange(6 * DAY_MS)
        for number in range(4):
            at_ms = begin_ms + number * HOUR_MS
            sessions.append(a_session(at_ms, f"ring-guesser-{guesser}", codes_count=4))
    return sessions


def test_c62_planted_rings_and_guessers_are_found_and_hardly_anybody_else() -> None:
    right = wrong = missed = 0
    for seed in range(5):
        random, known = Random(seed), Rings()
        script = sorted([*honest(random), *rings(random)], key=lambda session: session.end_ms)
        suspected: set[str] = set()
        for session in script:
            known.learn(session)
            if known.reasons(session):
                suspected.add(session.user_id)
        # Who left before the ring was large enough is judged by what is known at the end.
        last = {session.user_id: session for session in script}
        suspected |= {user for user, session in last.items() if known.reasons(session)}
        planted = {user for user in last if user.startswith("ring")}
        right += len(suspected & planted)
        wrong += len(suspected - planted)
        missed += len(planted - suspected)
    precision, recall = right / (right + wrong), right / (right + missed)
    print(f"abuse: precision {precision:.3f}, recall {recall:.3f} ({right} found in 5 scripts)")
    assert precision >= 0.9
    assert recall >= 0.9


def test_c62_each_suspicion_has_its_reason() -> None:
    known = Rings()
    for user in range(5):
        session = a_session(0, f"u{user}", device_hash="one", orders_count=1)
        known.learn(session)
    assert known.reasons(session) == ("shared_device",)
    guess = a_session(0, "guesser", codes_count=7)
    known.learn(guess)
    assert known.reasons(guess) == ("code_guessing",)
    haste = a_session(0, "haste", orders_count=7)
    known.learn(haste)
    assert known.reasons(haste) == ("order_velocity",)


def test_c62_a_family_that_shares_everything_and_buys_is_no_ring() -> None:
    known = Rings()
    for user in range(3):
        session = a_session(
            0, f"u{user}", device_hash="tv", address_hash="home", orders_count=1, codes_count=1
        )
        known.learn(session)
    assert known.reasons(session) == ()


def test_c62_suspicion_ends_when_nobody_shares_any_more() -> None:
    known = Rings()
    for user in range(6):
        known.learn(a_session(0, f"u{user}", device_hash="one", orders_count=1))
    assert known.reasons(a_session(0, "u1", device_hash="one"))
    assert not known.reasons(a_session(8 * DAY_MS, "u1", device_hash="one"))


def test_c62_a_flood_of_fresh_devices_does_not_hide_a_ring() -> None:
    known = Rings()
    for user in range(6):
        known.learn(a_session(0, f"u{user}", device_hash="one", orders_count=1))
    for number in range(5_000):
        known.learn(a_session(0, f"flood-{number}", device_hash=f"fresh-{number}"))
    assert known.reasons(a_session(0, "u1", device_hash="one")) == ("shared_device",)


@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.slow)])
def test_p11_hostile_links_stay_within_the_stated_bytes(count: int) -> None:
    known = Rings()
    for number in range(count):
        # Two fifths single, three fifths shared by a dozen.
        device = f"{number // 15 if number % 5 > 1 else number:012x}"
        known.learn(
            a_session(
                1_760_000_000_000 + number,
                f"u{number}",
                device_hash=device,
                address_hash=f"{number // 12:012x}",
                orders_count=99_999,
                codes_count=99_999,
            )
        )
    dumped = json.dumps(known.dump(), separators=(",", ":"))
    assert len(known.dump()["shared"]) == MAX_SHARED
    assert len(dumped) <= Rings.MAX_BYTES
    assert Rings.load(json.loads(dumped)).dump() == known.dump()
