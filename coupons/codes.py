"""Codes that nobody can guess and that people can type: made from a decision and a secret.

A code is the key's letter, ten characters of an HMAC over the decision, and a check character, as
`7KQ4-M2XB-9TRW`. The alphabet has no 0, O, 1, I and L. It has 31 characters, a prime, so that the
check character finds every single wrong character and every two that changed places.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 12
_GROUP = 4
_VALUE_OF = {character: value for value, character in enumerate(ALPHABET)}
_PRIME = len(ALPHABET)


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeKey:
    """The secret that codes are made with, and the character by which they name it."""

    key_id: str
    secret: bytes = field(repr=False)

    def __post_init__(self) -> None:
        """Refuse a name that no code could bear."""
        if self.key_id not in _VALUE_OF:
            message = f"key_id must be one of {ALPHABET}, was {self.key_id!r}"
            raise ValueError(message)


def code_of(key: CodeKey, decision_id: str) -> str:
    """Give the code of a decision's coupon; the same key gives the same code.

    Examples
    --------
    >>> code_of(CodeKey(key_id="A", secret=b"secret"), "d1")
    'A6N9-YXGR-MJBU'
    """
    number = int.from_bytes(
        digest(key.secret, f"coupon-code|{decision_id}".encode(), sha256), "big"
    )
    body = key.key_id
    for _ in range(LENGTH - 2):
        number, value = divmod(number, _PRIME)
        body += ALPHABET[value]
    whole = body + ALPHABET[-_weighted(body) % _PRIME]
    return "-".join(whole[at : at + _GROUP] for at in range(0, LENGTH, _GROUP))


def plain(text: str) -> str:
    """Give a code as it is compared: capitals, without spaces and dashes.

    Examples
    --------
    >>> plain(" 7kq4-m2xb 9trw")
    '7KQ4M2XB9TRW'
    """
    return "".join(text.split()).replace("-", "").upper()


def is_ours(text: str) -> bool:
    """Tell whether a text has the look of our codes, right or mistyped.

    Examples
    --------
    >>> is_ours("7KQ4-M2XB-9TRW"), is_ours("SPRING10")
    (True, False)
    """
    shown = plain(text)
    return len(shown) == LENGTH and all(character in _VALUE_OF for character in shown)


def is_well_formed(text: str) -> bool:
    """Tell whether a code can be one of ours, without knowing any: its check character is right.

    Examples
    --------
    >>> is_well_formed(code_of(CodeKey(key_id="A", secret=b"secret"), "d1"))
    True
    """
    return is_ours(text) and _weighted(plain(text)) == 0


def same(entered: str, given: str | None) -> bool:
    """Tell whether a text that was entered is a code that was given.

    Examples
    --------
    >>> same("spring 10", "SPRING10"), same("SPRING10", None)
    (True, False)
    """
    return given is not None and (entered == given or plain(entered) == plain(given))


def _weighted(shown: str) -> int:
    return sum((LENGTH - at) * _VALUE_OF[one] for at, one in enumerate(shown)) % _PRIME
