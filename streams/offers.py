"""The catalogue in force: the file's campaigns, and over them what the topic says."""

from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from coupons.catalogue import Campaign, Catalogue
from coupons.catalogue_file import campaign_from_record
from streams import wire
from streams.rules import read_catalogue
from streams.settings import Settings

log = structlog.get_logger()


class Offers:
    """Campaigns by id; the catalogue is built anew only when one of them changes."""

    def __init__(self, settings: Settings) -> None:
        self.catalogue: Catalogue = read_catalogue(settings)
        self._campaigns: dict[str, Campaign] = {
            campaign.campaign_id: campaign for campaign in self.catalogue.campaigns
        }

    def hear(self, record: ConsumerRecord) -> None:
        """Put a campaign in force or take it away; a refused one changes nothing."""
        name = (record.key or b"").decode(errors="replace")
        if record.value is None:
            self.withdraw(name)
            return
        try:
            self.put(name, wire.decode_state(record.value))
        except ValueError as refused:
            log.error("a campaign was refused", campaign=name, problems=str(refused))

    def put(self, campaign_id: str, record: Mapping[str, Any]) -> None:
        """Put a campaign in force as it stands in a message; a refused one changes nothing.

        Raises
        ------
        ValueError
            It is refused (`CatalogueError`, with every problem), its id is not the message's key,
            or a coupon of it has the id of another campaign's.
        """
        campaign = campaign_from_record(record, campaign_id)
        if campaign.campaign_id != campaign_id:
            message = f"id must be the message's key {campaign_id}, was {campaign.campaign_id}"
            raise ValueError(message)
        self._take(self._campaigns | {campaign_id: campaign})

    def withdraw(self, campaign_id: str) -> None:
        """Take a campaign away."""
        self._take({name: one for name, one in self._campaigns.items() if name != campaign_id})

    def _take(self, campaigns: dict[str, Campaign]) -> None:
        self.catalogue = Catalogue.of(campaigns.values())
        self._campaigns = campaigns
