"""Who needs which rights on Kafka."""

from collections import defaultdict

import pytest

from streams.access import ROLES, Role, grants
from streams.settings import Settings
from streams.topics import specs

SETTINGS = Settings(topic_prefix="eu.", app_id="eu-engine")


def may(role: Role) -> dict[str, set[str]]:
    """Give the operations of a role by what they are allowed on."""
    found: dict[str, set[str]] = defaultdict(set)
    for grant in grants(role, SETTINGS):
        found[grant.name] |= set(grant.operations)
    return found


def test_every_topic_is_written_by_one_side_only_and_read_by_somebody() -> None:
    for spec in specs(SETTINGS):
        writers = {role for role in ROLES if "Write" in may(role).get(spec.name, ())}
        readers = {role for role in ROLES if "Read" in may(role).get(spec.name, ())}
        assert readers, spec.name
        if spec.name == "eu.coupon.budget.v1":
            assert writers == {"operator", "worker"}  # commands, and what partitions ask for
        else:
            expected = ({"worker"}, {"operator"}, {"producer", "operator"})
            assert writers in expected, f"{spec.name} is written by {sorted(writers)}"


def test_what_workers_keep_to_themselves_nobody_else_writes() -> None:
    for name in ("eu-engine-users-changelog", "eu.coupon.decisions.v1", "eu.coupon.models.v1"):
        assert [role for role in ROLES if "Write" in may(role).get(name, ())] == ["worker"]


@pytest.mark.parametrize("role", ROLES)
def test_nobody_may_delete_alter_or_do_everything(role: Role) -> None:
    for grant in grants(role, SETTINGS):
        assert set(grant.operations) <= {"Read", "Write", "Create", "Describe", "DescribeConfigs"}
        assert grant.name.startswith("eu"), "names of others are out of reach"


def test_only_workers_write_in_transactions_and_under_the_names_of_their_app() -> None:
    for role in ROLES:
        named = [one.name for one in grants(role, SETTINGS) if one.resource == "transactionalId"]
        assert named == (["eu-engine-"] if role == "worker" else [])
