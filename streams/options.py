"""What the commands share: their settings, and the JSON object that ends a run."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from streams import logs, settings, wire
from streams.settings import Settings

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T")

PIPE_WIDTH = 1_000

json_option = click.option(
    "--json", "as_json", is_flag=True, help="End with one JSON object on the last line of stdout."
)


def settings_of(context: click.Context) -> Settings:
    """Build the settings from the environment and the options before the command's name."""
    chosen = context.find_root().params
    config_file: Path | None = chosen.get("config_file")
    return settings.load(config_file, dict(chosen.get("overrides", ())))


def pass_settings(command: Callable[Concatenate[Settings, P], R]) -> Callable[P, R]:
    """Hand the settings to a command as its first argument, and start its logs."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        chosen = settings_of(click.get_current_context())
        logs.configure(chosen)
        return command(chosen, *args, **kwargs)

    return run


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print aligned columns; away from a terminal every row stays on one line."""
    table = Table(Column(columns[0], no_wrap=True), *columns[1:], box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console()
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    console.print(table)


def print_json(record: Mapping[str, Any]) -> None:
    """Print one JSON object on one line of stdout."""
    click.echo(wire.to_json(record))


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a bar on stderr while a long command works, on a terminal only."""
    with Progress(console=Console(stderr=True), transient=True) as progress:
        if not progress.console.is_terminal:
            progress.stop()
        yield progress


def watched(rows: Iterable[T], file: Path) -> Iterator[T]:
    """Hand on what is read from a file, and show how far that is."""
    with progress_bar() as progress:
        task = progress.add_task(file.name, total=None)
        for row in rows:
            progress.advance(task)
            yield row
