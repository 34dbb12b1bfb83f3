"""What signatures cost: to sign the rows of each chunk, and to check them when they are read back.

`python -m streams.benching.signing --events 40000` applies the simulated shop's events chunk by
chunk and signs what each chunk writes, so that both times are of the same chunk.
"""

import time
from base64 import b64encode
from math import sqrt
from statistics import mean, stdev

import click
from pydantic import SecretStr

from streams.app import outbound_topics, source_of
from streams.benching.leasing import CHUNK_COUNT, PARTITIONS_COUNT, WARM_COUNT, Timed, accepted
from streams.benching.shop import Message, bench_settings, chunks, record
from streams.context import Rules
from streams.emission import Emission
from streams.options import json_option, print_json, print_table
from streams.replay import Replay
from streams.settings import Settings
from streams.signatures import Place, Signer, signatures_of
from streams.signed_log import SignedLog
from streams.transactions import Outgoing

_KEY = SecretStr(f"bench:{b64encode(bytes(range(32))).decode()}")


class Signing:
    """Signs what the partitions of one side write, and knows how long that took."""

    def __init__(self, settings: Settings) -> None:
        topics = outbound_topics(settings)
        signatures = signatures_of(settings.model_copy(update={"state_key": _KEY}), topics)
        assert signatures is not None
        self._signatures, self._changelog = signatures, topics.changelog
        self._signer = Signer(signatures)
        self.written: dict[int, list[Outgoing]] = {}
        self.signed_ns = 0
        self.rows_count = 0

    def watch(self, number: int, _records: object, _rules: Rules, emission: Emission) -> None:
        """Sign the rows of a chunk."""
        rows = [Outgoing(self._changelog, number, *row) for row in emission.rows]
        began_ns = time.thread_time_ns()
        signed = self._signer.signed(rows)
        self.signed_ns += time.thread_time_ns() - began_ns
        self.rows_count += len(signed)
        self.written.setdefault(number, []).extend(signed)

    def checked_ns(self) -> int:
        """Read all that was written back, and tell how long the checks took."""
        spent_ns = 0
        for number, rows in self.written.items():
            log = SignedLog(self._signatures, Place(self._changelog, number))
            began_ns = time.thread_time_ns()
            for offset, (_, _, key, value, headers) in enumerate(rows):
                assert log.believes(offset, key or b"", value, headers)
            spent_ns += time.thread_time_ns() - began_ns
        return spent_ns


def measure(settings: Settings, messages: list[Message]) -> dict[str, float]:
    """Apply the messages, and tell what signing and checking added."""
    signing = Signing(settings)
    replay, source = Replay(settings, signing.watch), source_of(settings)
    partitions = [Timed(number, {}, source) for number in range(settings.partitions)]
    replay.partitions[:] = partitions
    applied_ns, signed_ns = [], []
    for chunk in chunks(messages, CHUNK_COUNT):
        before = sum(one.spent_ns for one in partitions), signing.signed_ns
        replay.run(map(accepted, chunk), len)
        applied_ns.append(sum(one.spent_ns for one in partitions) - before[0])
        signed_ns.append(signing.signed_ns - before[1])
    pairs = list(zip(signed_ns, applied_ns, strict=True))[WARM_COUNT:]
    ratios = [signed / applied for signed, applied in pairs]
    spread = 1.96 * stdev(ratios) / sqrt(len(ratios))
    return {
        "step_us": round(mean(applied for _, applied in pairs) / CHUNK_COUNT / 1_000, 2),
        "signed_us": round(mean(signed for signed, _ in pairs) / CHUNK_COUNT / 1_000, 2),
        "more_ratio": round(mean(ratios), 4),
        "least_ratio": round(mean(ratios) - spread, 4),
        "most_ratio": round(mean(ratios) + spread, 4),
        "row_checked_us": round(signing.checked_ns() / signing.rows_count / 1_000, 2),
    }


@click.command()
@click.option("--events", "events_count", type=click.IntRange(min=4_000), default=40_000)
@click.option("--seed", default=1, show_default=True)
@json_option
def main(events_count: int, seed: int, as_json: bool) -> None:
    """Compare what applying chunks takes with what signing their rows takes."""
    settings = bench_settings(Settings(), PARTITIONS_COUNT)
    messages = record(settings, events_count - events_count % CHUNK_COUNT, seed).messages
    found = measure(settings, messages)
    if as_json:
        print_json({"events": len(messages), "seed": seed, **found})
        return
    print_table(tuple(found), [tuple(str(value) for value in found.values())])


if __name__ == "__main__":
    main()
