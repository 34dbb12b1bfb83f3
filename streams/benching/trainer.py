"""What an outcome costs the one worker that trains."""

import time

from online_models.outcomes import Outcome
from streams import wire
from streams.evidence.live import LiveEvidence
from streams.leading import Leading
from streams.learning import Learning, fresh_trainer
from streams.settings import Settings
from streams.stopwatch import Stopwatch

CHUNK_COUNT = 500


def time_learning(watch: Stopwatch, outcomes: list[Outcome]) -> None:
    """Time the model alone."""
    trainer = fresh_trainer()
    began_ns = time.thread_time_ns()
    for offset, outcome in enumerate(outcomes):
        trainer.learn(outcome, offset)
    watch.add("learn", began_ns, len(outcomes))


def time_catching_up(watch: Stopwatch, outcomes: list[Outcome], settings: Settings) -> None:
    """Time all that a trainer does with outcomes that wait, chunk by chunk, but for Kafka."""
    values = [wire.encode_outcome(one)[1] or b"" for one in outcomes]
    learning, league = Learning(settings), Leading(settings, -1, None)
    evidence = LiveEvidence(settings.horizon_ms)
    learning.begin()
    assert learning.trainer is not None
    model = learning.trainer.model
    began_ns = time.thread_time_ns()
    for start in range(0, len(values), CHUNK_COUNT):
        chunk = values[start : start + CHUNK_COUNT]
        read = [(start + at, wire.decode_outcome(value)) for at, value in enumerate(chunk)]
        league.learn(read)
        evidence.learn((one for _, one in read), model)
        for _, snapshot in learning.learn(read).snapshots:
            wire.encode_state(snapshot)
    watch.add("catch_up", began_ns, len(values))
