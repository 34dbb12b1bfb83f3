"""What a feature is, for those who read the table of them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """One named number of the vector.

    Attributes
    ----------
    name
        `<event>_<agg>_<window>`, unique.
    unit
        What the number counts before it is scaled.
    window
        `5m`, `1h`, `1d`, `7d`, `30d`, `lifetime`, or `now` for what the moment itself tells.
    meaning
        One sentence, with the scale.
    """

    name: str
    unit: str
    window: str
    family: str
    meaning: str
