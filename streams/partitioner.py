"""Which partition a key belongs to, as Java's and aiokafka's producers count it.

A producer that hashes otherwise (librdkafka's default is CRC32) splits one customer over two
workers; `doctor` explains how to set it right.
"""

from functools import lru_cache
from typing import cast

from aiokafka.partitioner import murmur2

# Keys repeat within a chunk and a session; the hash in Python costs more than the look-up.
_hash_of = lru_cache(maxsize=1 << 16)(murmur2)


def partition_of(key: bytes, partitions: int) -> int:
    """Return the partition of a key.

    Examples
    --------
    >>> partition_of(b"21", 12)
    0
    """
    return (cast(int, _hash_of(key)) & 0x7FFFFFFF) % partitions
