"""What is kept of a customer who does not agree: that they do not, and what they were promised."""

from features import profile as profiles
from features import session as sessions
from features.facts import fact
from streams.context import Row


def is_refused(row: Row) -> bool:
    """Tell whether the newest that the customer said of it is that they do not agree."""
    return fact(row["profile"]["facts"], "consent") is False


def forget(row: Row) -> None:
    """Take everything out of a row that is not owed.

    What stays: the refusal, the newest times (an event that comes too late is told by them), the
    ids of events (none counts twice), and the wallet (caps hold, and a coupon that was given can
    be used). Labels that wait go too: what follows is learned from no more.
    """
    before = row["profile"]
    kept = row["profile"] = profiles.empty()
    kept["newest_ms"] = before["newest_ms"]
    kept["facts"]["consent"] = before["facts"]["consent"]
    row["pending"] = []
    row["last"] = [0, -1]
    row["net_minor"] = 0
    row["sessions"] = sessions.empty()
    row["last_visit"] = []
    row["moves"] = {}
    row.pop("habit", None)
