"""`coupon-stream erase`: have a user forgotten."""

import asyncio

import click

from streams import erasing
from streams.commands.reaching import reaching
from streams.edge import pseudonyms_of
from streams.options import json_option, pass_settings, print_json
from streams.settings import Settings


@click.command()
@click.argument("user")
@click.option("--dry-run", is_flag=True, help="Say what would be done; contact no broker.")
@click.option(
    "--deadline",
    "deadline_seconds",
    type=click.FloatRange(min=0),
    default=60.0,
    show_default=True,
    help="Wait so many seconds for a worker to have done it.",
)
@click.option(
    "--pseudonyms",
    is_flag=True,
    help="USER is known by pseudonyms: of all keys in COUPON_USER_KEY.",
)
@json_option
@pass_settings
def erase(
    settings: Settings,
    user: str,
    dry_run: bool,
    deadline_seconds: float,
    pseudonyms: bool,
    as_json: bool,
) -> None:
    """Have everything forgotten that is known of USER, as the events name them.

    A tombstone goes to the profiles. The worker of the user's partition deletes the row, gives back
    the money of coupons that they hold, and learns nothing from what was pending. Events from
    before are left out from then on, should they come again; new ones begin a new row. What stands
    in topics that cannot be changed goes by their retention, which is told.

    Exit code 0: the row is gone. 1: no worker has confirmed it yet; the request stands.

    \b
    Examples:
      coupon-stream erase u-1042 --dry-run
      coupon-stream erase u-1042 --json
    """
    names = pseudonyms_of(settings).every(user) if pseudonyms else [user]
    left = erasing.gone_by_days(settings)
    confirmed = not dry_run
    for name in names:
        place = erasing.place_of(name, settings)
        verb = "would go" if dry_run else "goes"
        click.echo(f"a tombstone {verb} to {place.topic}[{place.partition}]")
        if not dry_run:
            with reaching(settings):
                gone = asyncio.run(erasing.erase(name, settings, deadline_seconds))
            click.echo("the row is gone" if gone else "no worker has confirmed it yet")
            confirmed = confirmed and gone
    for topic, days in left.items():
        click.echo(f"  {topic}: nothing left after {days:g} days")
    if as_json:
        places = [erasing.place_of(name, settings) for name in names]
        told = [{"topic": place.topic, "partition": place.partition} for place in places]
        done = {"tombstones": told, "dry_run": dry_run, "confirmed": confirmed}
        print_json({**done, "gone_by_days": left})
    if not (dry_run or confirmed):
        raise SystemExit(1)
