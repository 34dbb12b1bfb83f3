"""The articles' worked examples, with their errors mended, and the test that holds each of them.

A line tells id, what is right, and the file in which tests carry the id in their names.
"""

from typing import NamedTuple

TABLE = """
V01 spend 1,000, save 100: at 999.99 nothing, at 1,000 pay 900 | coupons/test_price.py
V02 200 less 30 is 170; two coupons on one cart need a rule | coupons/test_stacking.py
V03 first order less 20: never below 0, never twice | coupons/test_eligibility.py
V04 8折 and 9折 are 20 % and 10 % off | coupons/test_price.py
V05 second item at half price, by pairs | coupons/test_price.py
V06 a first purchase of what is bought already can never be redeemed | coupons/test_eligibility.py
V07 free delivery changes the shipping line only | coupons/test_price.py
V08 intent with the sign mended; no printed cell is met | online_models/test_shapes.py
V09 similarities and scores of the textbook | online_models/knowledge/test_similar.py
V10 a ratio that is always 1 tells nothing | online_models/knowledge/test_similar.py
V11 a transition is the share of what comes next | online_models/knowledge/test_transitions.py
V12 only members move a centre, and no axis decides by its unit
    | online_models/knowledge/test_segments.py
V13 without crosses all customers would rank coupons alike | online_models/test_response.py
V14 the logistic distribution is one half at its mean | online_models/test_shapes.py
V15 Beta density, and 3 of 10 under a flat prior is 1/3 | online_models/test_shapes.py
V16 the right answers are R2, R3, R1 | coupons/test_article.py
V17 profit takes coupon and intent of the same good | coupons/test_article.py
V18 giving most and earning most are opposites; no coupon beats all | coupons/test_article.py
V19 send only if the lift pays for those who buy anyway | coupons/test_article.py
V20 the best coupon is an argmax | coupons/test_article.py
V21 F1 comes from precision and recall | online_models/test_shapes.py
V22 a label is the coupon's name, and a model keeps its columns
    | online_models/league/test_articles_models.py
V23 words decide, not the ids of what was browsed | features/test_keywords.py
V24 nothing is its own neighbour, and all neighbours count
    | online_models/knowledge/test_similar.py
V25 sums stay as baselines; a real tree says what they cannot
    | online_models/league/test_articles_models.py
V26 the order of stacking changes what is paid | coupons/test_stacking.py
"""


class Vector(NamedTuple):
    """One of them; `test` is a path from the root."""

    id: str
    what: str
    test: str


def vectors() -> tuple[Vector, ...]:
    """Read the table.

    Examples
    --------
    >>> vectors()[-1].id, vectors()[-1].test
    ('V26', 'tests/unit/coupons/test_stacking.py')
    """
    lines = TABLE.replace("\n    ", " ").strip().splitlines()
    return tuple([_vector(line) for line in lines])


def _vector(line: str) -> Vector:
    told, test = line.split(" | ")
    name, _, what = told.partition(" ")
    return Vector(name, what, f"tests/unit/{test}")
