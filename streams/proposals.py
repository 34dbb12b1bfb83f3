"""What one person proposes and another approves, on a topic that only people read.

A proposal holds the very messages that are to be sent, each signed by who proposes them. Who
approves adds a signature and sends them to their own topic: only there do they become anything, and
only for readers that find both signatures good. Nothing has to be kept of a proposal, and one that
is changed, or whose time is over, is good for nothing.
"""

from base64 import b64encode
from collections.abc import Sequence

from streams import wire
from streams.approvers import Approvers, Signer, Terms, approvers_of, headers_of, unpacked
from streams.connection import client_options
from streams.control import tell
from streams.dead_letters import Outbound
from streams.proposal import Proposal, Proposed
from streams.reading import records
from streams.settings import Settings
from streams.topics import proposals_topic


def draft(
    proposal_id: str,
    topic: str,
    messages: Sequence[tuple[str, str]],
    signer: Signer,
    app_id: str,
    ends_ms: int,
) -> Proposal:
    """Sign messages, given as keys and values, and put them together."""
    signed = []
    for key, value in messages:
        terms = _terms(topic, key, value, app_id, ends_ms)
        signature = b64encode(signer.sign(terms)).decode()
        signed.append(Proposed(key=key, value=value, signature=signature))
    return Proposal(
        proposal_id=proposal_id,
        topic=topic,
        proposed_by=signer.name,
        ends_ms=ends_ms,
        messages=signed,
    )


def _terms(topic: str, key: str, value: str, app_id: str, ends_ms: int) -> Terms:
    return Terms(
        app_id=app_id, topic=topic, key=key.encode(), value=value.encode(), ends_ms=ends_ms
    )


def _terms_of(proposal: Proposal, app_id: str) -> list[Terms]:
    topic, ends_ms = proposal.topic, proposal.ends_ms
    return [_terms(topic, one.key, one.value, app_id, ends_ms) for one in proposal.messages]


def is_genuine(proposal: Proposal, approvers: Approvers) -> bool:
    """Tell whether every message is signed by whom the proposal names."""
    by = proposal.proposed_by
    terms = _terms_of(proposal, approvers.app_id)
    return bool(terms) and all(
        approvers.signers(each, [(by, unpacked(one.signature))])
        for each, one in zip(terms, proposal.messages, strict=True)
    )


def approved(proposal: Proposal, signer: Signer, app_id: str) -> list[Outbound]:
    """Give the messages of a proposal as they are sent, signed by both.

    Raises
    ------
    ValueError
        The two are the same person.
    """
    if signer.name == proposal.proposed_by:
        message = f"another person than {signer.name} must approve, who proposed it"
        raise ValueError(message)
    sent: list[Outbound] = []
    for terms, one in zip(_terms_of(proposal, app_id), proposal.messages, strict=True):
        signatures = [
            (proposal.proposed_by, unpacked(one.signature)),
            (signer.name, signer.sign(terms)),
        ]
        sent.append((terms.key, terms.value, headers_of(terms, signatures)))
    return sent


async def propose(proposal: Proposal, settings: Settings) -> None:
    """Send a proposal for others to see.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    message = wire.encode_proposal(proposal)
    await tell(proposals_topic(settings), [message], settings)


async def waiting(settings: Settings, topic: str, now_ms: int) -> list[Proposal]:
    """Read what is proposed for a topic, signed as it says and still in time; the oldest first.

    Raises
    ------
    aiokafka.errors.KafkaError
        The broker refused.
    """
    approvers, found = approvers_of(settings), list[Proposal]()
    async for record in records(client_options(settings), [proposals_topic(settings)]):
        try:
            proposal = wire.decode_proposal(record.value or b"")
        except (ValueError, RecursionError):
            continue  # nobody is bound by what cannot be read
        if proposal.topic != topic or proposal.ends_ms <= now_ms:
            continue
        if is_genuine(proposal, approvers):
            found.append(proposal)
    return found


def named(proposals: Sequence[Proposal], proposal_id: str) -> Proposal:
    """Choose a proposal by its id, or by how no other's begins.

    Raises
    ------
    ValueError
        There is none, or several.
    """
    found = [one for one in proposals if one.proposal_id.startswith(proposal_id)]
    if len(found) == 1:
        return found[0]
    ids = ", ".join(sorted({one.proposal_id for one in found or proposals})) or "none"
    message = f"must be one of those that wait ({ids}), was {proposal_id}"
    raise ValueError(message)
