"""Signatures of model snapshots: whoever can write their topic must not steer the model by it."""

import hmac
from dataclasses import dataclass
from hashlib import sha256

from streams.settings import Settings

_SCHEME = "hmac-sha256:"


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
