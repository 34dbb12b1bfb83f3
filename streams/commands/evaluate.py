"""`coupon-stream evaluate`: what logged outcomes prove."""

from pathlib import Path

import click
from rich.console import Console

from coupons.arms import ArmShares
from streams.evidence.files import read_decisions, read_outcomes
from streams.evidence.findings import evidence
from streams.evidence.plot import drawing, of_outcomes, plot_option
from streams.evidence.view import show
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings


@click.command()
@click.argument("outcomes", type=click.Path(path_type=Path))
@click.option(
    "--decisions",
    type=click.Path(path_type=Path),
    help="The decisions of these outcomes, as `replay --out` writes them: tells what else could "
    "have been given, so named policies, Qini, rules and budgets can be judged.",
)
@plot_option
@json_option
@pass_settings
def evaluate(
    settings: Settings, outcomes: Path, decisions: Path | None, plot: Path | None, as_json: bool
) -> None:
    """Judge what was decided by what followed: were probabilities right, do the coupons pay.

    OUTCOMES is NDJSON as `replay --outcomes` writes it (.gz, .xz and .zst too).

    \b
    predictive     log loss, AUC, calibration, precision, recall of logged probabilities
    incremental    margin per customer against the holdout, by arm; the anytime bounds hold
                   however often one looks, the fixed ones at one moment set in advance
    sample ratio   whether the arms have the sizes they should: below 0.001 believe nothing
    policy values  what other policies would have earned on the same decisions, a step at a
                   time: IPS, SNIPS and doubly robust, with the effective sample size
    sorting        Qini curve and AUUC: do the scores find whom a coupon moves
    price gaps     do some customers pay more for the same
    rules          what each rule costs a day, by the model's belief

    Without --decisions a coupon's value is known only where it could be given: then compare its
    SNIPS with care, for its customers are not everybody.

    Exit code 0: done. 1: the arms' sizes are wrong. 2: a file is missing, damaged or no outcomes.

    \b
    Examples:
      coupon-stream replay shop.ndjson --format native --out d.ndjson --outcomes o.ndjson
      coupon-stream evaluate o.ndjson --decisions d.ndjson --plot evidence.svg
      coupon-stream evaluate o.ndjson --json | tail -1 | jq .incremental.policy
    """
    known = None
    if decisions is not None:
        known = {one.decision_id: one for one in read_decisions(decisions)}
    shares = ArmShares(
        random=settings.random_ratio,
        business_as_usual=settings.business_as_usual_ratio,
        holdout=settings.holdout_ratio,
    )
    report = evidence(list(read_outcomes(outcomes)), known, shares)
    if plot is not None:
        plot.write_text(drawing(of_outcomes(report)), encoding="utf-8")
    if as_json:
        print_json(report)
    else:
        show(report, Console())
    if report["sample_ratio"]["alarm"]:
        raise SystemExit(1)
