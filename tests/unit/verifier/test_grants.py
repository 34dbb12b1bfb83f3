"""The verifier's own reading of what was granted."""

import json
from typing import Any

from tests.verifier.grants import GrantBook
from tests.verifier.log import Record


def a_grant(seq: int, partition: int = 0, **changes: Any) -> Record:
    told = {"campaign_id": "spring", "partition": partition, "seq": seq, "granted": {}, **changes}
    return Record(
        topic="coupon.grants.v1",
        partition=0,
        offset=seq,
        timestamp_ms=0,
        key=b"0",
        value=json.dumps(told).encode(),
    )


def test_p4_grants_are_read_as_totals_by_number() -> None:
    book = GrantBook.of([a_grant(1), a_grant(2, granted={"policy": 500, "random": 20})])
    assert book.offenders == []
    assert book.newest_minor(0, "spring") == 520
    assert book.heard(0, "spring", 1) == {}
    assert book.heard(0, "spring", 3) is None


def test_p4_a_grant_that_falls_repeats_its_number_or_is_misled_is_an_offender() -> None:
    falls = [a_grant(1, granted={"policy": 500}), a_grant(2, granted={"policy": 400})]
    for records in (falls, [a_grant(1), a_grant(1)], [a_grant(1, partition=3)]):
        assert len(GrantBook.of(records).offenders) == 1
