"""What people see of the ledgers of campaigns and of their limits."""

from coupons.catalogue import Campaign, Catalogue, Limit
from coupons.lent import nothing_booked
from coupons.orders import Order
from streams.budgets import Ledgers
from streams.offers import Offers
from streams.settings import Settings

LIMITED = Campaign(
    campaign_id="spring", budget_minor=900, limits=(Limit(by="day", amount_minor=90),)
)
OTHER = Campaign(campaign_id="summer", budget_minor=900)


def test_a_stop_is_ordered_of_campaigns_and_their_limits_do_not_stand_in_its_way() -> None:
    settings = Settings()
    offers = Offers(settings)
    offers.catalogue = Catalogue.of([LIMITED, OTHER])
    paused = nothing_booked()
    paused["standing"] = "paused"
    states = {"spring/day/2026-11-23": nothing_booked(), "summer": paused}
    ledgers = Ledgers(settings, offers, states)
    assert [sheet.campaign_id for sheet in ledgers.open_sheets()] == ["spring"]
    for sheet in ledgers.open_sheets():
        stop = Order(campaign_id=sheet.campaign_id, order_id="o", kind="stop", version=1)
        assert ledgers.rehearse(stop) is None
