"""One hash of all that the partitions hold, by which two runs are compared."""

from collections.abc import Iterable
from hashlib import sha256

from streams.partitions import Partition


def state_hash(partitions: Iterable[Partition]) -> str:
    """Hash all rows and shared states, canonical and in order: equal states, equal hash."""
    whole = sha256()
    for partition in partitions:
        for key, value in partition.canonical():
            whole.update(b"%d:%d:" % (len(key), len(value)))
            whole.update(key)
            whole.update(value)
    return whole.hexdigest()
