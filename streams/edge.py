"""Pseudonyms at the shop's edge: user ids are replaced before an event leaves for Kafka."""

import hmac
from base64 import b32encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from hashlib import sha256

from streams import wire
from streams.key_rings import keys_of
from streams.layouts import Accepted, Row
from streams.logs import PERSONAL_TEXT
from streams.setting_problems import Problem, SettingsError
from streams.settings import Settings

NAME_CHARS = 26


class EdgePseudonyms:
    """Names that only a holder of the key can make; each begins with the name of its key.

    Examples
    --------
    >>> names = EdgePseudonyms({"k2": bytes(32), "k1": bytes(31) + b"1"})
    >>> names("ann@shop.example")
    'k2.kkyoe6ijprczbhsdl63vkelms2'
    >>> [name[:3] for name in names.every("ann@shop.example")]
    ['k2.', 'k1.']
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        self._keys = dict(keys)

    def __call__(self, user_id: str) -> str:
        """Give the pseudonym by the key in use."""
        return self.every(user_id)[0]

    def every(self, user_id: str) -> list[str]:
        """Give the pseudonyms by all keys, that in use first."""
        return [
            f"{name}.{b32encode(_digest(key, user_id)).decode().lower()[:NAME_CHARS]}"
            for name, key in self._keys.items()
        ]


def _digest(key: bytes, user_id: str) -> bytes:
    return hmac.new(key, user_id.encode(), sha256).digest()


def pseudonyms_of(settings: Settings) -> EdgePseudonyms:
    """Give those that the settings make.

    Raises
    ------
    SettingsError
        There is no key.
    """
    if settings.user_key is None:
        problem = Problem("COUPON_USER_KEY[_FILE]", "set to make pseudonyms", "unset")
        raise SettingsError([problem])
    return EdgePseudonyms(keys_of(settings.user_key, "user_key"))


def renamed(rows: Iterable[Row], names: EdgePseudonyms | None) -> Iterator[Row]:
    """Put pseudonyms in the place of the ids of users, persons, devices and addresses.

    Events are written anew, in native fields only: what a foreign envelope held besides, such as
    an e-mail address, stays behind; so do addresses and numbers of people that were typed into the
    shop's search. Without `names` all stays.
    """
    for row in rows:
        if names is None or not isinstance(row, Accepted):
            yield row
            continue
        event = wire.decode(row.family, row.key, row.value, row.headers, row.ts_ms)
        query = event.query
        known = replace(
            event,
            user_id=names(event.user_id),
            anonymous_id=_named(event.anonymous_id, names),
            person_id=_named(event.person_id, names),
            address_id=_named(event.address_id, names),
            query=None if query is None else PERSONAL_TEXT.sub(" ", query).strip() or None,
        )
        value = wire.encode_event(known)
        yield replace(row, key=known.user_id.encode(), value=value, headers=())


def _named(identity: str | None, names: EdgePseudonyms) -> str | None:
    return None if identity is None else names(identity)
