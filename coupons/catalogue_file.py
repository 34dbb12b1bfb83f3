"""Reads the catalogue: a YAML file of campaigns, or one campaign as it comes on the topic.

Both have the same closed schema; `deploy/catalogue.yaml` explains it field by field. Money is in
major units to the decimals of the campaign's currency (`12.50` EUR, `1250` JPY), times are ISO 8601
with offset, time spans `7d` or `12h`, and a depth is what is taken off: 20 % off, 8折, is `0.2`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal, TypeGuard, cast, get_args

from coupons.catalogue import Campaign, Catalogue, Coupon, Kind
from coupons.catalogue_fields import Entry
from coupons.catalogue_parts import (
    read_audience,
    read_bounds,
    read_limits,
    read_schedule,
    read_scope,
    read_shared_caps,
)
from coupons.catalogue_problems import Path, Problem, Source
from coupons.catalogue_yaml import read_yaml
from coupons.contradictions import contradictions

__all__ = ["CatalogueError", "Problem", "campaign_from_record", "parse_catalogue"]

Venue = Literal["online", "store", "any"]
LAYOUT = 1
DAY_MS = 86_400_000
NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
DEEPEST = "0.75"  # beyond it somebody wrote what is left (8折 as 0.8) instead of what is taken off
KINDS: tuple[Kind, ...] = get_args(Kind)
VENUES = ("online", "store", "any")
CAMPAIGN_FIELDS = (
    *("id", "version", "currency", "budget", "starts", "ends"),
    *("per_user", "per_user_window", "per_device", "per_address", "per_person"),
    *("channel_caps", "limits", "coupons"),
)
DEPTH_FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "amount_off": ("save",),
    "percent_off": ("off_ratio", "max_discount"),
    "free_shipping": ("max_discount",),
    "gift": ("cost",),
    "second_half_price": ("max_discount",),
    "bundle": ("save", "products"),
}
COUPON_FIELDS = (
    *("id", "kind", "title", "scope", "save", "off_ratio", "max_discount", "cost", "products"),
    *("min_spend", "validity", "quota", "per_user", "cooldown", "audience", "schedule"),
    *("channels", "venue", "stacking", "exclusive", "code"),
)


class CatalogueError(ValueError):
    """A catalogue was refused; `problems` holds everything that is wrong with it."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse_catalogue(text: str, name: str) -> Catalogue:
    """Read a catalogue file.

    Parameters
    ----------
    name
        The file's name, for messages.

    Raises
    ------
    CatalogueError
        Something is wrong; all problems are listed, each with entry, line, field, what was expected
        and what was found.

    Examples
    --------
    >>> try:
    ...     parse_catalogue("campaigns: [{id: x, budget: 9}]", "shop.yaml")
    ... except CatalogueError as error:
    ...     print(error)
    shop.yaml:1: x: coupons must be written, was missing
    """
    source = Source(name)
    tree = read_yaml(text, source)
    if tree is None:
        _refuse_if_wrong(source)
    top = Entry(source, tree, (), name, ("version", "campaigns"))
    if top.whole("version", LAYOUT) != LAYOUT:
        top.note("version", str(LAYOUT), top.fields.get("version"))
    top.need("campaigns")
    campaigns = [_campaign(source, *part) for part in _parts(top, "campaigns")]
    _refuse_repeated(source, campaigns)
    _refuse_if_wrong(source)
    return Catalogue.of(campaigns)


def campaign_from_record(record: Mapping[str, object], name: str = "message") -> Campaign:
    """Read one campaign as it comes on the topic: the file's schema as a decoded JSON object.

    Raises
    ------
    CatalogueError
        As for a file; lines are 0.

    Examples
    --------
    >>> campaign_from_record({"id": "spring", "budget": "50.00", "coupons": []}).budget_minor
    5000
    """
    source = Source(name)
    campaign = _campaign(source, dict(record), ())
    _refuse_repeated(source, [campaign])
    _refuse_if_wrong(source)
    return campaign


def _refuse_if_wrong(source: Source) -> None:
    if source.problems:
        raise CatalogueError(tuple(sorted(source.problems, key=lambda problem: problem.line)))


def _campaign(source: Source, tree: object, path: Path) -> Campaign:
    entry = Entry(source, tree, path, _name_of(tree, "campaign"), CAMPAIGN_FIELDS)
    entry.need("id", "budget", "coupons")
    _check_id(entry)
    currency = entry.currency("currency", "EUR")
    starts_ms, ends_ms = read_bounds(entry)
    campaign = Campaign(
        campaign_id=entry.name,
        version=entry.whole("version", 1, least=1),
        currency=currency,
        budget_minor=entry.money("budget", currency),
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        per_user=entry.whole("per_user", 3, least=1),
        per_user_window_ms=entry.duration_ms("per_user_window", 7 * DAY_MS),
        channel_caps=_channel_caps(entry),
        shared_caps=read_shared_caps(entry),
        limits=read_limits(entry, currency),
        coupons=(),
        line=entry.line,
    )
    coupons = [_coupon(source, *part, campaign) for part in _parts(entry, "coupons")]
    return replace(campaign, coupons=tuple(coupons))


def _coupon(source: Source, tree: object, path: Path, campaign: Campaign) -> Coupon:
    noted_count = len(source.problems)
    entry = Entry(source, tree, path, _name_of(tree, "coupon"), COUPON_FIELDS)
    entry.need("id", "kind")
    _check_id(entry)
    kind = cast(Kind, entry.choice("kind", KINDS, "gift"))
    currency = campaign.currency
    coupon = Coupon(
        coupon_id=entry.name,
        campaign_id=campaign.campaign_id,
        kind=kind,
        scope=read_scope(entry),
        off_minor=entry.money("save", currency),
        off_ratio=entry.ratio("off_ratio", 0.0, DEEPEST, " (20 % off, 8折, is 0.2)"),
        cost_minor=entry.money("cost", currency),
        min_spend_minor=entry.money("min_spend", currency),
        max_discount_minor=(
            entry.money("max_discount", currency) if entry.has("max_discount") else None
        ),
        bundle_products=entry.names("products"),
        validity_ms=entry.duration_ms("validity", 7 * DAY_MS),
        quota=entry.whole("quota", 1, least=1) if entry.has("quota") else None,
        per_user=entry.whole("per_user", 1, least=1),
        cooldown_ms=entry.duration_ms("cooldown", 0, least_ms=0),
        audience=read_audience(entry),
        schedule=read_schedule(entry),
        channels=entry.names("channels"),
        venue=cast(Venue, entry.choice("venue", VENUES, "any")),
        stacking=entry.text("stacking", "default"),
        exclusive=entry.flag("exclusive") or False,
        code=entry.text("code") or None,
        title=entry.text("title"),
        line=entry.line,
    )
    if entry.fields.get("kind") in KINDS:
        _check_depth(entry, kind)
    if len(source.problems) == noted_count:
        for field, expected, found in contradictions(coupon, campaign):
            entry.note(field, expected, found)
    return coupon


def _check_depth(entry: Entry, kind: Kind) -> None:
    """Ask for the fields that give a kind its depth and its worst case, and for no others."""
    wanted = DEPTH_FIELDS[kind]
    for field in wanted:
        if not entry.has(field):
            why = ": the budget holds the worst case" if field == "max_discount" else ""
            entry.note(field, f"written for {kind}{why}", "missing")
    for field in sorted({name for names in DEPTH_FIELDS.values() for name in names}):
        if entry.has(field) and field not in wanted:
            entry.note(field, f"left out for {kind}", entry.fields[field])


def _channel_caps(entry: Entry) -> dict[str, int]:
    if not entry.has("channel_caps"):
        return {}
    tree = entry.fields["channel_caps"]
    channels = sorted(tree) if isinstance(tree, dict) and all(map(_is_name, tree)) else ()
    inner = Entry(entry.source, tree, (*entry.path, "channel_caps"), entry.name, channels)
    inner.need(*channels)
    return {channel: inner.whole(channel, 0) for channel in channels}


def _parts(entry: Entry, field: str) -> list[tuple[object, Path]]:
    """List the parts of a field with their paths."""
    parts = entry.fields.get(field)
    if parts is None:
        return []
    if not isinstance(parts, list):
        entry.note(field, "a list", parts)
        return []
    return [(part, (*entry.path, field, at)) for at, part in enumerate(parts)]


def _name_of(tree: object, otherwise: str) -> str:
    """Call an entry by its id, if it has one that can be printed."""
    name = tree.get("id") if isinstance(tree, dict) else None
    return name if _is_name(name) else f"{otherwise} without id"


def _check_id(entry: Entry) -> None:
    if entry.has("id") and not _is_name(entry.fields["id"]):
        expected = "up to 64 letters, digits, '_', '.', '-' (in quotes if it is a number)"
        entry.note("id", expected, entry.fields["id"])


def _is_name(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and re.fullmatch(NAME, value) is not None


def _refuse_repeated(source: Source, campaigns: Sequence[Campaign]) -> None:
    """Note ids used twice: a decision could not say which one it means."""
    coupons = [(coupon.coupon_id, coupon.line) for c in campaigns for coupon in c.coupons]
    for ids in ([(campaign.campaign_id, campaign.line) for campaign in campaigns], coupons):
        first: dict[str, int] = {}
        for name, line in ids:
            if name in first and not name.endswith(" without id"):
                place = f"in line {first[name]}" if line else "before"
                source.note_at(line, name, "id", "used once", f"also used {place}")
            first.setdefault(name, line)
