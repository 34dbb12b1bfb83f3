"""Comparisons of policies as tables for people."""

from typing import Any

from rich.console import Console
from rich.table import Table

from streams.simulating.record import as_record
from streams.simulating.report import Report, Result

Record = dict[str, Any]


def print_report(report: Report) -> None:
    """Print one world, policy by policy."""
    world = report.world
    table = _table(
        f"Incremental profit, minor units: seed {world.seed}, {world.events_count} events, "
        f"{world.customers_count} customers, budget {world.budget_minor}",
        ("profit", "± 95 %", "came out", "of oracle", "after 1/5", "in arm", "spent", "offers"),
    )
    for result in sorted(report.results, key=lambda one: -one.expected.point):
        table.add_row(*_cells(report, result))
    Console().print(table)
    print_farmed(as_record(report)["farmers"])


def print_medians(found: Record) -> None:
    """Print the medians over several worlds, and what farmers took in all of them."""
    title = f"Medians over {len(found['seeds'])} worlds of {found['events']} events, minor units"
    table = _table(title, ("profit", "of oracle", "after 1/5", "in arm", "of budget"))
    profit, *shares = found["median"].values()
    for name in sorted(profit, key=lambda one: -profit[one]):
        told = ("" if share[name] is None else f"{share[name]:.1%}" for share in shares)
        table.add_row(name, f"{profit[name]:,.0f}", *told)
    Console().print(table)
    print_farmed(found["farmers"])
    if found["drift"] is not None:
        _print_recovery(found["drift"])


def print_farmed(farmers: Record | None) -> None:
    """Print what coupon farmers took, and what the honest brought; nothing where nobody farms."""
    if farmers is None:
        return
    title = f"{farmers['count']} coupon farmers, minor units"
    table = _table(title, ("coupons used", "profit lost", "profit of the honest"))
    for name, coupons_minor in farmers["coupons_minor"].items():
        lost_minor, honest_minor = (
            farmers[key][name] for key in ("waste_minor", "honest_profit_minor")
        )
        table.add_row(name, f"{coupons_minor:,}", f"{lost_minor:,}", f"{honest_minor:,}")
    Console().print(table)


def _print_recovery(drift: Record) -> None:
    after = ", ".join(f"{share:.0%}" for share in drift["shares_after"])
    count = drift["recovered_events"]
    back = "not again" if count is None else f"again within {count:,} events"
    Console().print(
        f"policy against the oracle: {drift['share_before']:.0%} before the drift, {after} in the "
        f"tenths after it; as good as before {back}"
    )


def _table(title: str, columns: tuple[str, ...]) -> Table:
    table = Table(title=title)
    table.add_column("policy", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def _cells(report: Report, result: Result) -> tuple[str, ...]:
    expected, name = result.expected, result.name
    shares = (
        report.share_of_oracle(name),
        report.learned_share(name),
        report.learned_share(name, "policy"),
    )
    return (
        result.name,
        f"{expected.point:,.0f}",
        f"{expected.upper - expected.point:,.0f}",
        f"{result.realised.point:,.0f}",
        *("" if share is None else f"{share:.0%}" for share in shares),
        f"{result.run.spent_minor:,}",
        f"{result.run.offers_count:,}",
    )
