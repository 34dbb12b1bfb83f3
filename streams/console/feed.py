"""Brings the board what happens: decisions from Kafka, figures from the workers' metrics."""

import asyncio
import time
from collections.abc import Sequence

import aiohttp
import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord
from msgspec import DecodeError

from streams import lookup, wire
from streams.connection import client_options
from streams.console.board import Board
from streams.decisions import Decision
from streams.metrics import samples_of
from streams.offers import Offers
from streams.reading import reader
from streams.settings import Settings
from streams.topics import catalogue_topic

log = structlog.get_logger()

NEWEST_COUNT = 50  # decisions of each partition that are read back when the page is opened
ANSWER_SECONDS = 2.0
PERIOD_SECONDS = 1.0
SEARCH_SECONDS = 30.0


async def scrape(board: Board, urls: Sequence[str], began_s: float) -> None:
    """Read the workers' metrics again and again, and add a point to the pictures each time."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        while True:
            await asyncio.gather(*(_scrape_one(board, session, url) for url in urls))
            board.tick(time.monotonic() - began_s)
            await asyncio.sleep(PERIOD_SECONDS)


async def _scrape_one(board: Board, session: aiohttp.ClientSession, url: str) -> None:
    try:
        async with session.get(url) as answer:
            answer.raise_for_status()
            board.heard(url, samples_of(await answer.text()))
    except (aiohttp.ClientError, TimeoutError, ValueError):
        board.missed(url)  # it is said on the page


class TopicFeed:
    """Follows decisions and campaigns on Kafka, committed ones only, outside of any group."""

    def __init__(self, settings: Settings, board: Board) -> None:
        self._settings = settings
        self._board = board
        self._offers = Offers(settings)
        prefix = settings.topic_prefix
        self._decisions = f"{prefix}coupon.decisions.v1"
        self._campaigns = catalogue_topic(settings)

    async def follow(self) -> None:
        """Hand every decision to the board, from the newest of each partition on."""
        options = client_options(self._settings) | {"check_crcs": self._settings.kafka_check_crcs}
        async with reader(options, [self._decisions, self._campaigns]) as consumer:
            await self._seek(consumer)
            while True:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        self._hand_over(record)

    async def find(self, identity: str) -> Decision:
        """Find a decision among the newest, else on the topic.

        Raises
        ------
        LookupFailedError
            It is not there, or the topic is too long to be read now.
        """
        kept = self._board.kept(identity)
        if kept is not None:
            return kept
        return await lookup.on_topic(self._settings, identity, SEARCH_SECONDS)

    async def _seek(self, consumer: AIOKafkaConsumer) -> None:
        assigned = list(consumer.assignment())
        ends = await consumer.end_offsets(assigned)
        starts = await consumer.beginning_offsets(assigned)
        for tp in assigned:
            newest = ends[tp] - NEWEST_COUNT if tp.topic == self._decisions else 0
            consumer.seek(tp, max(starts[tp], newest))

    def _hand_over(self, record: ConsumerRecord) -> None:
        if record.topic == self._campaigns:
            self._offers.hear(record)
            self._board.catalogue = self._offers.catalogue
        elif record.value is not None:
            try:
                decision = wire.decode_decision(record.value)
            except DecodeError as error:
                place = f"{record.topic}/{record.partition}/{record.offset}"
                log.error("a decision could not be read", place=place, problem=str(error))
            else:
                self._board.decided(decision, record.value)
