"""The evidence as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def show(report: Mapping[str, Any], console: Console) -> None:
    """Print what a person asks first: does it pay, may one believe it, what would pay better."""
    predicted = report["predictive"]
    console.print(
        f"{report['settled']:,} settled decisions of {report['customers']:,} customers; "
        f"log loss {_number(predicted['log_loss'], 4)}, AUC {_number(predicted['roc_auc'], 3)}, "
        f"calibration error {_number(predicted['calibration_error'], 4)}"
    )
    ratio = report["sample_ratio"]
    if ratio["alarm"]:
        console.print(
            f"[bold red]The arms' sizes are wrong (p {ratio['p']:.2g}): believe no effect before "
            "the cause is found.[/]"
        )
    _table(
        console,
        "Against the holdout, margin per customer in minor units (adjusted; 95 %)",
        ("arm", "point", "fixed bounds", "anytime bounds", "return on cost"),
        [
            (arm, *_interval(one["per_customer_adjusted_minor"]), _point(one["roi"]))
            for arm, one in report["incremental"].items()
        ],
    )
    _table(
        console,
        "Value of policies, margin per decision in minor units (95 %)",
        ("policy", "SNIPS", "DR", "fixed bounds", "effective n", "judged on"),
        [_policy(name, one) for name, one in report["policy_values"].items()],
    )
    if report["rules"]:
        _table(
            console,
            "What rules cost by the model's belief",
            ("rule", "blocks", "lost a day"),
            [
                (code, f"{one['blocks']:,}", f"{one['lost_minor_per_day']:,.0f}")
                for code, one in report["rules"].items()
            ],
        )
    starved = (report["budget_by_arm"] or {}).get("starved", [])
    if starved:
        console.print(f"[bold red]Starved of the shared budget: {', '.join(starved)}.[/]")


def _policy(name: str, one: Mapping[str, Any]) -> tuple[str, ...]:
    told = one["margin_minor"]
    best = told["dr"] or told["snips"]
    size = f"{one['effective_sample_size']:,.0f}"
    return (
        name,
        _point(told["snips"]),
        _point(told["dr"]),
        _interval(best)[1],
        size if one["reliable"] else f"{size}: too few",
        one["judged_on"],
    )


def _table(
    console: Console, title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]
) -> None:
    if not rows:
        return
    table = Table(title=title, title_justify="left")
    for place, column in enumerate(columns):
        table.add_column(column, justify="right" if place else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _interval(told: Mapping[str, float | None] | None) -> tuple[str, str, str]:
    if told is None:
        return "", "", ""
    fixed = f"{_number(told['lower'])} .. {_number(told['upper'])}"
    anytime = f"{_number(told['anytime_lower'])} .. {_number(told['anytime_upper'])}"
    return _number(told["point"]), fixed, anytime if told["anytime_lower"] is not None else ""


def _point(told: Mapping[str, float | None] | None) -> str:
    return _number(told["point"]) if told is not None else ""


def _number(value: float | None, digits: int = 2) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"
