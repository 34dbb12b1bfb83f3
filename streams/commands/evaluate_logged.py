"""`coupon-stream evaluate-logged`: the learners on a published experiment."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from streams.evidence.logged import evaluate_experiment
from streams.evidence.logged_files import FORMATS
from streams.evidence.plot import drawing, of_experiment, plot_option
from streams.options import json_option, print_json


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "name", required=True, type=click.Choice(list(FORMATS)))
@click.option(
    "--reward", help="What counts: visit, conversion or spend of hillstrom; each has its usual one."
)
@plot_option
@json_option
def evaluate_logged(
    file: Path, name: str, reward: str | None, plot: Path | None, as_json: bool
) -> None:
    """Train our learners on a logged experiment and judge them on customers they never saw.

    Customers are cut into folds by a hash of their id, so every run gives the same figures. For
    each fold the learners train on all others; the best of them is followed only where, within its
    training part, it beat the best single arm by more than a standard error. Values are doubly
    robust, per customer, with 95 % intervals.

    \b
    hillstrom   e-mail, three arms by chance (--reward visit, conversion or spend)
    insurance   mailed offer against none, by chance
    obd         recommendations with logged propensities (Open Bandit)
    uci_coupon  answers about coupons; nobody knows the propensities, so mind the predictions

    Exit code 0: done. 2: the file is missing, damaged or of another format.

    \b
    Examples:
      coupon-stream evaluate-logged hillstrom_30pct.csv.gz --format hillstrom --plot h.svg
      coupon-stream evaluate-logged insurance_mail_train.csv.gz --format insurance --json
    """
    with Progress(console=Console(stderr=True), transient=True) as progress:
        if not progress.console.is_terminal:
            progress.stop()
        task = progress.add_task("learned", total=None)
        report = evaluate_experiment(
            file, name, reward, lambda count: progress.advance(task, count)
        )
    if plot is not None:
        plot.write_text(drawing(of_experiment(report)), encoding="utf-8")
    if as_json:
        print_json(report)
    else:
        _show(report, Console())


def _show(report: Mapping[str, Any], console: Console) -> None:
    lower, upper = report["interval"]
    console.print(
        f"{report['units']:,} units, {report['folds']} folds, mean {report['reward']} per unit"
    )
    table = Table(show_header=True)
    for place, column in enumerate(("policy", "value", "95 %", "AUC")):
        table.add_column(column, justify="right" if place else "left")
    table.add_row("chosen", f"{report['policy_value']:.4f}", f"{lower:.4f} .. {upper:.4f}", "")
    for name, one in (*report["learners"].items(), *report["arms"].items()):
        told = one["dr"]
        bounds = f"{told['lower']:.4f} .. {told['upper']:.4f}"
        auc = f"{one['roc_auc']:.3f}" if one.get("roc_auc") else ""
        table.add_row(name, f"{told['point']:.4f}", bounds, auc)
    table.add_row("by chance", f"{report['random_value']:.4f}", "", "")
    console.print(table)
    console.print(f"Verdict: {report['verdict']}.")
    console.print(f"Others: {report['told_by_others']}.")
