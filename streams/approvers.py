"""Who agreed to a message: signatures of people, each with a key of their own (Ed25519, RFC 8032).

A message that needs two people bears their signatures in its headers. They are over its topic, key
and value, over the app and over the moment until which it may come: whatever of it is changed, or
sent elsewhere or later, nobody has signed. Readers know public keys only and can sign nothing.
"""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from streams import wire
from streams.key_rings import EXPECTED, keys_of, named_keys
from streams.setting_problems import Problem, SettingsError
from streams.settings import APPROVALS_COUNT, Settings

Headers = Sequence[tuple[str, bytes]]

_SCHEME = "coupon-stream approval 1"
_ENDS = "approval-ends-ms"
_SIGNATURE = "approval."
_DIGITS_COUNT = 15


class Received(Protocol):
    """What is looked at of a record; aiokafka's ConsumerRecord is one."""

    @property
    def timestamp(self) -> int:
        """Kafka's append time, epoch milliseconds."""

    @property
    def key(self) -> bytes | None:
        """The campaign."""

    @property
    def value(self) -> bytes | None:
        """The payload."""

    @property
    def headers(self) -> Headers:
        """Headers, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that people sign.

    Attributes
    ----------
    ends_ms
        The message must be appended before this time of Kafka's.
    """

    app_id: str
    topic: str
    key: bytes
    value: bytes | None
    ends_ms: int

    def signed(self) -> bytes:
        """Give the bytes that signatures are over."""
        digest = None if self.value is None else sha256(self.value).hexdigest()
        place = [self.app_id, self.topic, b64encode(self.key).decode()]
        return wire.encode_canonical([_SCHEME, *place, digest, self.ends_ms])


@dataclass(frozen=True, slots=True)
class Approvers:
    """The people who may agree, by name, with their public keys."""

    app_id: str
    keys: dict[str, bytes]

    def __bool__(self) -> bool:
        """Whether anybody needs to be asked."""
        return bool(self.keys)

    def signers(self, terms: Terms, signatures: Iterable[tuple[str, bytes]]) -> list[str]:
        """Name those whose signature is good, sorted, each once."""
        found = {name for name, one in signatures if self._is_signed(name, terms.signed(), one)}
        return sorted(found)

    def _is_signed(self, name: str, text: bytes, signature: bytes) -> bool:
        if name not in self.keys:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.keys[name]).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def objection(self, topic: str, record: Received) -> str | None:
        """Say why two people have not agreed to a record, or not in time; None if they have."""
        if not self.keys:
            return None
        named = dict(record.headers)
        ends = named.pop(_ENDS, b"")
        ends_ms = int(ends) if ends.isdigit() and len(ends) <= _DIGITS_COUNT else 0
        terms = Terms(
            app_id=self.app_id,
            topic=topic,
            key=record.key or b"",
            value=record.value,
            ends_ms=ends_ms,
        )
        signatures = [
            (name.removeprefix(_SIGNATURE), value)
            for name, value in named.items()
            if name.startswith(_SIGNATURE)
        ]
        signers = self.signers(terms, signatures)
        if len(signers) < APPROVALS_COUNT:
            people, by = ", ".join(sorted(self.keys)), " and ".join(signers) or "nobody"
            return f"must be signed by {APPROVALS_COUNT} of {people}, was by {by}"
        if record.timestamp >= ends_ms:
            return f"must come before {ends_ms} ms, was appended at {record.timestamp}"
        return None


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody with a key of their own."""

    name: str
    secret: bytes

    @property
    def public(self) -> bytes:
        """What others know this key's signatures by."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).public_key().public_bytes_raw()

    @property
    def entry(self) -> str:
        """How this person stands in `COUPON_APPROVERS`."""
        return f"{self.name}:{b64encode(self.public).decode()}"

    def sign(self, terms: Terms) -> bytes:
        """Sign a message with its terms."""
        return Ed25519PrivateKey.from_private_bytes(self.secret).sign(terms.signed())


def headers_of(terms: Terms, signatures: Iterable[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """Give the headers of a message that was agreed to."""
    named = [(f"{_SIGNATURE}{name}", value) for name, value in signatures]
    return [(_ENDS, str(terms.ends_ms).encode()), *named]


def approvers_of(settings: Settings) -> Approvers:
    """Give the people that the settings name; nobody where nobody needs to be asked."""
    return Approvers(settings.app_id, named_keys(settings.approvers) or {})


def own_signer(settings: Settings) -> Signer:
    """Give whose key the settings hold.

    Raises
    ------
    SettingsError
        They hold none, or it is otherwise.
    """
    if settings.approval_key is None:
        expected = "set to your name and key, NAME:KEY (openssl rand -base64 32)"
        raise SettingsError([Problem("COUPON_APPROVAL_KEY[_FILE]", expected, "unset")])
    keys = keys_of(settings.approval_key, "approval_key")
    if len(keys) > 1:
        expected = EXPECTED.partition("[")[0] + ", one only"
        raise SettingsError([Problem("COUPON_APPROVAL_KEY", expected, f"{len(keys)} keys")])
    ((name, secret),) = keys.items()
    return Signer(name, secret)


def signer_of(settings: Settings) -> Signer:
    """Give whose key the settings hold, who must be among those that may agree.

    Raises
    ------
    SettingsError
        The key is missing, otherwise, or not the one that is known by its name.
    """
    signer = own_signer(settings)
    if approvers_of(settings).keys.get(signer.name) != signer.public:
        expected = f"the key of one of {', '.join(sorted(approvers_of(settings).keys)) or 'nobody'}"
        found = f"another's, named {signer.name}"
        raise SettingsError([Problem("COUPON_APPROVAL_KEY", expected, found)])
    return signer


def unpacked(signature: str) -> bytes:
    """Read a signature in base64; of no length where it is none."""
    try:
        return b64decode(signature, validate=True)
    except ValueError:
        return b""
