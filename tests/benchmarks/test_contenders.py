"""Every contender of the benchmark runs the same step: the same bytes come out."""

import os
import sys
from collections.abc import Iterator

import pytest

from streams.benching.arena import Arena
from streams.benching.contenders import (
    LIMIT,
    OURS,
    PLAIN_FAUST,
    QUIX,
    QUIX_AT_LEAST_ONCE,
    Contender,
    is_installed,
)
from streams.benching.peers import PARTITIONS
from streams.benching.shop import bench_settings, record
from streams.brokers.local import LocalKafka
from streams.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.slow, pytest.mark.timeout(300)]

EVENTS_COUNT = 500
# An environment made from locks/peers.txt; Quix Streams does not fit into the one for tests.
PEERS_PYTHON = os.environ.get("PEERS_PYTHON", sys.executable)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    settings = bench_settings(Settings(), PARTITIONS)
    recorded = record(settings, EVENTS_COUNT, seed=5)
    with LocalKafka(quick=True) as broker:
        local = settings.model_copy(update={"kafka_bootstrap_servers": broker.bootstrap})
        yield Arena(broker, local, recorded, PEERS_PYTHON)


@pytest.mark.parametrize(
    "contender", [LIMIT, PLAIN_FAUST, QUIX, QUIX_AT_LEAST_ONCE], ids=lambda one: one.name
)
async def test_a_peer_gives_the_decisions_of_the_step_byte_for_byte(
    arena: Arena, contender: Contender
) -> None:
    if not is_installed(contender, PEERS_PYTHON):
        pytest.skip(f"{contender.install} is not installed; PEERS_PYTHON names where it is")
    turn = await arena.turn(contender)
    assert turn.same_ratio == 1.0


async def test_the_worker_answers_every_event_and_keeps_its_rows(arena: Arena) -> None:
    # Its timers give money back between events, so a few of its decisions may differ.
    turn = await arena.turn(OURS)
    assert turn.same_ratio > 0.9
    assert turn.broker_bytes["-users-changelog"] > 0


async def test_latency_is_told_for_a_steady_load(arena: Arena) -> None:
    late = await arena.latency_ms(LIMIT, 200)
    assert 0 < late["p50"] <= late["p99"]
