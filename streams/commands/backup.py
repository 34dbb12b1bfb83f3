"""`coupon-stream backup`: what lasts, written down and put back."""

import asyncio
from collections.abc import Coroutine
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from streams import backups
from streams.backups import Backup
from streams.commands.reaching import reaching
from streams.options import json_option, pass_settings, print_json, progress_bar
from streams.recordings.writing import new_folder
from streams.settings import Settings


@click.group()
def backup() -> None:
    """Write down what lasts, and put it back.

    That is the rows of all customers, models and campaigns: the compacted topics of the product.

    \b
    Examples:
      coupon-stream backup write monday
      coupon-stream backup restore monday
    """


@backup.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@json_option
@pass_settings
def write(settings: Settings, folder: Path, as_json: bool) -> None:
    """Write what lasts into a new FOLDER; workers may go on meanwhile.

    The folder holds what is known of customers: keep it as you keep the topics.
    """
    new_folder(folder)
    with progress_bar() as progress:
        task = progress.add_task("writing", total=None)
        _show(settings, backups.write(settings, folder, lambda: progress.advance(task)), as_json)


@backup.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@json_option
@pass_settings
def restore(settings: Settings, folder: Path, as_json: bool) -> None:
    """Put a backup from FOLDER into empty topics, while no worker runs.

    Into the same Kafka and under the same names: rows hold positions in the topics of events, and
    workers go on from there. Events that Kafka holds no longer are lost to the rows.
    """
    with progress_bar() as progress:
        task = progress.add_task("restoring", total=None)
        _show(settings, backups.restore(settings, folder, lambda: progress.advance(task)), as_json)


def _show(settings: Settings, work: Coroutine[Any, Any, Backup], as_json: bool) -> None:
    with reaching(settings):
        done = asyncio.run(work)
    for topic, count in done.records.items():
        click.echo(f"{topic}: {count:,} records")
    if as_json:
        print_json(asdict(done))
