"""One run under faults, from fresh topics to the verdict."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from streams import topic_admin
from streams.app import outbound_topics
from streams.connection import client_options
from streams.demo_worker import catalogue_path
from streams.settings import DAY_MS, Settings
from streams.topics import specs
from tests.broker.awaiting import read_all
from tests.chaos.harness import certificate
from tests.chaos.harness.fleet import Orders, Supervisor
from tests.chaos.harness.judge import Verdict, judge
from tests.chaos.harness.load import Load, Mix, shop_events
from tests.chaos.harness.observer import Observer
from tests.chaos.harness.scale import scale
from tests.chaos.harness.uninterrupted import last_ends, run_uninterrupted
from tests.verifier.kafka import Source
from tests.verifier.log import Log, Topics, UnreadableError

PARTITIONS_COUNT = 4
EVENTS_PER_SECOND = scale().events_per_second
# Patience, and no promise: nothing is late by it on a machine that also does something else.
DRAIN_SECONDS = 180.0
SENDING_SECONDS = 120.0
WARM_UP_SECONDS = 90.0


def trial_settings(bootstrap: str, **changes: object) -> Settings:
    """Build settings whose topics and group nobody else uses, and whose decisions repeat.

    The model is frozen, since the moment at which a snapshot arrives does not repeat itself;
    heartbeats are left out unless asked for, since when a partition counts as silent does not.
    """
    unique = uuid.uuid4().hex[:8]
    given: dict[str, object] = {
        "kafka_bootstrap_servers": bootstrap,
        "topic_prefix": f"c{unique}.",
        "app_id": f"c{unique}-engine-v1",
        "partitions": PARTITIONS_COUNT,
        "catalogue_file": catalogue_path(),
        "model_frozen": True,
        "session_timeout_ms": 2_000,
        "heartbeat_idle_ms": DAY_MS,
        "log_level": "info",
        **changes,
    }
    return Settings.model_validate(given)


@dataclass(slots=True, kw_only=True)
class Trial:
    """Workers, a load and an observer at work."""

    settings: Settings
    supervisor: Supervisor
    load: Load
    observer: Observer
    is_endless: bool = True

    def warm_up(self) -> None:
        """Return when every partition decides; gaps are counted from here."""
        self.observer.until_decided_everywhere(scale().seconds(WARM_UP_SECONDS))
        self.observer.begin()

    def finish(self, drain_seconds: float = DRAIN_SECONDS) -> Verdict:
        """Stop the load, drain and judge; workers keep running."""
        log = self.drain(drain_seconds)
        log.decisions, log.outcomes = list(log.decisions), list(log.outcomes)
        log.dead_letters, log.changelog = list(log.dead_letters), list(log.changelog)
        applied = chain(log.inputs, log.grants)
        return judge(self.settings, log, run_uninterrupted(self.settings, applied))

    def drain(self, drain_seconds: float = DRAIN_SECONDS) -> Log:
        """Send what is to be sent and wait until all of it has been applied and committed."""
        if self.is_endless:
            self.load.stop()
        self.load.finish(scale().seconds(SENDING_SECONDS))
        source = Source(self.settings.kafka_bootstrap_servers)
        log = source.log(self.settings.app_id, self.settings.topic_prefix)
        log.inputs = list(log.inputs)
        try:
            self.observer.until_at(last_ends(log.inputs), scale().seconds(drain_seconds))
            self._until_still(source, log, scale().seconds(drain_seconds))
        except AssertionError as error:
            error.add_note(self.supervisor.tails())
            raise
        return log

    def _until_still(self, source: Source, log: Log, deadline_seconds: float) -> None:
        """Read what partitions and the ledger told each other when they have nothing to add.

        When a grant comes does not repeat itself, so the uninterrupted run takes those of this one.
        """
        topics = Topics(app_id=self.settings.app_id, prefix=self.settings.topic_prefix)
        outbound, observer = outbound_topics(self.settings), self.observer
        deadline_s = time.monotonic() + deadline_seconds
        while time.monotonic() < deadline_s:
            observer.until(observer.is_still, deadline_seconds, "asks must be answered, and heard")
            try:
                log.asks = list(source.records(topics, "asks"))
                log.grants = list(source.records(topics, "grants"))
            except UnreadableError:
                continue  # a transaction is just being committed
            seen = observer.counts[outbound.budget], observer.counts[outbound.grants]
            if observer.is_still() and seen == (len(log.asks), len(log.grants)):
                return
        message = "partitions and the ledger must fall silent, did not"
        raise AssertionError(message)

    def conclude(
        self,
        promise: str,
        fault: str,
        times: int,
        *,
        remarks: str = "",
        drain_seconds: float = DRAIN_SECONDS,
    ) -> None:
        """Drain, judge, and put the trial on the certificate; workers keep running.

        Raises
        ------
        AssertionError
            Something was lost, doubled or altered.
        """
        # Gaps say something only while events keep coming.
        gap_s = self.observer.longest_gap_s() if self.is_endless else None
        verdict = self.finish(drain_seconds)
        print(f"{promise}, {fault}: longest gap {gap_s or 0.0:.1f} s; {verdict}")
        assert verdict.holds, verdict
        certificate.LINES.append(
            certificate.Line(
                promise=promise,
                fault=fault,
                times=times,
                seed=scale().seed,
                events=verdict.inputs_count,
                decisions=verdict.decisions_count,
                lost=verdict.lost_count,
                doubled=verdict.doubled_count,
                altered=verdict.altered_count,
                gap_s=gap_s,
                remarks=remarks,
            )
        )

    def aborted_count(self) -> int:
        """Count the records that stand in the topic of decisions but were never committed.

        What was applied and not committed is applied again by the next owner: here it shows.
        """
        topic = outbound_topics(self.settings).decisions
        every, committed = (
            asyncio.run(read_all(self.settings.kafka_bootstrap_servers, [topic], committed_only=it))
            for it in (False, True)
        )
        return len(every) - len(committed)


@contextlib.contextmanager
def on_trial(
    settings: Settings,
    folder: Path,
    *,
    workers_count: int = 3,
    rate_per_second: float | None = EVENTS_PER_SECOND,
    events_count: int | None = None,
    mix: Mix | None = None,
    orders: Orders | None = None,
) -> Iterator[Trial]:
    """Create topics, start workers and a load, and end all of it with the block.

    Parameters
    ----------
    events_count
        None sends until the trial is finished.
    """
    asyncio.run(topic_admin.apply(client_options(settings), specs(settings)))
    messages = shop_events(settings, scale().seed, mix)
    if events_count is not None:
        messages = (message for message, _ in zip(messages, range(events_count), strict=False))
    print(f"seed {scale().seed}, prefix {settings.topic_prefix}, logs in {folder}")
    with (
        Supervisor(settings, folder, workers_count, orders) as supervisor,
        Observer(settings) as observer,
    ):
        load = Load(settings, messages, rate_per_second)
        try:
            yield Trial(
                settings=settings,
                supervisor=supervisor,
                load=load,
                observer=observer,
                is_endless=events_count is None,
            )
        finally:
            load.stop()
