"""Keys go where Java's producers put them."""

import pytest
from aiokafka.partitioner import DefaultPartitioner
from hypothesis import given
from hypothesis import strategies as st

from streams.partitioner import partition_of

# Signed 32-bit hashes from Apache Kafka's own UtilsTest.testMurmur2.
JAVA_HASHES = {
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}


@pytest.mark.parametrize("key", JAVA_HASHES)
def test_the_hash_is_javas_murmur2(key: bytes) -> None:
    for partitions in (1, 4, 12, 1_000):
        assert partition_of(key, partitions) == (JAVA_HASHES[key] & 0x7FFFFFFF) % partitions


@given(st.binary(max_size=80), st.integers(1, 1_000))
def test_a_key_goes_where_aiokafkas_own_producer_sends_it(key: bytes, partitions: int) -> None:
    everywhere = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, everywhere, everywhere)
