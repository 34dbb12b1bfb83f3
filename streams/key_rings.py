"""Secrets with names, so that an old one still opens what it locked while a new one locks."""

import binascii
import re
from base64 import b64decode
from collections.abc import Iterable

from pydantic import SecretStr

from streams.setting_problems import PREFIX, Problem, SettingsError

KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9_-]{1,20}")
EXPECTED = "NAME:KEY[,NAME:KEY], KEY being 32 bytes in base64 (openssl rand -base64 32)"


def keys_of(secret: SecretStr, setting: str) -> dict[str, bytes]:
    """Read the keys of a setting by their names; the first is the one in use.

    Raises
    ------
    SettingsError
        The text is otherwise; nothing of it is told.

    Examples
    --------
    >>> keys_of(SecretStr("a:" + "A" * 43 + "="), "user_key") == {"a": bytes(32)}
    True
    >>> keys_of(SecretStr("a:short"), "user_key")
    Traceback (most recent call last):
    streams.setting_problems.SettingsError: COUPON_USER_KEY must be NAME:KEY[,NAME:KEY], KEY being \
32 bytes in base64 (openssl rand -base64 32), was hidden
    """
    keys = named_keys(secret.get_secret_value().split(","))
    if keys is None:
        raise SettingsError([Problem(f"{PREFIX}{setting}".upper(), EXPECTED, "hidden")])
    return keys


def former_keys_of(secret: SecretStr | None) -> tuple[bytes, ...]:
    """Read what a key was before, oldest or newest first, separated by commas.

    Examples
    --------
    >>> former_keys_of(SecretStr("the last, one before")), former_keys_of(None)
    ((b'the last', b'one before'), ())
    """
    texts = [] if secret is None else secret.get_secret_value().split(",")
    return tuple(text.strip().encode() for text in texts if text.strip())


def named_keys(pairs: Iterable[str]) -> dict[str, bytes] | None:
    """Read pairs of names and keys; None if one is not as it must be, or a name comes twice.

    Examples
    --------
    >>> named_keys(["a:" + "A" * 43 + "=", "a:" + "A" * 43 + "="]) is None
    True
    """
    keys: dict[str, bytes] = {}
    for pair in pairs:
        name, _, text = pair.strip().partition(":")
        try:
            key = b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            return None
        if len(key) != KEY_BYTES or not _NAME.fullmatch(name) or name in keys:
            return None
        keys[name] = key
    return keys
