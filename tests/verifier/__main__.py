"""`python -m tests.verifier`: read a run, judge it, say what was found."""

import argparse
import contextlib
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import yaml

from tests.verifier.catalogue import read_campaigns
from tests.verifier.kafka import Source
from tests.verifier.log import DAY_MS, TRIGGERS, Terms, UnreadableError
from tests.verifier.verify import verify

HOLDS, BROKEN, UNREADABLE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge the run that the arguments name; gives the exit code."""
    asked = _parser().parse_args(arguments)
    began_s = time.perf_counter()
    try:
        with contextlib.ExitStack() as files:
            terms = _terms(asked, files)
            report = verify(Source(asked.bootstrap).log(asked.app, asked.prefix), terms)
    except (UnreadableError, OSError) as error:
        print(f"cannot be judged: {error}", file=sys.stderr)
        return UNREADABLE
    taken_s = time.perf_counter() - began_s
    count = sum(report.records.values())
    print(f"{count:,} records in {taken_s:.1f} s", file=sys.stderr)
    print(report.to_json() if asked.json else report.to_text())
    return HOLDS if report.holds else BROKEN


def _terms(asked: argparse.Namespace, files: contextlib.ExitStack) -> Terms:
    def lines(path: Path | None) -> Iterable[bytes] | None:
        return None if path is None else files.enter_context(path.open("rb"))

    campaigns = None
    if asked.catalogue is not None:
        text = asked.catalogue.read_text("utf-8")
        try:
            campaigns = read_campaigns(text)
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            message = f"{asked.catalogue} must be a catalogue, was not: {error!r}"
            raise UnreadableError(message) from error
    return Terms(
        triggers=frozenset(asked.triggers.split(",")),
        horizon_ms=asked.horizon_ms,
        campaigns=campaigns,
        decisions=lines(asked.replay),
        outcomes=lines(asked.outcomes),
        state=lines(asked.state),
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.verifier",
        description="Judge a drained run: 0 every promise holds, 1 one is broken, 2 unreadable.",
    )
    add = parser.add_argument
    add("--bootstrap", required=True, help="where Kafka is first asked, host:port")
    add("--app", required=True, help="COUPON_APP_ID of the run")
    add("--prefix", default="", help="COUPON_TOPIC_PREFIX of the run")
    add("--replay", type=Path, help="decisions of the uninterrupted run, NDJSON")
    add("--outcomes", type=Path, help="outcomes of the uninterrupted run, NDJSON")
    add("--state", type=Path, help="rows of the uninterrupted run, NDJSON")
    add("--catalogue", type=Path, help="the catalogue that was in force, YAML")
    add("--triggers", default=",".join(sorted(TRIGGERS)), help="COUPON_TRIGGERS of the run")
    add("--horizon-ms", type=int, default=DAY_MS, help="COUPON_HORIZON_MS of the run")
    add("--json", action="store_true", help="the report as one JSON object")
    return parser


if __name__ == "__main__":
    sys.exit(main())
