"""`coupon-stream why-not`: why a decision was not another coupon."""

from dataclasses import asdict
from pathlib import Path

import click

from streams.commands.explain import decision_options, find, show_flips
from streams.explaining import why as explain
from streams.explaining.texts import Language
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings


@click.command("why-not")
@decision_options
@click.argument("coupon")
@json_option
@pass_settings
def why_not(
    settings: Settings,
    decision_id: str,
    coupon: str,
    decisions: Path | None,
    deadline_seconds: float,
    lang: Language,
    as_json: bool,
) -> None:
    """Tell why a decision was not COUPON, and what would have made it so.

    \b
    Examples:
      coupon-stream why-not ifbx3z23f7xyjieepngortxzyr free-delivery
      coupon-stream why-not ifbx3z23f7xyjieepngortxzyr ten --decisions decisions.ndjson --json
    """
    decision = find(settings, decision_id, decisions, deadline_seconds)
    known = explain.known_coupons(decision)
    if known and coupon not in known:
        message = f"must be one that this decision knew ({', '.join(known)}), was {coupon!r}"
        raise click.BadParameter(message, param_hint="COUPON")
    told = explain.why_not(decision, coupon, settings.shop_currency)
    click.echo(told.headline.said(lang))
    if not told.given:
        show_flips(told.flips, told.no_flip, lang)
    if as_json:
        print_json(asdict(told))
