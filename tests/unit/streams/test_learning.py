"""Which snapshots a worker puts in force: its own format, its own model, its own key."""

from typing import Any

import pytest

from online_models import snapshot
from online_models.refusals import Reason, SnapshotRefused
from streams import wire
from streams.grounds import Grounds
from streams.learning import Learning, fresh_trainer
from streams.metrics import Metrics
from streams.seal import Seal, seal_of
from streams.settings import Settings
from tests.builders import FakeRecord

KEYED = Settings(model_key="ours")  # type: ignore[arg-type]


def plain() -> dict[str, Any]:
    return snapshot.dump(fresh_trainer(), model_id=KEYED.model_id, model_version="0")


def test_a_snapshot_signed_with_our_key_is_put_in_force() -> None:
    learning = Learning(KEYED)
    learning.take(snapshot.signed(plain(), Seal(b"ours").sign))
    assert learning.version == "0"


@pytest.mark.parametrize("state", [plain(), snapshot.signed(plain(), Seal(b"theirs").sign)])
def test_an_unsigned_snapshot_and_one_of_another_key_are_refused(state: dict[str, Any]) -> None:
    learning = Learning(KEYED)
    with pytest.raises(SnapshotRefused) as refused:
        learning.take(state)
    assert refused.value.reason == Reason.BAD_SIGNATURE
    assert learning.version == "prior"


def test_what_a_former_key_signed_is_believed_and_the_new_one_signs_what_comes_next() -> None:
    changed = Settings.model_validate({"model_key": "new", "model_former_keys": "older, ours"})
    learning = Learning(changed)
    learning.take(snapshot.signed(plain(), Seal(b"ours").sign))
    assert learning.version == "0"
    seal = seal_of(changed)
    assert seal is not None
    assert seal.sign("00ff") == Seal(b"new").sign("00ff")


def test_a_worker_told_of_the_next_key_believes_what_was_signed_with_it() -> None:
    told = Settings.model_validate({"model_key": "ours", "model_former_keys": "next"})
    learning = Learning(told)
    learning.take(snapshot.signed(plain(), Seal(b"next").sign))
    assert learning.version == "0"


def test_a_signature_does_not_cover_other_weights() -> None:
    state = snapshot.signed(plain(), Seal(b"ours").sign)
    state["groups"][0]["w"][0] += 1.0
    with pytest.raises(SnapshotRefused):
        Learning(KEYED).take(state)


def test_without_a_key_a_signed_snapshot_is_refused_too() -> None:
    with pytest.raises(SnapshotRefused):
        Learning(Settings()).take(snapshot.signed(plain(), Seal(b"ours").sign))


def test_p10_what_is_refused_is_counted_and_the_last_good_model_stays() -> None:
    metrics = Metrics()
    grounds = Grounds(KEYED, metrics)
    good = wire.encode_state(snapshot.signed(plain(), Seal(b"ours").sign))
    foreign = wire.encode_state(snapshot.signed(plain(), Seal(b"theirs").sign))
    for key, value in (
        (KEYED.model_id, good),
        (KEYED.model_id, foreign),
        (grounds.learning.lead_key, b"{"),
        (grounds.knowing.key, foreign),
        ("another", b"{"),
    ):
        grounds.hear(FakeRecord(0, 0, key.encode(), value))
    assert grounds.learning.version == "0"
    assert "coupon_model_checkpoint_failures_total 3.0" in metrics.exposition()[0].decode()


def test_campaigns_and_stock_levels_that_are_refused_are_counted_and_change_nothing() -> None:
    metrics = Metrics()
    grounds = Grounds(KEYED, metrics)
    before = grounds.offers.catalogue
    grounds.hear_campaign(FakeRecord(0, 0, b"spring", b'{"budget":"much"}'))
    grounds.hear_campaign(FakeRecord(1, 0, b"unknown", None))
    grounds.hear_stock(FakeRecord(0, 0, b"tent", b'{"product_id":"lamp","available_count":0}'))
    grounds.hear_stock(FakeRecord(1, 0, b"tent", b'{"product_id":"tent","available_count":9}'))
    grounds.hear_stock(FakeRecord(2, 0, b"tent", None))
    grounds.hear_stock(FakeRecord(3, 0, b"tent", b"{"))
    assert grounds.offers.catalogue == before
    page = metrics.exposition()[0].decode()
    assert 'coupon_control_refused_total{kind="campaign"} 1.0' in page
    assert 'coupon_control_refused_total{kind="stock"} 2.0' in page
