"""What a what-if changes of the rules that a log was decided by: catalogue, budget, policy."""

from dataclasses import dataclass, replace

from coupons.catalogue import Catalogue
from coupons.policy import PolicyName
from streams.context import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What is otherwise; None where it is as it was.

    Attributes
    ----------
    budget_minor
        All the money there is: budgets of all campaigns are scaled to it together.
    """

    catalogue: Catalogue | None = None
    budget_minor: int | None = None
    policy: PolicyName | None = None

    def catalogue_after(self, catalogue: Catalogue) -> Catalogue:
        """Give the catalogue as it would have been.

        Raises
        ------
        ValueError
            The budgets cannot be scaled.
        """
        changed = self.catalogue or catalogue
        return changed if self.budget_minor is None else with_budget(changed, self.budget_minor)

    def rules_after(self, rules: Rules) -> Rules:
        """Give the rules as they would have been; model, knowledge and stock stay the same."""
        catalogue = self.catalogue_after(rules.catalogue)
        policy = rules.policy if self.policy is None else replace(rules.policy, name=self.policy)
        campaigns = {campaign.campaign_id: campaign for campaign in catalogue.campaigns}
        return replace(rules, catalogue=catalogue, campaigns=campaigns, policy=policy)


def with_budget(catalogue: Catalogue, budget_minor: int) -> Catalogue:
    """Give the catalogue with so much money in all, shared out as its budgets were.

    Raises
    ------
    ValueError
        There is no budget to scale, or there are several currencies.

    Examples
    --------
    >>> from coupons.catalogue import Campaign
    >>> two = Catalogue.of([Campaign(campaign_id="a", budget_minor=1),
    ...     Campaign(campaign_id="b", budget_minor=2)])
    >>> [campaign.budget_minor for campaign in with_budget(two, 100).campaigns]
    [33, 67]
    """
    currencies = sorted({campaign.currency for campaign in catalogue.campaigns})
    if len(currencies) > 1:
        message = f"campaigns must be of one currency, were of {', '.join(currencies)}"
        raise ValueError(message)
    whole_minor = sum(campaign.budget_minor for campaign in catalogue.campaigns)
    if not whole_minor:
        message = "budgets to scale must be more than 0 together, were 0"
        raise ValueError(message)
    scaled, before_minor, given_minor = [], 0, 0
    for campaign in catalogue.campaigns:
        before_minor += campaign.budget_minor
        until_minor = budget_minor * before_minor // whole_minor
        scaled.append(replace(campaign, budget_minor=until_minor - given_minor))
        given_minor = until_minor
    return Catalogue.of(scaled)
