"""Catalogues as text: what a digest of one is made of. Where they stand in a file is left out."""

from dataclasses import fields, is_dataclass

_LATER = frozenset({"Campaign.limits", "Campaign.shared_caps", "Limit.utc_offset_minutes"})


def canonical(value: object) -> str:
    """Write a catalogue, or a part of it, so that equal ones are equal texts.

    Examples
    --------
    >>> print(canonical({"b": frozenset({2, 1}), "a": (True,)}))
    {'a':(True),'b':{1,2}}
    """
    if is_dataclass(value) and not isinstance(value, type):
        kind, told = type(value).__name__, [f.name for f in fields(value) if f.name != "line"]
        # Catalogues of before there were such fields keep their version.
        named = [name for name in told if f"{kind}.{name}" not in _LATER or getattr(value, name)]
        inner = ",".join(f"{name}={canonical(getattr(value, name))}" for name in named)
        return f"{kind}({inner})"
    if isinstance(value, frozenset):
        return "{" + ",".join(sorted(map(repr, value))) + "}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{canonical(value[key])}" for key in sorted(value)) + "}"
    if isinstance(value, tuple):
        return "(" + ",".join(map(canonical, value)) + ")"
    return repr(value)
