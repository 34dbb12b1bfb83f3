"""`coupon-stream record`: write down a run, to be repeated without Kafka."""

import asyncio
from dataclasses import asdict
from pathlib import Path

import click

from streams.commands.reaching import reaching
from streams.options import json_option, pass_settings, print_json, progress_bar
from streams.recordings import writing as recording
from streams.recordings.writing import DECISIONS, EVENTS, OUTCOMES, REPLIES, SESSIONS, Manifest
from streams.settings import Settings


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@json_option
@pass_settings
def record(settings: Settings, folder: Path, as_json: bool) -> None:
    """Write what the topics hold now into a new FOLDER.

    `replay FOLDER --format recorded` then decides all of it again, each decision by the model that
    made it, and says whether every byte is the same. The folder holds customers' events: keep it as
    you keep the topics.

    \b
    Examples:
      coupon-stream record sunday
      coupon-stream replay sunday --format recorded
    """
    recording.new_folder(folder)
    with reaching(settings):
        written = asyncio.run(_watched(settings, folder))
    for name, count in (
        (EVENTS, written.events),
        (DECISIONS, written.decisions),
        (REPLIES, written.replies),
        (OUTCOMES, written.outcomes),
        (SESSIONS, written.sessions),
    ):
        click.echo(f"{folder / name}: {count:,}")
    for place, count in written.missing.items():
        click.echo(f"{place}: Kafka no longer holds the first {count:,}; a replay cannot be exact")
    if as_json:
        print_json(asdict(written))


async def _watched(settings: Settings, folder: Path) -> Manifest:
    with progress_bar() as progress:
        task = progress.add_task("recording", total=None)
        return await recording.record(settings, folder, lambda: progress.advance(task))
