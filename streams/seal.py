"""Signatures among workers: whoever else can write a topic must not steer them by it.

Snapshots of the model bear one, and what partitions ask of the ledger where people's orders need
two of them: the topic is the same.
"""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

from streams.dead_letters import Outbound
from streams.key_rings import former_keys_of
from streams.settings import Settings

_SCHEME = "hmac-sha256:"
_ASK = "ask:"
_HEADER = "seal"


@dataclass(frozen=True, slots=True)
class Seal:
    """A key that signs digests and knows its own signatures (HMAC-SHA-256, RFC 2104).

    Parameters
    ----------
    former
        Keys whose signatures still count; none of them signs.

    Examples
    --------
    >>> seal = Seal(b"a key")
    >>> seal.verify("00ff", seal.sign("00ff")), seal.verify("00fe", seal.sign("00ff"))
    (True, False)
    >>> Seal(b"a new key", former=(b"a key",)).verify("00ff", seal.sign("00ff"))
    True
    """

    key: bytes
    former: tuple[bytes, ...] = ()

    def sign(self, digest: str) -> str:
        """Give the signature of a digest."""
        return _signature(self.key, digest)

    def verify(self, digest: str, signature: str) -> bool:
        """Tell whether one of the keys signed the digest; takes the same time whatever differs."""
        expected = [_signature(key, digest).encode() for key in (self.key, *self.former)]
        return any([hmac.compare_digest(one, signature.encode()) for one in expected])


def seal_of(settings: Settings) -> Seal | None:
    """Give the seal that the settings name, None where snapshots are not signed."""
    key = settings.model_key
    if key is None:
        return None
    return Seal(key.get_secret_value().encode(), former_keys_of(settings.model_former_keys))


def ask_seal_of(settings: Settings) -> Seal | None:
    """Give the seal of what partitions ask, None where nobody's orders need approval."""
    return seal_of(settings) if settings.approvers else None


def sealed(asks: Iterable[Outbound], seal: Seal | None) -> list[Outbound]:
    """Seal what partitions ask."""
    if seal is None:
        return list(asks)
    return [
        (key, value, [*headers, (_HEADER, seal.sign(_digest_of(value)).encode())])
        for key, value, headers in asks
    ]


def is_sealed(value: bytes | None, headers: Iterable[tuple[str, bytes]], seal: Seal | None) -> bool:
    """Tell whether a worker of ours asked this; always so where nothing is sealed."""
    if seal is None:
        return True
    signature = dict(headers).get(_HEADER, b"").decode("ascii", "replace")
    return seal.verify(_digest_of(value), signature)


def _signature(key: bytes, digest: str) -> str:
    return _SCHEME + hmac.new(key, digest.encode(), sha256).hexdigest()


def _digest_of(value: bytes | None) -> str:
    return _ASK + sha256(value or b"").hexdigest()
