"""The contract's topics, and how a broker's are told apart from them."""

from dataclasses import replace

import pytest

from streams.settings import DAY_MS, Settings
from streams.topic_findings import Found, compare, differences
from streams.topics import TopicSpec, specs

SETTINGS = Settings(topic_prefix="eu.", app_id="engine-v1", partitions=6, replication=3)
BY_NAME = {spec.name: spec for spec in specs(SETTINGS)}
INBOUND = [f"eu.shop.{each}.v1" for each in "browse search cart purchase coupon profiles".split()]


def as_found(spec: TopicSpec) -> Found:
    return Found(partitions=spec.partitions, replication=spec.replication, config=spec.config)


def test_inbound_topics_are_cut_alike_and_stamped_by_the_broker() -> None:
    for name in [*INBOUND, "eu.coupon.heartbeats.v1"]:
        assert BY_NAME[name].partitions == 6
        assert BY_NAME[name].config["message.timestamp.type"] == "LogAppendTime"


def test_what_is_ordered_in_total_has_one_partition() -> None:
    for name in ("outcomes", "models", "catalogue", "budget"):
        assert BY_NAME[f"eu.coupon.{name}.v1"].partitions == 1


def test_state_is_compacted_and_the_rest_expires() -> None:
    compacted = {name for name, spec in BY_NAME.items() if spec.cleanup == "compact"}
    assert compacted == {
        "eu.shop.profiles.v1",
        "eu.shop.stock.v1",
        "eu.coupon.catalogue.v1",
        "eu.coupon.models.v1",
        "engine-v1-users-changelog",
        "engine-v1-ledger-changelog",
    }
    days = {name: (spec.retention_ms or 0) // DAY_MS for name, spec in BY_NAME.items()}
    assert days["eu.shop.cart.v1"] == 7
    assert days["eu.coupon.decisions.v1"] == 3
    assert days["eu.coupon.dead-letters.v1"] == 14
    assert days["eu.coupon.outcomes.v1"] == 30
    for repeated in ("heartbeats", "grants"):  # a recording is made of them too
        assert days[f"eu.coupon.{repeated}.v1"] == days["eu.shop.cart.v1"]


def test_p22_compacted_topics_forget_within_a_day() -> None:
    for spec in BY_NAME.values():
        if spec.cleanup == "compact" and "user id" in spec.key:
            assert int(spec.config["max.compaction.lag.ms"]) < DAY_MS


def test_c54_a_level_of_stock_stays_as_long_as_the_events_that_were_decided_by_it() -> None:
    config = BY_NAME["eu.shop.stock.v1"].config
    assert config["min.compaction.lag.ms"] == BY_NAME["eu.shop.cart.v1"].config["retention.ms"]
    assert int(config["max.compaction.lag.ms"]) > int(config["min.compaction.lag.ms"])


def test_three_copies_ask_for_two_in_sync_and_one_copy_does_not() -> None:
    assert all(spec.config["min.insync.replicas"] == "2" for spec in BY_NAME.values())
    assert all("min.insync.replicas" not in spec.config for spec in specs(Settings()))


def test_a_topic_as_it_must_be_has_no_finding() -> None:
    assert compare(list(BY_NAME.values()), {n: as_found(s) for n, s in BY_NAME.items()}) == []


@pytest.mark.parametrize(
    ("setting", "changed"),
    [
        ("partitions", {"partitions": 5}),
        ("replication", {"replication": 2}),
    ],
)
def test_another_shape_is_one_finding_with_a_remedy(setting: str, changed: dict[str, int]) -> None:
    spec = BY_NAME["eu.shop.cart.v1"]
    findings = differences(spec, replace(as_found(spec), **changed))  # type: ignore[arg-type]
    assert [finding.setting for finding in findings] == [setting]
    assert findings[0].remedy


@pytest.mark.parametrize("setting", ["cleanup.policy", "retention.ms", "message.timestamp.type"])
def test_another_configuration_is_mended_by_the_command_that_is_shown(setting: str) -> None:
    spec = BY_NAME["eu.shop.cart.v1"]
    config = {**spec.config, setting: "other"}
    (finding,) = differences(spec, replace(as_found(spec), config=config))
    assert finding.found == "other"
    assert f"--add-config {setting}={spec.config[setting]}" in str(finding)


def test_a_missing_topic_is_one_finding() -> None:
    (finding,) = differences(BY_NAME["eu.shop.cart.v1"], None)
    assert "topics apply" in finding.remedy


def test_retention_belongs_to_topics_that_expire() -> None:
    with pytest.raises(ValueError, match="retention_ms must be set for delete only"):
        TopicSpec(name="t", key="k", partitions=1, cleanup="compact", retention_ms=1)
