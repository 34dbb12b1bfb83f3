"""Codes: nobody guesses one, a slip of the finger is seen without looking anything up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coupons.codes import ALPHABET, LENGTH, CodeKey, code_of, is_ours, is_well_formed, plain, same

KEY = CodeKey(key_id="A", secret=b"a secret")
DECISIONS = st.text(min_size=1, max_size=26)


@given(DECISIONS)
def test_a_code_is_well_formed_however_it_is_typed_and_bears_its_key(decision_id: str) -> None:
    code = code_of(KEY, decision_id)
    assert len(plain(code)) == LENGTH
    assert plain(code)[0] == KEY.key_id
    assert not set(plain(code)) & set("01OIL")
    for typed in (code, code.lower(), f" {code.replace('-', ' ')} "):
        assert is_well_formed(typed)
        assert same(typed, code)


@given(DECISIONS, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_every_wrong_character_is_seen(decision_id: str, at: int, wrong: str) -> None:
    code = plain(code_of(KEY, decision_id))
    mistyped = code[:at] + wrong + code[at + 1 :]
    assert is_well_formed(mistyped) == (mistyped == code)
    assert is_ours(mistyped)


@given(DECISIONS, st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1))
def test_every_two_characters_that_changed_places_are_seen(
    decision_id: str, one: int, other: int
) -> None:
    code = plain(code_of(KEY, decision_id))
    swapped = list(code)
    swapped[one], swapped[other] = swapped[other], swapped[one]
    assert is_well_formed("".join(swapped)) == ("".join(swapped) == code)


def test_another_secret_and_another_decision_give_another_code() -> None:
    other = CodeKey(key_id="A", secret=b"another secret")
    codes = {code_of(key, f"d{number}") for number in range(1_000) for key in (KEY, other)}
    assert len(codes) == 2_000


def test_a_key_needs_a_name_that_a_code_can_bear_and_never_shows_its_secret() -> None:
    with pytest.raises(ValueError, match=r"key_id must be one of .*, was 'O'"):
        CodeKey(key_id="O", secret=b"")
    assert "secret" not in repr(KEY)
