"""What becomes of a takeover when the next rebalance cancels whoever waits for it."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from streams.app import outbound_topics
from streams.lending import Lending
from streams.settings import Settings
from streams.training import Training
from streams.transactions import TransactionFailedError
from streams.unbroken import unbroken


class Opening:
    """A broker's answer that is long in coming, and how often it was asked for."""

    def __init__(self) -> None:
        self.asked_count = self.closed_count = 0
        self.answer = asyncio.Event()

    async def open(self) -> None:
        self.asked_count += 1
        await self.answer.wait()

    async def close(self) -> None:
        self.closed_count += 1

    async def inherit(self, *_: Any) -> tuple["Opening", dict[bytes, bytes]]:
        await self.open()
        return self, {}


async def nothing() -> None:
    """Catch up with nothing."""


def a_ledger(opening: Opening) -> Lending:
    catalogue = SimpleNamespace(campaigns=(), coupons=(), version="none")
    grounds: Any = SimpleNamespace(offers=SimpleNamespace(catalogue=catalogue))
    owner: Any = opening
    settings = Settings()
    return Lending(settings, grounds, owner, outbound_topics(settings))


def a_trainer(opening: Opening) -> Training:
    learning: Any = SimpleNamespace(
        trainer=None,
        leader=None,
        begin=lambda: SimpleNamespace(offset=-1),
        end=lambda: None,
    )
    knowing: Any = SimpleNamespace(begin=lambda: None, end=lambda: None, next_offset=0)
    transactions: Any = opening
    metrics: Any = None
    settings = Settings(league_ratio=0.0)
    return Training(settings, learning, knowing, transactions, "models", metrics)


@pytest.mark.parametrize("role", [a_ledger, a_trainer])
async def test_a_takeover_that_a_rebalance_interrupts_is_waited_for_by_the_next_one(
    role: Any,
) -> None:
    opening = Opening()
    taking = role(opening)
    first = asyncio.create_task(taking.take_over(nothing))
    await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    second = asyncio.create_task(taking.take_over(nothing))
    opening.answer.set()
    await second
    assert (opening.asked_count, taking.is_ours) == (1, True)


@pytest.mark.parametrize("role", [a_ledger, a_trainer])
async def test_a_takeover_that_comes_too_late_is_given_up(role: Any) -> None:
    opening = Opening()
    taking = role(opening)
    first = asyncio.create_task(taking.take_over(nothing))
    await asyncio.sleep(0)
    first.cancel()
    leaving = asyncio.create_task(taking.give_up())
    opening.answer.set()
    await leaving
    assert (opening.closed_count, taking.is_ours) == (1, False)


async def test_what_a_takeover_raises_is_told_to_whoever_waits() -> None:
    message = "the ledger: another worker has taken over"

    async def refused() -> None:
        raise TransactionFailedError(message)

    with pytest.raises(TransactionFailedError, match="another worker"):
        await unbroken(refused())
