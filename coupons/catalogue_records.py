"""A catalogue's file as the messages that put it in force, and what they would change."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from coupons.catalogue import Campaign, Catalogue, without_lines
from coupons.catalogue_file import campaign_from_record, parse_catalogue
from coupons.catalogue_problems import Source
from coupons.catalogue_yaml import read_yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A campaign that is to change.

    Attributes
    ----------
    record
        The message that says so, as plain JSON.
    before
        As it is in force; None if it is new.
    """

    campaign: Campaign
    record: dict[str, Any]
    before: Campaign | None


def edits(
    text: str, name: str, catalogue: Catalogue, next_version: Callable[[str], int]
) -> list[Edit]:
    """Tell what a file would change of a catalogue; campaigns that it does not name stay.

    Parameters
    ----------
    next_version
        Gives the least version that a campaign may have; a file that asks for a later one gets it.

    Raises
    ------
    CatalogueError
        The file is refused.

    Examples
    --------
    >>> text = "campaigns: [{id: spring, budget: 9, coupons: [{id: ten, kind: gift, cost: 1}]}]"
    >>> (edit,) = edits(text, "shop.yaml", Catalogue(), lambda _: 4)
    >>> edit.campaign.version, edit.record["version"], edit.before
    (4, 4, None)
    >>> edits(text, "shop.yaml", Catalogue.of([edit.campaign]), lambda _: 5)
    []
    """
    known = {one.campaign_id: one for one in catalogue.campaigns}
    asked = {one.campaign_id: one for one in parse_catalogue(text, name).campaigns}
    found = []
    for record in _records(text, name):
        campaign = asked[record["id"]]
        before = known.get(campaign.campaign_id)
        if before is not None and _is_same(campaign, before):
            continue
        record["version"] = max(campaign.version, next_version(campaign.campaign_id))
        after = campaign_from_record(record, campaign.campaign_id)
        found.append(Edit(campaign=after, record=record, before=before))
    return found


def _is_same(asked: Campaign, before: Campaign) -> bool:
    """Tell whether a file asks for nothing new; a later number alone is new."""
    same = replace(asked, version=before.version)
    return asked.version <= before.version and without_lines(same) == without_lines(before)


def _records(text: str, name: str) -> list[dict[str, Any]]:
    tree: Any = read_yaml(text, Source(name))
    return [_plain(record) for record in tree["campaigns"] or []]


def _plain(value: Any) -> Any:
    """Give plain JSON: numbers keep the digits they were written with, as text."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return str(value) if isinstance(value, Decimal) else value
