"""`coupon-stream explain`: why a decision was made."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from streams import lookup
from streams.commands.reaching import reaching
from streams.decisions import Decision
from streams.explaining import why as reasons
from streams.explaining.records import Explanation, Told, ToldFlip
from streams.explaining.texts import Language, Text, amount, chance, text
from streams.explaining.wording import ended
from streams.options import json_option, pass_settings, print_json, print_table
from streams.settings import Settings

COLUMNS = {
    "en": ("", "action", "chance to buy", "discount", "worth", "propensity", "why not"),
    "zh": ("", "方案", "购买概率", "优惠成本", "价值", "概率", "未选原因"),
}
CAUSE_COLUMNS = {
    "en": ("feature", "odds", "value", "meaning"),
    "zh": ("特征", "胜率倍数", "数值", "含义"),
}


def _checked(_context: click.Context, _argument: click.Parameter, identity: str) -> str:
    if not lookup.is_identity(identity):
        message = f"must be 26 letters a-z and digits 2-7, was {identity!r}"
        raise click.BadParameter(message)
    return identity


def decision_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add what `explain` and `why-not` share: which decision, where it is, the language."""
    options = (
        click.argument("decision_id", callback=_checked),
        click.option(
            "--decisions",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            help="Look here, in NDJSON as `replay --out` writes it (.gz too), not on the topic.",
        ),
        click.option(
            "--deadline",
            "deadline_seconds",
            type=click.FloatRange(min=0, min_open=True),
            default=60.0,
            show_default=True,
            help="Seconds to search the topic for.",
        ),
        click.option("--lang", type=click.Choice(["en", "zh"]), default="en", show_default=True),
    )
    for option in reversed(options):
        command = option(command)
    return command


def find(
    settings: Settings, decision_id: str, decisions: Path | None, deadline_seconds: float
) -> Decision:
    """Find the decision, or end with one line on stderr and exit code 1."""
    try:
        if decisions is not None:
            return lookup.in_file(decisions, decision_id)
        with reaching(settings):
            return asyncio.run(lookup.on_topic(settings, decision_id, deadline_seconds))
    except lookup.LookupFailedError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@decision_options
@json_option
@pass_settings
def explain(
    settings: Settings,
    decision_id: str,
    decisions: Path | None,
    deadline_seconds: float,
    lang: Language,
    as_json: bool,
) -> None:
    """Tell why a decision was made, and what would have flipped it.

    Every flip was tried: the policy, asked again with the changed number, answers as told.

    \b
    Examples:
      coupon-stream explain ifbx3z23f7xyjieepngortxzyr
      coupon-stream explain ifbx3z23f7xyjieepngortxzyr --decisions decisions.ndjson --lang zh
    """
    decision = find(settings, decision_id, decisions, deadline_seconds)
    told = reasons.explain(decision, settings.shop_currency)
    click.echo(told.headline.said(lang))
    _show_reasons(told, lang)
    _show_table(told, lang)
    _show_causes(told, lang)
    _show_blocked(told, lang)
    show_flips(told.flips, told.no_flip, lang)
    if as_json:
        print_json(reasons.as_record(told, decision))


def title(key: str, language: Language, **values: str | Text) -> None:
    """Begin a part of the text."""
    click.echo(f"\n{text(f'title_{key}', **values).said(language)}")


def _show_reasons(told: Explanation, language: Language) -> None:
    title("why", language)
    for reason in told.reasons:
        _show_reason(reason, language)
    click.echo(f"  {told.group.said(language)}")
    click.echo(f"  {told.money.said(language)}")


def _show_reason(reason: Told, language: Language) -> None:
    name = reason.code if reason.coupon is None else f"{reason.coupon}: {reason.code}"
    detail = f" ({reason.detail})" if reason.detail else ""
    click.echo(f"  {name} - {ended(reason).said(language)}{detail}")


def _show_table(told: Explanation, language: Language) -> None:
    if not told.table:
        return
    title("table", language)
    rows = [
        (
            "*" if row.chosen else " ",
            row.action,
            chance(row.p_buy).said(language),
            amount(row.discount_minor, told.currency),
            amount(row.value_minor, told.currency),
            chance(row.propensity).said(language),
            row.why_not or "",
        )
        for row in told.table
    ]
    print_table(COLUMNS[language], rows)


def _show_causes(told: Explanation, language: Language) -> None:
    if not told.causes:
        return
    title("causes", language, odds=f"{told.base_odds:.4g}")
    print_table(
        CAUSE_COLUMNS[language],
        (
            (
                cause.feature,
                f"x{cause.odds_ratio:.3g}",
                "" if cause.value is None else f"{cause.value:g}",
                cause.meaning.said(language),
            )
            for cause in told.causes
        ),
    )


def _show_blocked(told: Explanation, language: Language) -> None:
    if not told.blocked:
        return
    title("blocked", language)
    for reason in told.blocked:
        _show_reason(reason, language)


def show_flips(flips: tuple[ToldFlip, ...], no_flip: Text | None, language: Language) -> None:
    """Say what would have flipped a decision, or why that cannot be told."""
    title("flips", language)
    for flip in flips:
        click.echo(f"  {flip.text.said(language)}")
    if no_flip is not None:
        click.echo(f"  {no_flip.said(language)}")
