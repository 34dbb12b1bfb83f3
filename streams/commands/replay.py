"""`coupon-stream replay`: decide a file of events without a broker."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from rich.table import Table

from streams import wire
from streams.layouts import LAYOUTS, read
from streams.options import json_option, pass_settings, print_json, progress_bar, watched
from streams.recordings.repeating import Repeat
from streams.recordings.writing import RECORDED
from streams.replay import Replay
from streams.settings import Settings


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "layout", required=True, type=click.Choice([*LAYOUTS, RECORDED]))
@click.option("--out", type=click.File("wb"), help="Write decisions here, as NDJSON.")
@click.option("--outcomes", type=click.File("wb"), help="Write settled decisions here, as NDJSON.")
@click.option("--sessions", type=click.File("wb"), help="Write sessions here, as NDJSON.")
@click.option("--replies", type=click.File("wb"), help="Write replies here, as NDJSON.")
@click.option("--state", type=click.File("wb"), help="Write all rows here at the end, as NDJSON.")
@click.option("--state-hash", is_flag=True, help="Hash all rows at the end.")
@json_option
@pass_settings
def replay(
    settings: Settings,
    file: Path,
    layout: str,
    out: IO[bytes] | None,
    outcomes: IO[bytes] | None,
    sessions: IO[bytes] | None,
    replies: IO[bytes] | None,
    state: IO[bytes] | None,
    state_hash: bool,
    as_json: bool,
) -> None:
    """Put a file of events through the same step as a worker, without a broker.

    The same file and settings give the same decisions, byte for byte; with
    COUPON_MODEL_FROZEN=true they are the bytes that workers give for the produced file.

    A folder that `record` wrote (format `recorded`) is decided again, each decision by the model
    that made it, and compared byte for byte; exit code 1 where one differs or is lost.

    \b
    Examples:
      coupon-stream replay events.ndjson --format native --out decisions.ndjson
      coupon-stream replay shop.csv.gz --format rees46 --state-hash --json
      coupon-stream replay sunday --format recorded
    """
    if layout == RECORDED:
        _repeat(settings, file, out, as_json)
        return
    run = Replay(settings)
    rows = watched(read(file, layout), file)
    run.run(rows, _lines(out), _lines(outcomes), _lines(sessions), _lines(replies))
    write_row = _lines(state)
    for number, partition in enumerate(run.partitions):
        for key, value in partition.canonical():
            write_row(wire.encode_state_line(number, key, value))
    digest = run.state_hash() if state_hash or as_json else None
    counts = run.counts
    if as_json:
        print_json(
            {
                "events": counts.events,
                "accepted": counts.accepted,
                "refused": dict(sorted(counts.refused.items())),
                "duplicates": counts.duplicates,
                "decisions": counts.decisions,
                "actions": dict(sorted(counts.actions.items())),
                "outcomes": counts.outcomes,
                "sessions": counts.sessions,
                "replies": counts.replies,
                "model_version": run.learning.version,
                "knowledge_version": run.knowing.in_force.version,
                "state_hash": digest,
            }
        )
        return
    _show(run, digest)


def _repeat(settings: Settings, folder: Path, out: IO[bytes] | None, as_json: bool) -> None:
    repeat = Repeat(settings, folder, _lines(out))
    with progress_bar() as progress:
        task = progress.add_task(folder.name, total=None)
        found = repeat.run(lambda: progress.advance(task))
    click.echo(
        f"{found.same:,} decisions the same, {found.different:,} different, {found.lost:,} lost,"
        f" {found.undecided:,} undecided then; {found.models:,} models\n"
        f"{found.sessions_same:,} sessions the same, {found.sessions_lost:,} lost;"
        f" {found.knowledges:,} states of knowledge\n"
        f"{found.replies_same:,} replies the same, {found.replies_lost:,} lost"
    )
    for identity in found.first_different:
        click.echo(f"different: {identity}")
    if as_json:
        print_json(asdict(found) | {"state_hash": repeat.state_hash()})
    if not found.holds:
        raise SystemExit(1)


def _lines(file: IO[bytes] | None) -> Callable[[bytes], object]:
    return (lambda value: file.write(value + b"\n")) if file is not None else len


def _show(run: Replay, digest: str | None) -> None:
    counts = run.counts
    table = Table(show_header=False, box=None)
    table.add_row("events", f"{counts.events:,}")
    table.add_row("accepted", f"{counts.accepted:,}")
    for reason, count in counts.refused.most_common():
        line = counts.first_refused_line.get(reason)
        first = f", first on line {line}" if line is not None else ""
        table.add_row("refused", f"{count:,} {reason}{first}")
    table.add_row("duplicates", f"{counts.duplicates:,}")
    table.add_row("decisions", f"{counts.decisions:,}")
    for action, count in counts.actions.most_common():
        table.add_row("", f"{count:,} {action}")
    if digest is not None:
        table.add_row("state hash", digest)
    Console().print(table)
