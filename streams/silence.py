"""Time for partitions in which nothing happens, though something waits there."""

from collections.abc import Iterator, Mapping

from features.events import Event
from streams import wire
from streams.emission import Emission
from streams.partitions import Partition


def beats(
    owned: Mapping[int, Partition], heard_s: Mapping[int, float], until_s: float
) -> Iterator[tuple[int, Emission]]:
    """Tell partitions that were last heard of by `until_s` how far event time has come elsewhere.

    A heartbeat is a record in the partition's own log, and so at the same place in a replay.
    """
    newest_ms = max((one.state.watermark_ms for one in owned.values()), default=0)
    for number, partition in owned.items():
        waits_ms = partition.next_timer_ms
        is_silent = heard_s.get(number, 0.0) <= until_s
        if is_silent and waits_ms is not None and waits_ms <= newest_ms:
            beat = Event(
                event_id=f"heartbeat-{number}-{newest_ms}",
                event_type="heartbeat",
                user_id="",
                ts_ms=newest_ms,
            )
            yield number, Emission(heartbeats=[(b"", wire.encode_event(beat), [])])
