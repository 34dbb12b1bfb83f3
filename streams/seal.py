"""Signatures among workers: whoever else can write a topic must not steer them by it.

Snapshots of the model bear one, and what partitions ask of the ledger where people's orders need
two of them: the topic is the same.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from streams.dead_letters import Outbound
from streams.settings import Settings

_SCHEME = "hmac-sha256:"
_ASK = "ask:"
_HEADER = "seal"


@dataclass(frozen=True, slots=True)
class Seal:
    """A key that signs digests and knows its own signatures (HMAC-SHA-256, RFC 2104).

    Examples
    --------
    >>> seal = Seal(b"a key")
    >>> seal.verify("00ff", seal.sign("00ff")), seal.verify("00fe", seal.sign("00ff"))
    (True, False)
    """

    key: bytes

    def sign(self, digest: str) -> str:
        """Give the signature of a digest."""
        return _SCHEME + hmac.new(self.key, digest.encode(), sha256).hexdigest()

    def verify(self, digest: str, signature: str) -> bool:
        """Tell whether this key signed the digest; takes the same time whatever differs."""
        return hmac.compare_digest(self.sign(digest).encode(), signature.encode())


def seal_of(settings: Settings) -> Seal | None:
    """Give the seal that the settings name, None where snapshots are not signed."""
    key = settings.model_key
    return None if key is None else Seal(key.get_secret_value().encode())


def ask_seal_of(settings: Settings) -> Seal | None:
    """Give the seal of what partitions ask, None where nobody's orders need approval."""
    return seal_of(settings) if settings.approvers else None


def sealed(asks: Iterable[Outbound], seal: Seal | None) -> list[Outbound]:
    """Seal what partitions ask."""
    if seal is None:
        return list(asks)
    return [(key, value, [*headers, (_HEADER, _of(value, seal))]) for key, value, headers in asks]


def is_sealed(value: bytes | None, headers: Iterable[tuple[str, bytes]], seal: Seal | None) -> bool:
    """Tell whether a worker of ours asked this; always so where nothing is sealed."""
    return seal is None or hmac.compare_digest(dict(headers).get(_HEADER, b""), _of(value, seal))


def _of(value: bytes | None, seal: Seal) -> bytes:
    return seal.sign(_ASK + sha256(value or b"").hexdigest()).encode()
