"""The catalogue in force: the file's campaigns, and over them what the topic says."""

from collections.abc import Mapping
from copy import copy
from typing import Any

import structlog
from aiokafka import ConsumerRecord

from coupons.catalogue import Campaign, Catalogue, without_lines
from coupons.catalogue_file import campaign_from_record
from streams import wire
from streams.approvers import approvers_of
from streams.connection import client_options
from streams.reading import records
from streams.rules import read_catalogue
from streams.settings import Settings
from streams.topics import catalogue_topic

log = structlog.get_logger()


class Offers:
    """Campaigns by id; the catalogue is built anew only when one of them changes.

    `refused_count` counts the records of the topic that changed nothing.
    """

    def __init__(self, settings: Settings) -> None:
        self._approvers = approvers_of(settings)
        self._topic = catalogue_topic(settings)
        self.refused_count = 0
        # The newest version of each campaign that came by the topic.
        self._agreed: dict[str, int] = {}
        self.catalogue: Catalogue = read_catalogue(settings)
        self._campaigns: dict[str, Campaign] = {
            campaign.campaign_id: campaign for campaign in self.catalogue.campaigns
        }

    def hear(self, record: ConsumerRecord) -> None:
        """Put a campaign in force or take it away; a refused one changes nothing.

        Where two people must agree, one that only the file told of is taken away by what they did
        not agree to: what they did agree to may be gone from the compacted topic by then.
        """
        name = (record.key or b"").decode(errors="replace")
        refused = self._approvers.objection(self._topic, record)
        if refused is not None:
            self._refuse(name, refused)
            if name not in self._agreed:
                self.withdraw(name)
            return
        try:
            if record.value is None:
                self.withdraw(name)
            else:
                self._hear(name, wire.decode_state(record.value))
        except ValueError as error:
            self._refuse(name, str(error))

    def _refuse(self, name: str, problems: str) -> None:
        self.refused_count += 1
        log.error("a campaign was refused", campaign=name, problems=problems)

    def _hear(self, name: str, record: Mapping[str, Any]) -> None:
        before = self._campaigns.get(name)
        told = campaign_from_record(record, name)
        if before is not None and without_lines(told) == without_lines(before):
            self._agreed[name] = told.version
            return
        if self._approvers and told.version < self.next_version(name):
            message = f"version must be {self.next_version(name)} or more, was {told.version}"
            raise ValueError(message)
        self.put(name, record)
        self._agreed[name] = told.version

    def next_version(self, name: str) -> int:
        """Give the least version with which a campaign can follow what is in force of it."""
        before = self._campaigns.get(name)
        return max(self._agreed.get(name, 0), before.version if before is not None else 0) + 1

    def copy(self) -> "Offers":
        """Give the same, on which changes can be tried."""
        other = copy(self)
        other._campaigns, other._agreed = dict(self._campaigns), dict(self._agreed)
        return other

    async def read(self, settings: Settings) -> None:
        """Hear all that the topic holds now.

        Raises
        ------
        aiokafka.errors.KafkaError
            The broker refused.
        """
        async for record in records(client_options(settings), [self._topic]):
            self.hear(record)

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
