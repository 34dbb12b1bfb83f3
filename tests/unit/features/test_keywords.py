"""Words of searches, their slots, and the classes of goods they speak of."""

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from features import interests, keywords
from features.interests import INTERESTS, Interest, interests_of, leading


def test_c10_a_word_has_the_same_slot_after_a_restart_whatever_the_hash_seed() -> None:
    code = "from features.keywords import bag; print(sorted(bag('red shoes 手机优惠券').items()))"
    here = str(sorted(keywords.bag("red shoes 手机优惠券").items()))
    for seed in ("0", "4711"):
        again = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert again.stdout.strip() == here


def test_c10_chinese_is_split_by_a_dictionary_and_english_by_spaces() -> None:
    assert keywords.keywords("红色连衣裙 for ladies") == ("红色", "连衣裙", "lady")


@given(st.text(max_size=300))
def test_c10_any_text_gives_few_bounded_words(text: str) -> None:
    words = keywords.keywords(text)
    assert len(words) <= keywords.MAX_WORDS
    assert len(set(words)) == len(words)
    assert all(word and len(word) <= 128 for word in words)
    assert all(0 <= slot < keywords.SLOTS_COUNT for slot in keywords.bag(text))


def interest_of(text: str) -> Interest:
    return leading(interests_of([(text, 1.0)]))


def test_c22_u1_who_searched_phone_and_laptop_is_interested_in_electronics() -> None:
    shares = interests_of([("phone", 1.0), ("laptop", 1.0)])
    assert leading(shares) == "electronics"


def test_v23_words_decide_not_the_ids_of_what_was_browsed() -> None:
    # The article's code looked for the keyword among browse ids, and so answered "generic".
    assert interest_of("phone") == interest_of("手机") == "electronics"
    assert leading(interests_of([("4711", 5.0), ("phone", 1.0)])) == "electronics"


def test_c22_who_searched_nothing_known_gets_the_generic_class() -> None:
    assert interest_of("qwertz 123") == interest_of("") == "generic"
    assert leading({}) == "generic"


def test_c22_the_four_named_groups_are_all_found_in_both_languages() -> None:
    told = {
        "electronics": ("smart tv", "充电器"),
        "fashion": ("summer dresses", "女装"),
        "household": ("kitchen lamps", "家居装饰"),
        "mother_baby": ("baby strollers", "婴儿奶粉"),
    }
    for interest, texts in told.items():
        assert [interest_of(text) for text in texts] == [interest, interest]


def test_c22_the_table_has_a_version_and_no_class_without_a_fallback() -> None:
    assert interests.VERSION
    assert INTERESTS[-1] == interests.GENERIC
