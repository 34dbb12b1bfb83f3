"""Why a message is refused: a closed list, so that dashboards and dead letters can count on it."""

from typing import Literal, NoReturn, get_args

Reason = Literal[
    "empty",
    "too_large",
    "not_utf8",
    "bad_json",
    "duplicate_key",
    "too_deep",
    "not_finite",
    "unknown_envelope",
    "unknown_event_type",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "bad_text",
    "key_mismatch",
    "wrong_topic",
    "bad_timestamp",
    "too_far_in_future",
    "id_conflict",
    "forbidden_header",
    "bad_signature",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

MEANING: dict[Reason, str] = {
    "empty": "no value: a tombstone other than a profile's, or zero bytes",
    "too_large": "the value or its headers are longer than the limit",
    "not_utf8": "the value or the key is not UTF-8",
    "bad_json": "the value is not JSON",
    "duplicate_key": "an object names a key twice",
    "too_deep": "objects and arrays nest deeper than the limit",
    "not_finite": "a number is NaN, infinite or beyond a double",
    "unknown_envelope": "no known envelope: neither native, Segment, GA4, Snowplow nor CloudEvents",
    "unknown_event_type": "a known envelope with an event name that has no meaning here",
    "missing_field": "a required field is absent",
    "wrong_type": "a field, or the value itself, has another JSON type than it must have",
    "out_of_range": "a number, a text's length or the count of items is outside its limits",
    "bad_text": "a text holds control characters or a lone surrogate",
    "key_mismatch": "the message's key is not the event's user_id",
    "wrong_topic": "the event belongs to another topic",
    "bad_timestamp": "the event time cannot be read, or lies before the year 2000",
    "too_far_in_future": "the event time is more than five minutes ahead of the broker's",
    "id_conflict": "the event id was seen before with another payload",
    "forbidden_header": "a header would make the framework do what a sender must not ask for",
    "bad_signature": "a grant that the ledger did not sign, though grants are to be signed",
}

MAX_DETAIL_LENGTH = 160


class MalformedEvent(Exception):
    """A message that cannot become an event; it goes to the dead letters.

    Attributes
    ----------
    reason
        One of `REASONS`.
    detail
        What was wrong and where, for people: names of our own fields, limits and JSON types, never
        text of the payload, which may be personal. At most `MAX_DETAIL_LENGTH` characters.

    Examples
    --------
    >>> str(MalformedEvent("out_of_range", "quantity must be 1..999"))
    'out_of_range: quantity must be 1..999'
    """

    def __init__(self, reason: Reason, detail: str = "") -> None:
        self.reason: Reason = reason
        self.detail = (detail or MEANING[reason])[:MAX_DETAIL_LENGTH]
        super().__init__(f"{self.reason}: {self.detail}")


def refuse(reason: Reason, detail: str = "") -> NoReturn:
    """Raise the refusal; what led to it may quote the payload and is not chained.

    Raises
    ------
    MalformedEvent
        Always.
    """
    raise MalformedEvent(reason, detail) from None
