"""What one person asks another to agree to, as it stands in Kafka."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One message as it is to be sent, and the proposer's signature in base64."""

    key: str
    value: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """Messages that wait for a second person.

    Attributes
    ----------
    topic
        Where they are to go.
    ends_ms
        They must be there before this time of Kafka's.
    """

    proposal_id: str
    topic: str
    proposed_by: str
    ends_ms: int
    messages: list[Proposed]
