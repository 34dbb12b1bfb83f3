"""`coupon-stream`: every command of the product, each loaded only when it is called.

Loading by name keeps `--help` quick and free of Faust; it is the one place of the project that
imports at run time.
"""

import importlib
import importlib.util
from contextlib import AbstractContextManager
from difflib import get_close_matches
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Any

import click

COMMANDS = {
    "demo": "See it work: a broker, a simulated shop and a worker, all in one process.",
    "worker": "Run one worker against Kafka.",
    "console": "Serve a web page of what is decided, why, and whether it pays.",
    "tail": "Print decisions as they are made.",
    "topics": "Create or verify the topics.",
    "produce": "Send a file of events to Kafka.",
    "record": "Write down a run, to be repeated without Kafka.",
    "backup": "Write down what lasts, and put it back.",
    "replay": "Put a file of events through the same step without a broker.",
    "simulate": "Compare policies in a shop whose truth is known, or rules on a log.",
    "evaluate": "Judge decisions by what followed: right probabilities, coupons that pay.",
    "evaluate-logged": "Train and judge the learners on a published experiment.",
    "insights": "Tell what a file says of customers: habits, hot goods, what goes together.",
    "explain": "Tell why a decision was made.",
    "why-not": "Tell why a decision was not another coupon.",
    "budget": "Show what campaigns have left; add, pause, resume, close or stop.",
    "catalogue": "Check a file of campaigns and coupons, and put it in force.",
    "features": "List what is known of a customer.",
    "config": "Show or check the settings, or print their schema.",
    "schema": "Print the schemas of the messages.",
    "bench": "Measure what an event costs on this machine.",
    "doctor": "Examine the set-up and say what to mend.",
    "erase": "Have everything forgotten that is known of a user.",
    "dlq": "List, show or replay dead letters.",
    "kafka": "Run a local Apache Kafka in the foreground.",
}

# Exit codes of the project's errors that a user can cause and mend; any other exception is a bug
# and is shown with its traceback. By name, so that no module is loaded only to be named here.
ROOMS = frozenset({"streams", "simulation", "coupons", "online_models", "features"})
USER_ERRORS = {
    "SettingsError": 2,
    "LayoutError": 2,
    "CatalogueError": 2,
    "RecordingError": 2,
    "BackupError": 2,
    "PrivacyError": 2,
    "BrokerError": 1,
    "SafeError": 1,
}

EXAMPLES = """\b
Examples:
  coupon-stream demo --seconds 60
  coupon-stream catalogue check deploy/catalogue.yaml
  coupon-stream replay events.ndjson --format native --json
  coupon-stream --config shop.yaml --set policy=random worker

\b
Settings come from COUPON_ variables, a YAML file and --set; `config show` prints them.
Exit codes: 0 good, 1 a check failed, 2 bad usage or input."""


class PlainErrors(AbstractContextManager[None]):
    """Turns an error that the user can mend into lines on stderr and an exit code."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave with the error's code where it is one of `USER_ERRORS`."""
        code = _exit_code(kind) if kind else None
        if code is not None:
            for line in str(error).splitlines():
                click.echo(f"Error: {line}", err=True)
            raise SystemExit(code)


class LazyGroup(click.Group):
    """A group whose commands stand in `streams/commands/<name>.py`, one object in each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands in the order in which a newcomer meets them."""
        return [name for name in COMMANDS if importlib.util.find_spec(_module(name))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(_module(cmd_name))
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called, or suggest the nearest."""
        near = get_close_matches(args[0], self.list_commands(ctx), n=1, cutoff=0.7)
        if near and near[0] != args[0]:
            ctx.fail(f"No such command {args[0]!r}: did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading any."""
        rows = [(name, COMMANDS[name]) for name in self.list_commands(ctx)]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was called."""
        with PlainErrors():
            return super().invoke(ctx)


def _exit_code(kind: type[BaseException]) -> int | None:
    ours = kind.__module__.split(".")[0] in ROOMS
    return USER_ERRORS.get(kind.__name__) if ours else None


def _module(command: str) -> str:
    return f"streams.commands.{command.replace('-', '_')}"


def _override(
    ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, str], ...]:
    pairs = []
    for text in values:
        name, separator, value = text.partition("=")
        if not separator:
            message = f"must be NAME=VALUE, was {text!r}"
            raise click.BadParameter(message)
        if name.lower().endswith(("password", "_key", "_keys")):
            message = f"{name} is a secret: use COUPON_{name.upper()} or COUPON_{name.upper()}_FILE"
            raise click.BadParameter(message)
        pairs.append((name.lower().removeprefix("coupon_"), value))
    return tuple(pairs)


@click.group(
    cls=LazyGroup, epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(version("coupon-stream"), prog_name="coupon-stream")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    help="YAML file with settings; variables and --set go before it.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_override,
    help="One setting, before all other sources; may be repeated.",
)
def cli(config_file: Path | None, overrides: tuple[tuple[str, str], ...]) -> None:
    """Decide, live and under a budget, which customer should get which coupon - or none."""


def main() -> None:
    """Run the command line."""
    cli(prog_name="coupon-stream")
