"""Tells a broker's topics apart from those of the contract, each difference with its remedy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from streams.topics import TopicSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One topic as the broker has it."""

    partitions: int
    replication: int
    config: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as it must be, and how to mend it."""

    topic: str
    setting: str
    expected: str
    found: str
    remedy: str

    def __str__(self) -> str:
        """Tell all of it in one line."""
        return (
            f"{self.topic}: {self.setting} must be {self.expected}, was {self.found}; {self.remedy}"
        )


def differences(spec: TopicSpec, found: Found | None) -> list[Finding]:
    """Compare one topic with its spec; an empty list means that it is as it must be."""
    if found is None:
        how = "run: coupon-stream topics apply"
        return [_finding(spec, "the topic", "there", "missing", how)]
    findings = []
    if found.partitions != spec.partitions:
        findings.append(
            _finding(spec, "partitions", spec.partitions, found.partitions, _recut(spec, found))
        )
    if found.replication < spec.replication:
        how = "reassign with kafka-reassign-partitions.sh, or set COUPON_REPLICATION"
        expected = f"at least {spec.replication}"
        findings.append(_finding(spec, "replication", expected, found.replication, how))
    for setting, expected in spec.config.items():
        was = found.config.get(setting, "unset")
        if was != expected:
            how = (
                "run: kafka-configs.sh --alter --entity-type topics"
                f" --entity-name {spec.name} --add-config {setting}={expected}"
            )
            findings.append(_finding(spec, setting, expected, was, how))
    return findings


def compare(wanted: Sequence[TopicSpec], found: Mapping[str, Found]) -> list[Finding]:
    """Compare all topics with their specs."""
    return [each for spec in wanted for each in differences(spec, found.get(spec.name))]


def _finding(spec: TopicSpec, setting: str, expected: object, was: object, how: str) -> Finding:
    return Finding(
        topic=spec.name, setting=setting, expected=str(expected), found=str(was), remedy=how
    )


def _recut(spec: TopicSpec, found: Found) -> str:
    if spec.partitions == 1:
        return "its order must be total: create it anew with one partition"
    return (
        f"set COUPON_PARTITIONS={found.partitions} if all co-partitioned topics have that many,"
        " otherwise create it anew: adding partitions moves customers to other workers"
    )
