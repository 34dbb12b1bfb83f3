"""Where contenders are measured, one at a time: the same events, the same broker, fresh topics."""

import asyncio
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import quantiles

from streams import wire
from streams.benching import load
from streams.benching.contenders import Contender, ContenderFailedError, Running, cpu_seconds
from streams.benching.shop import Recorded
from streams.brokers.local import LocalKafka
from streams.settings import Settings

WARM_COUNT = 200
LATENCY_SECONDS = 8.0
DEADLINE_SECONDS = 240.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one run of one contender showed.

    Attributes
    ----------
    same_ratio
        Share of decisions that are, byte for byte, those of the step run without a broker.
    broker_cpu_us, broker_bytes
        What the broker spent, and what it keeps on disk, by event.
    """

    events_per_second: float
    events_per_cpu_second: float | None
    same_ratio: float
    broker_cpu_us: float | None
    broker_bytes: dict[str, int]


class Arena:
    """A broker, a recorded stretch of the shop's life, and a way to run contenders on them."""

    def __init__(self, broker: LocalKafka, settings: Settings, recorded: Recorded, python: str):
        self._broker = broker
        self._settings = settings
        self._recorded = recorded
        self._python = python

    async def turn(self, contender: Contender) -> Turn:
        """Let a contender answer all events, which are there before it starts.

        Measured from the first decision that can be read to the last, with what came in the first
        reading left out: joining the group and loading code are no part of it.

        Raises
        ------
        ContenderFailedError
            It ended, or was not done in time.
        """
        settings, recorded = self._fresh(), self._recorded
        await load.create_topics(settings, contender.merged, "CreateTime")
        async with load.producing(settings) as producer:
            await load.fill(producer, settings, recorded.messages, contender.merged)
        wanted = len(recorded.decisions)
        marks: list[_Mark] = []
        async with load.Decisions(settings) as decisions:
            with tempfile.TemporaryDirectory() as folder:
                with Running(contender, settings, self._python, Path(folder)) as running:

                    def mark() -> None:
                        count = len(decisions.arrived)
                        marks.append(_Mark.now(count, running, self._broker.pid))

                    await self._read(decisions, wanted, running, mark)
                    mark()
        stored = self._stored(settings)
        await load.delete_topics(settings)
        same = Counter(one.value for one in decisions.arrived) & Counter(recorded.decisions)
        return _turn(
            marks,
            events_count=len(recorded.messages),
            decisions_count=wanted,
            same_ratio=round(same.total() / wanted, 4),
            stored=stored,
        )

    async def latency_ms(self, contender: Contender, rate: float) -> dict[str, float]:
        """Measure from the broker's append of an event to the reading of its decision.

        Events come at a steady rate. A few go ahead, so that the contender is at work when the
        measurement begins.
        """
        settings = self._fresh()
        count = min(len(self._recorded.messages), WARM_COUNT + int(rate * LATENCY_SECONDS))
        warm, timed = self._stretch(0, WARM_COUNT), self._stretch(WARM_COUNT, count)
        await load.create_topics(settings, contender.merged, "LogAppendTime")
        async with load.producing(settings) as producer, load.Decisions(settings) as decisions:
            await load.send_at(producer, settings, warm.messages, contender.merged, 1_000)
            with tempfile.TemporaryDirectory() as folder:
                with Running(contender, settings, self._python, Path(folder)) as running:
                    await self._read(decisions, len(warm.decisions), running)
                    whole = len(warm.decisions) + len(timed.decisions)
                    appended, _ = await asyncio.gather(
                        load.send_at(producer, settings, timed.messages, contender.merged, rate),
                        self._read(decisions, whole, running),
                    )
        await load.delete_topics(settings)
        waited = [
            one.read_ms - appended[trigger]
            for one in decisions.arrived
            if (trigger := wire.decode_decision(one.value).trigger_event_id) in appended
        ]
        cuts = quantiles(waited, n=100)
        return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1), "events_per_second": rate}

    async def _read(
        self,
        decisions: load.Decisions,
        count: int,
        running: Running,
        first: Callable[[], None] = lambda: None,
    ) -> None:
        try:
            await decisions.until(count, DEADLINE_SECONDS, first, running.check)
        except TimeoutError as late:
            found = len(decisions.arrived)
            message = f"must give {count} decisions, gave {found}; its log ends: {running.tail()}"
            raise ContenderFailedError(message) from late

    def _stretch(self, first: int, end: int) -> Recorded:
        recorded = self._recorded
        return Recorded(recorded.messages[first:end], recorded.answers[first:end])

    def _fresh(self) -> Settings:
        """Give settings whose topics nobody has used; the application stays, for its decisions."""
        return self._settings.model_copy(update={"topic_prefix": f"b{uuid.uuid4().hex[:8]}."})

    def _stored(self, settings: Settings) -> dict[str, int]:
        """Sum what the broker's log holds of a run's topics, by topic."""
        found: Counter[str] = Counter()
        records = self._broker.directory / "records"
        for name in (settings.topic_prefix, settings.app_id):
            for log in records.glob(f"*{name}*-[0-9]*/*.log"):
                if log.parent.name.endswith("-delete"):
                    continue
                topic = log.parent.name.rsplit("-", 1)[0].replace(name, "")
                found[topic] += log.stat().st_size
        return {topic: size for topic, size in sorted(found.items()) if size}


@dataclass(frozen=True, slots=True)
class _Mark:
    at_s: float
    count: int
    cpu_s: float | None
    broker_cpu_s: float | None

    @classmethod
    def now(cls, count: int, running: Running, broker_pid: int) -> "_Mark":
        return cls(time.perf_counter(), count, running.cpu_seconds(), cpu_seconds(broker_pid))


def _turn(
    marks: Sequence[_Mark],
    *,
    events_count: int,
    decisions_count: int,
    same_ratio: float,
    stored: dict[str, int],
) -> Turn:
    first, last = marks
    answered = (last.count - first.count) / decisions_count * events_count
    spent_s = _between(first.cpu_s, last.cpu_s)
    broker_s = _between(first.broker_cpu_s, last.broker_cpu_s)
    return Turn(
        events_per_second=answered / (last.at_s - first.at_s),
        events_per_cpu_second=answered / spent_s if spent_s else None,
        same_ratio=same_ratio,
        broker_cpu_us=broker_s * 1e6 / answered if broker_s and answered else None,
        broker_bytes={topic: round(size / events_count) for topic, size in stored.items()},
    )


def _between(first: float | None, last: float | None) -> float | None:
    return None if first is None or last is None else last - first
