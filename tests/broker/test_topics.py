"""Topics on a real broker: created once, verified, never altered."""

from dataclasses import replace

import pytest

from streams import topic_admin
from streams.connection import client_options
from streams.settings import Settings
from streams.topics import specs

pytestmark = [pytest.mark.broker, pytest.mark.timeout(300)]  # the first starts the broker


async def test_apply_then_check_finds_nothing_to_mend(fresh: Settings) -> None:
    wanted, options = specs(fresh), client_options(fresh)
    before = await topic_admin.check(options, wanted)
    assert [finding.topic for finding in before] == [spec.name for spec in wanted]
    assert {finding.found for finding in before} == {"missing"}
    done = await topic_admin.apply(options, wanted)
    assert done.created == tuple(spec.name for spec in wanted)
    assert done.findings == ()
    assert await topic_admin.check(options, wanted) == []


async def test_apply_may_be_repeated(topics: Settings) -> None:
    again = await topic_admin.apply(client_options(topics), specs(topics))
    assert again.created == ()
    assert len(again.existing) == len(specs(topics))
    assert again.findings == ()


async def test_a_topic_of_another_shape_is_reported_and_left_alone(fresh: Settings) -> None:
    wanted, options = specs(fresh), client_options(fresh)
    other = replace(
        wanted[0], partitions=3, cleanup="compact", retention_ms=None, clock="CreateTime"
    )
    await topic_admin.apply(options, [other])
    done = await topic_admin.apply(options, wanted)
    assert done.existing == (other.name,)
    settings = {finding.setting for finding in done.findings}
    assert settings == {"partitions", "cleanup.policy", "message.timestamp.type"}
    assert all(finding.topic == other.name for finding in done.findings)
    assert await topic_admin.check(options, wanted) == list(done.findings)


async def test_a_refused_topic_is_an_error_with_the_brokers_reason(fresh: Settings) -> None:
    wanted = specs(fresh.model_copy(update={"replication": 3}))
    with pytest.raises(topic_admin.TopicError, match="replication"):
        await topic_admin.apply(client_options(fresh), wanted)
