"""Decisions looked up on the topic: by header, with a deadline, told plainly."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import CliRunner

from streams import lookup, wire
from streams.brokers.ports import free_ports
from streams.cli import cli
from streams.decisions import Decision
from streams.settings import Settings
from tests.builders import decided


@dataclass(frozen=True)
class FakeRecord:
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    partition: int = 0
    offset: int = 0


class FakeTopic:
    """Gives records as the reader does, and counts how many were asked for."""

    def __init__(self, *kept: FakeRecord, ends: bool = True) -> None:
        self.kept, self.ends = kept, ends
        self.topics: Collection[str] = ()
        self.read_count = 0
        self.closed = False

    async def records(self, options: dict[str, Any], topics: Collection[str]) -> AsyncIterator[Any]:
        self.topics = topics
        try:
            for record in self.kept:
                self.read_count += 1
                yield record
            if not self.ends:
                await asyncio.Event().wait()
        finally:
            self.closed = True


def kept(decision: Decision) -> FakeRecord:
    _, value, headers = wire.encode_decision(decision)
    return FakeRecord(value, tuple(headers))


GARBAGE = FakeRecord(b"not json", (("ce_id", b"b" * 26),))
TOMBSTONE = FakeRecord(None)


async def test_the_search_decodes_no_other_decision_and_stops_at_the_match(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wanted = decided()
    topic = FakeTopic(GARBAGE, TOMBSTONE, kept(wanted), GARBAGE)
    monkeypatch.setattr(lookup, "records", topic.records)
    found = await lookup.on_topic(Settings(topic_prefix="eu."), wanted.decision_id, 10.0)
    assert found == wanted
    assert topic.topics == ["eu.coupon.decisions.v1"]
    assert topic.read_count == 3
    assert topic.closed


async def test_a_decision_that_the_topic_does_not_hold_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lookup, "records", FakeTopic(GARBAGE, TOMBSTONE).records)
    with pytest.raises(lookup.LookupFailedError, match=r"among all 2 of coupon\.decisions\.v1"):
        await lookup.on_topic(Settings(), "a" * 26, 10.0)


async def test_a_deadline_that_passes_is_told_with_what_was_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topic = FakeTopic(GARBAGE, ends=False)
    monkeypatch.setattr(lookup, "records", topic.records)
    with pytest.raises(lookup.LookupFailedError, match=r"among the first 1 .* longer --deadline"):
        await lookup.on_topic(Settings(), "a" * 26, 0.05)
    assert topic.closed


def test_a_broker_that_cannot_be_reached_is_one_line_and_exit_code_1() -> None:
    (port,) = free_ports(1)
    where = f"--set=kafka_bootstrap_servers=127.0.0.1:{port}"
    result = CliRunner().invoke(cli, [where, "explain", "a" * 26])
    assert result.exit_code == 1
    assert result.output.startswith("Error: no Kafka answers on")
    assert result.output.count("\n") == 1
