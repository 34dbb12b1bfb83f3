"""Two people must agree: what one alone can do, and what nobody can do with another's signature."""

from base64 import b64encode
from dataclasses import dataclass, replace
from typing import Any

import pytest

from coupons.leases import Ask
from streams import proposals, wire
from streams.approvers import Approvers, Headers, Signer, approvers_of, own_signer, signer_of
from streams.caution import require_caution
from streams.proposal import Proposal
from streams.seal import Seal, ask_seal_of, is_sealed, sealed
from streams.setting_problems import SettingsError
from streams.settings import Settings, load

ANNA, BEN, EVE = (Signer(name, bytes([number]) * 32) for number, name in enumerate("abe"))
PEOPLE = Approvers("engine", {one.name: one.public for one in (ANNA, BEN)})
TOPIC, ENDS_MS = "coupon.budget.v1", 1_000


@dataclass(frozen=True)
class Came:
    """A record as Kafka gives it."""

    key: bytes | None
    value: bytes | None
    headers: Headers
    timestamp: int = ENDS_MS - 1


def a_proposal(by: Signer = ANNA, value: str = '{"order_id":"x"}') -> Proposal:
    return proposals.draft("x", TOPIC, [("spring", value)], by, "engine", ENDS_MS)


def agreed(by: Signer = ANNA, other: Signer = BEN) -> Came:
    ((key, value, headers),) = proposals.approved(a_proposal(by), other, "engine")
    return Came(key, value, list(headers))


def text_of(key: bytes) -> str:
    return b64encode(key).decode()


def test_what_two_people_signed_is_taken_and_each_may_be_first() -> None:
    assert PEOPLE.objection(TOPIC, agreed(ANNA, BEN)) is None
    assert PEOPLE.objection(TOPIC, agreed(BEN, ANNA)) is None


def test_where_nobody_is_named_nobody_is_asked() -> None:
    assert Approvers("engine", {}).objection(TOPIC, Came(b"spring", b"{}", [])) is None


def test_nobody_approves_their_own_proposal() -> None:
    with pytest.raises(ValueError, match="another person than a must approve, who proposed it"):
        proposals.approved(a_proposal(), ANNA, "engine")


def test_one_person_is_not_two_however_their_signature_is_named() -> None:
    came = agreed()
    mine = next(value for name, value in came.headers if name == "approval.a")
    for name in ("approval.a", "approval.b", "approval.e", "approval."):
        headers = [*(one for one in came.headers if one[0] != "approval.b"), (name, mine)]
        told = PEOPLE.objection(TOPIC, replace(came, headers=headers))
        assert told == "must be signed by 2 of a, b, was by a"


def test_a_stranger_does_not_count() -> None:
    told = PEOPLE.objection(TOPIC, agreed(ANNA, EVE))
    assert told == "must be signed by 2 of a, b, was by a"


@pytest.mark.parametrize(
    "change",
    [
        {"value": b'{"order_id":"y"}'},
        {"value": None},
        {"key": b"autumn"},
        {"key": None},
        {"headers": []},
    ],
)
def test_whatever_of_it_is_changed_nobody_signed(change: dict[str, Any]) -> None:
    told = PEOPLE.objection(TOPIC, replace(agreed(), **change))
    assert told == "must be signed by 2 of a, b, was by nobody"


@pytest.mark.parametrize("ends", [b"2000", b"", b"x", b"9" * 5_000, "²".encode()])
def test_nobody_makes_the_time_longer(ends: bytes) -> None:
    came = agreed()
    headers = [(name, ends if name == "approval-ends-ms" else one) for name, one in came.headers]
    told = PEOPLE.objection(TOPIC, replace(came, headers=headers))
    assert told == "must be signed by 2 of a, b, was by nobody"


def test_what_was_signed_for_one_topic_or_app_is_good_in_no_other() -> None:
    assert PEOPLE.objection("coupon.catalogue.v1", agreed()) is not None
    assert replace(PEOPLE, app_id="other").objection(TOPIC, agreed()) is not None


def test_an_approval_ends_by_kafkas_clock() -> None:
    told = PEOPLE.objection(TOPIC, replace(agreed(), timestamp=ENDS_MS))
    assert told == "must come before 1000 ms, was appended at 1000"


def test_a_proposal_that_was_changed_or_is_in_anothers_name_is_not_genuine() -> None:
    proposal = a_proposal()
    assert proposals.is_genuine(proposal, PEOPLE)
    (one,) = proposal.messages
    for changed in (
        replace(proposal, proposed_by="b"),
        replace(proposal, ends_ms=ENDS_MS + 1),
        replace(proposal, topic="coupon.catalogue.v1"),
        replace(proposal, messages=[]),
        replace(proposal, messages=[replace(one, value="{}")]),
        replace(proposal, messages=[replace(one, signature="no base64")]),
    ):
        assert not proposals.is_genuine(changed, PEOPLE)
    assert wire.decode_proposal(wire.encode_proposal(proposal)[1] or b"") == proposal


def test_a_proposal_is_named_by_how_no_other_begins() -> None:
    found = [replace(a_proposal(), proposal_id=name) for name in ("abc", "abd", "x")]
    assert proposals.named(found, "abd").proposal_id == "abd"
    with pytest.raises(ValueError, match=r"must be one of those that wait \(abc, abd\), was ab"):
        proposals.named(found, "ab")
    with pytest.raises(ValueError, match=r"must be one of those that wait \(none\), was x"):
        proposals.named([], "x")


# -- settings ----------------------------------------------------------------------------------


def test_who_may_approve_is_known_by_the_key_and_not_by_the_name() -> None:
    people = {"approvers": f"{ANNA.entry},{BEN.entry}"}
    mine = Settings.model_validate({**people, "approval_key": f"a:{text_of(ANNA.secret)}"})
    assert signer_of(mine) == ANNA == own_signer(mine)
    assert approvers_of(mine).keys == PEOPLE.keys
    for key in (f"b:{text_of(ANNA.secret)}", f"e:{text_of(EVE.secret)}"):
        settings = Settings.model_validate({**people, "approval_key": key})
        with pytest.raises(SettingsError, match="COUPON_APPROVAL_KEY must be the key of one of a"):
            signer_of(settings)
    with pytest.raises(SettingsError, match=r"COUPON_APPROVAL_KEY\[_FILE\] must be set"):
        signer_of(Settings.model_validate(people))


@pytest.mark.parametrize(
    "approvers",
    [
        ANNA.entry,
        f"{ANNA.entry},{ANNA.entry}",
        f"{ANNA.entry},b:{text_of(ANNA.public)}",  # one person with two names
        f"{ANNA.entry},b:short",
        f"{ANNA.entry},{text_of(BEN.public)}",
    ],
)
def test_fewer_than_two_people_cannot_approve(approvers: str) -> None:
    with pytest.raises(SettingsError, match="COUPON_APPROVERS must be two or more"):
        load(None, {"approvers": approvers})


# -- what partitions ask ------------------------------------------------------------------------


def test_a_worker_where_people_approve_needs_a_key_for_what_partitions_ask() -> None:
    people = {"approvers": f"{ANNA.entry},{BEN.entry}"}
    with pytest.raises(SettingsError, match="COUPON_MODEL_KEY"):
        require_caution(Settings.model_validate(people))
    settings = Settings.model_validate({**people, "model_key": "a key"})
    require_caution(settings)
    assert ask_seal_of(settings) == Seal(b"a key")
    assert ask_seal_of(Settings.model_validate({"model_key": "a key"})) is None


def test_who_has_no_workers_key_cannot_ask_in_a_partitions_name() -> None:
    ask = wire.encode_ask(Ask(campaign_id="spring", partition=0, seq=1, now_ms=0, first_minor=9))
    assert sealed([ask], None) == [ask], "without people who approve all is as it was"
    seal = Seal(b"a key")
    ((_, value, headers),) = sealed([ask], seal)
    assert is_sealed(value, headers, seal)
    assert not is_sealed(value, ask[2], seal)
    assert not is_sealed(b"{}", headers, seal)
    assert not is_sealed(value, headers, Seal(b"another"))
    assert is_sealed(value, headers, Seal(b"another", former=(b"a key",)))
    assert not is_sealed(value, [("seal", b"\xff")], seal)
    assert is_sealed(value, [], None)
