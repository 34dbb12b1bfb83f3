"""The words of a search: Chinese by dictionary, English by its spaces, each with a stable slot."""

import re
import unicodedata
from functools import lru_cache
from hashlib import blake2b

import rjieba

SLOTS_COUNT = 1_024
MAX_WORDS = 8
_MAX_CHARS = 128  # of a query; what a hostile one holds beyond that is not read
_RUNS = re.compile(r"[㐀-鿿]+|[a-z0-9]+")
_STOP = frozenset(
    "a an and are at buy by for from in is it my of on or s t the to with"
    " 的 了 和 与 及 是 在 我 要 买 有 也".split()
)
# Harman's S-stemmer, and before it the plurals of hisses: only plurals go, so that no two
# different goods fall together.
_PLURALS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    *[(f"{hiss}es", hiss, ()) for hiss in ("ss", "sh", "ch", "x")],
    ("ies", "y", ("eies", "aies")),
    ("es", "e", ("aes", "ees", "oes")),
    ("s", "", ("us", "ss")),
)


@lru_cache(maxsize=4_096)
def keywords(query: str) -> tuple[str, ...]:
    """Split a search into its words: lower case, plurals as singulars, each once, at most 8.

    References
    ----------
    [^1]: Sun (2012), jieba: Chinese text segmentation (its dictionary, through jieba-rs).
    [^2]: Harman (1991), How effective is suffixing? (the S-stemmer).

    Examples
    --------
    >>> keywords("Red running SHOES for the ladies")
    ('red', 'running', 'shoe', 'lady')
    >>> keywords("手机优惠券 iPhone")
    ('手机', '优惠券', 'iphone')
    """
    text = unicodedata.normalize("NFKC", query[:_MAX_CHARS]).casefold()
    words: dict[str, None] = {}
    for run in _RUNS.findall(text):
        pieces = (singular(run),) if run.isascii() else rjieba.cut(run)
        words.update(dict.fromkeys([word for word in pieces if word not in _STOP]))
    return tuple(words)[:MAX_WORDS]


def singular(word: str) -> str:
    """Take an English plural's ending off.

    Examples
    --------
    >>> [singular(word) for word in ("phones", "babies", "dresses", "dress", "bus")]
    ['phone', 'baby', 'dress', 'dress', 'bus']
    """
    if len(word) < 4:
        return word
    for ending, instead, exceptions in _PLURALS:
        if word.endswith(ending) and not word.endswith(exceptions):
            return word.removesuffix(ending) + instead
    return word


def slot(word: str) -> int:
    """Give the slot of a word, in 0..1023: the same after a restart and on any machine.

    Examples
    --------
    >>> slot("shoe"), slot("手机")
    (209, 158)
    """
    return int.from_bytes(blake2b(word.encode(), digest_size=4).digest(), "big") % SLOTS_COUNT


def bag(query: str) -> dict[int, int]:
    """Count the words of a search by slot.

    Examples
    --------
    >>> sum(bag("red shoes").values())
    2
    """
    counts: dict[int, int] = {}
    for word in keywords(query):
        at = slot(word)
        counts[at] = counts.get(at, 0) + 1
    return counts
