"""How people change the catalogue in force: by messages on its topic, one for each campaign."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from coupons.catalogue_file import campaign_from_record
from coupons.catalogue_records import Edit, edits
from streams import proposals, wire
from streams.approvers import signer_of
from streams.control import tell
from streams.dead_letters import Outbound
from streams.offers import Offers
from streams.proposal import Proposal
from streams.settings import Settings
from streams.topics import catalogue_topic


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Campaigns that are to change together.

    Attributes
    ----------
    before, version
        The catalogue's version as it is in force, and as it would be.
    refused
        Why it cannot be; None if it can.
    """

    before: str
    version: str
    edits: tuple[Edit, ...]
    refused: str | None = None


async def in_force(settings: Settings) -> Offers:
    """Read the catalogue as workers have it: the file's, and over it the topic's.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    offers = Offers(settings)
    await offers.read(settings)
    return offers


async def planned(settings: Settings, text: str, name: str) -> Change:
    """Tell what a file would change.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    CatalogueError
        The file is refused.
    ValueError
        A coupon has the id of another campaign's.
    """
    offers = await in_force(settings)
    before = offers.catalogue
    found = edits(text, name, before, offers.next_version)
    for edit in found:
        offers.put(edit.campaign.campaign_id, edit.record)
    return Change(before=before.version, version=offers.catalogue.version, edits=tuple(found))


def messages_of(change: Change) -> list[Outbound]:
    """Give the messages that put a change in force."""
    return [
        (edit.campaign.campaign_id.encode(), wire.encode_canonical(edit.record), [])
        for edit in change.edits
    ]


def drafted(change: Change, settings: Settings) -> Proposal:
    """Sign a change, to be proposed under the version that it leads to."""
    return proposals.draft(
        change.version,
        catalogue_topic(settings),
        [((key or b"").decode(), (value or b"").decode()) for key, value, _ in messages_of(change)],
        signer_of(settings),
        settings.app_id,
        _now_ms() + settings.approval_ms,
    )


async def send(change: Change, proposal: Proposal | None, settings: Settings) -> None:
    """Propose a change, or put it in force where nobody needs to be asked.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    if proposal is not None:
        await proposals.propose(proposal, settings)
    else:
        await put(messages_of(change), settings)


async def put(messages: Sequence[Outbound], settings: Settings) -> None:
    """Send messages of campaigns.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    await tell(catalogue_topic(settings), messages, settings)


async def proposed(settings: Settings) -> list[tuple[Proposal, Change]]:
    """Read the changes that are proposed and still in time, each as it would be now.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    found = await proposals.waiting(settings, catalogue_topic(settings), _now_ms())
    offers = await in_force(settings)
    return [(one, _change(one, offers)) for one in found]


def _change(proposal: Proposal, offers: Offers) -> Change:
    """Try a proposal on the catalogue in force, which stays as it is."""
    before, tried = offers.catalogue, offers.copy()
    known = {one.campaign_id: one for one in before.campaigns}
    found, refused = list[Edit](), None
    for one in proposal.messages:
        try:
            record = wire.decode_state(one.value.encode())
            campaign = campaign_from_record(record, one.key)
            if campaign.version < tried.next_version(one.key):
                refused = f"{one.key} must have a version of {tried.next_version(one.key)} or more,"
                refused += f" was {campaign.version}: it has changed since, or this is done"
            tried.put(one.key, record)
        except ValueError as error:
            refused = str(error)
            continue
        found.append(Edit(campaign=campaign, record=record, before=known.get(one.key)))
    after = tried.catalogue.version
    if refused is None and after != proposal.proposal_id:
        refused = f"it must lead to {proposal.proposal_id}, would lead to {after}: propose it again"
    return Change(before=before.version, version=after, edits=tuple(found), refused=refused)


def in_words(edit: Edit) -> str:
    """Say in one line what changes of a campaign."""
    after, before = edit.campaign, edit.before
    number = f"version {after.version}" + ("" if before is None else f" after {before.version}")
    budget = f"budget {after.budget_minor}"
    if before is not None and before.budget_minor != after.budget_minor:
        budget += f", was {before.budget_minor},"
    coupons = ", ".join(coupon.coupon_id for coupon in after.coupons) or "none"
    name = after.campaign_id + (" (new)" if before is None else "")
    return f"{name}: {number}; {budget} minor units of {after.currency}; coupons {coupons}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
