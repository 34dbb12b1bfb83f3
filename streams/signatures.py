"""Signatures under what workers write for one another: rows, the ledger's books and its grants.

Rights keep others from these topics; a signature shows it when they did not. It is over the app,
the kind of the topic, the partition, a number, key, value and headers: nothing signed can be
altered, or pass for what stands elsewhere. The number rises with each transaction of a writer, so
that what was written before cannot be put back after something newer either.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn

from streams.key_rings import keys_of
from streams.settings import Settings, Trust

if TYPE_CHECKING:
    from streams.publisher import OutboundTopics
    from streams.transactions import Outgoing

HEADER = "signature"
# HMAC-SHA-256-128 (RFC 4868): half of the digest, so that a row grows by less.
_MAC_BYTES = 16
_MAX_DIGITS_COUNT = 18

Headers = Sequence[tuple[str, bytes]]
Fault = Literal["unsigned", "unknown_key", "forged", "put_back"]


class Place(NamedTuple):
    """Where a record stands."""

    topic: str
    partition: int


class NotBelievedError(ValueError):
    """A record is not one that a worker of ours wrote there; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        self.fault: Fault = fault
        super().__init__(fault)


def disbelieve(fault: Fault) -> NoReturn:
    """Refuse a record.

    Raises
    ------
    NotBelievedError
        Always.
    """
    raise NotBelievedError(fault)


class Signatures:
    """Signs with the first of its keys, and knows what any of them signed.

    Parameters
    ----------
    kinds
        What the topics whose records are signed hold, whatever their names.
    trust
        Whether a record may lack its signature.

    Examples
    --------
    >>> ours = Signatures({"k1": bytes(32)}, "shop", {"shop-users-changelog": "users"}, "signed")
    >>> place = Place("shop-users-changelog", 3)
    >>> header = ours.header(place, 7, b"ann", b"{}", [])
    >>> header
    ('signature', b'k1:7:83ccc8608922a45a71ccbc5b7aa22546')
    >>> ours.number_of(place, b"ann", b"{}", [header])
    7
    >>> ours.number_of(place, b"bob", b"{}", [header])
    Traceback (most recent call last):
    streams.signatures.NotBelievedError: forged
    """

    def __init__(
        self, keys: Mapping[str, bytes], app_id: str, kinds: Mapping[str, str], trust: Trust
    ) -> None:
        self._keys = dict(keys)
        self._first = next(iter(keys))
        self._app = app_id.encode()
        self._kinds = {topic: kind.encode() for topic, kind in kinds.items()}
        self.trust = trust

    def cover(self, topic: str) -> bool:
        """Tell whether records of a topic are signed."""
        return topic in self._kinds

    def header(
        self, place: Place, number: int, key: bytes | None, value: bytes | None, headers: Headers
    ) -> tuple[str, bytes]:
        """Sign a record."""
        mac = self._mac(self._first, place, number, key, value, headers)
        return HEADER, b"%s:%d:%s" % (self._first.encode(), number, mac)

    def number_of(
        self, place: Place, key: bytes | None, value: bytes | None, headers: Headers
    ) -> int | None:
        """Give the number that a record was signed with; None where it may be, and is, unsigned.

        Raises
        ------
        NotBelievedError
            It is not as a holder of one of the keys signed it for this place.
        """
        found = [text for name, text in headers if name == HEADER]
        if not found:
            if self.trust == "changeover":
                return None
            disbelieve("unsigned")
        name, _, rest = found[0].partition(b":")
        digits, _, mac = rest.partition(b":")
        key_name = name.decode("ascii", "replace")
        if key_name not in self._keys:
            disbelieve("unknown_key")
        if len(found) > 1 or not digits.isdigit() or len(digits) > _MAX_DIGITS_COUNT:
            disbelieve("forged")
        others = [one for one in headers if one[0] != HEADER]
        if not hmac.compare_digest(
            mac, self._mac(key_name, place, int(digits), key, value, others)
        ):
            disbelieve("forged")
        return int(digits)

    def is_current(self, headers: Headers) -> bool:
        """Tell whether a believed record was signed with the key that is now in use."""
        prefix = self._first.encode() + b":"
        return any(name == HEADER and text.startswith(prefix) for name, text in headers)

    def _mac(
        self,
        key_name: str,
        place: Place,
        number: int,
        key: bytes | None,
        value: bytes | None,
        headers: Headers,
    ) -> bytes:
        parts = [self._app, self._kinds[place.topic], b"%d" % place.partition, b"%d" % number]
        parts += [b"" if key is None else b"=" + key, b"" if value is None else b"=" + value]
        for name, text in headers:
            parts += [name.encode(), text]
        lengths = b",".join(b"%d" % len(part) for part in parts)
        text = b"".join((lengths, b"\n", *parts))
        return hmac.digest(self._keys[key_name], text, "sha256")[:_MAC_BYTES].hex().encode()


class Signer:
    """Signs what one writer sends, one number for each of its transactions."""

    def __init__(self, signatures: Signatures) -> None:
        self._signatures = signatures
        self.number = 0

    def signed(self, messages: Iterable["Outgoing"]) -> list["Outgoing"]:
        """Give the messages of the next transaction with their signatures."""
        self.number += 1
        return [self._signed(one) for one in messages]

    def _signed(self, one: "Outgoing") -> "Outgoing":
        if not self._signatures.cover(one.topic):
            return one
        place = Place(one.topic, one.partition)
        header = self._signatures.header(place, self.number, one.key, one.value, one.headers)
        return one._replace(headers=(*one.headers, header))


def signatures_of(settings: Settings, topics: "OutboundTopics") -> Signatures | None:
    """Give what the settings sign with, None where nothing is signed.

    Raises
    ------
    SettingsError
        The keys are not as they must be.
    """
    if settings.state_key is None:
        return None
    kinds = {topics.changelog: "users", topics.ledger: "ledger", topics.grants: "grants"}
    keys = keys_of(settings.state_key, "state_key")
    return Signatures(keys, settings.app_id, kinds, settings.state_trust)
