"""What the demo shows: on a terminal a live page, elsewhere a plain line now and then."""

import time

from rich.console import Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from streams.demo_seen import Seen
from streams.sentences import money, sentence


def page(seen: Seen, note: str, address: str) -> Group:
    """Lay out the live page: counts, money beside the truth, and the latest decisions."""
    counts = Table.grid(padding=(0, 3))
    age_s = time.monotonic() - seen.began_s
    counts.add_row(
        f"{age_s:.0f} s",
        f"{seen.events:,} events",
        f"{seen.decisions:,} decisions",
        f"{seen.actions['offer']:,} offers",
        f"{seen.dead_letters:,} dead letters",
    )
    told = [Text(sentence(decision), no_wrap=True) for decision in reversed(seen.latest)]
    return Group(
        Panel(counts, title="Coupon Stream"),
        Panel(earnings(seen), title="Is it paying?"),
        Panel(Group(*told) if told else Text("waiting for the first decision"), title="Decisions"),
        Text(f"Page: {address}   Metrics and health: {address}metrics", style="dim"),
        Text(note, style="dim"),
    )


def earnings(seen: Seen) -> str:
    """Say what was earned against the holdout, and what the simulated shop knows to be true."""
    point = seen.estimated.get("point")
    if point is None:
        measured = "measured against the holdout: not yet"
    else:
        low, high = seen.estimated.get("lower", point), seen.estimated.get("upper", point)
        measured = (
            f"measured against the holdout: {money(point)}"
            f" (95 % certain at any time: {money(low)} to {money(high)})"
        )
    return f"{measured}\ntrue by the simulated shop: {money(seen.true_minor)}"


def line(seen: Seen) -> str:
    """Put the state into one plain line."""
    told = sentence(seen.latest[-1]) if seen.latest else "no decision yet"
    return (
        f"{seen.events} events, {seen.decisions} decisions, {seen.actions['offer']} offers,"
        f" {seen.dead_letters} dead letters; {earnings(seen).replace(chr(10), '; ')}; {told}"
    )
