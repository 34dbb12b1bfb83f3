"""What the chart renders, as committed; whether it is what the chart would render now."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from pydantic import SecretStr

from streams import cluster, wire
from streams.access import ROLES
from streams.caution import dangers
from streams.settings import Settings, load
from streams.topics import SHOPS, inbound_name
from streams.worker import DRAIN_SECONDS
from tests.kubernetes.rendering import CASES, CHART, KUBERNETES, Case, has_helm

each_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)
ALL = CASES["all"]
SCHEMA = Draft7Validator(wire.parse((CHART / "values.schema.json").read_bytes())[0])
VALUES = yaml.safe_load((CHART / "values.yaml").read_text("utf-8"))
DEFAULTS = Settings.model_construct()


def the(case: Case, kind: str) -> dict[str, Any]:
    """Give the first resource of a kind."""
    return next(one for one in case.resources() if one["kind"] == kind)


def pods(case: Case) -> Iterator[dict[str, Any]]:
    for one in case.resources():
        if one["kind"] in ("StatefulSet", "Deployment", "Job"):
            yield one["spec"]["template"]["spec"]


def worker(case: Case) -> dict[str, Any]:
    (found,) = the(case, "StatefulSet")["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


@each_case
def test_what_is_committed_was_rendered_from_this_chart(case: Case) -> None:
    first, *_ = case.path.read_text("utf-8").splitlines(keepends=True)
    assert first == case.header(), "run `make render` (it needs Helm)"


@pytest.mark.skipif(not has_helm(), reason="Helm is not here: the digest above stands for it")
@each_case
def test_helm_renders_what_is_committed(case: Case) -> None:
    assert case.render() == case.path.read_text("utf-8")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (KUBERNETES / "strimzi" / "topics.yaml", cluster.topics_file()),
        (KUBERNETES / "strimzi" / "users.yaml", cluster.users_file()),
        (CHART / "values.schema.json", cluster.values_schema()),
    ],
    ids=lambda each: each.name if isinstance(each, Path) else "",
)
def test_what_follows_the_code_is_committed_as_generated(path: Path, text: str) -> None:
    assert path.read_text("utf-8") == text, "run `make docs`"


@each_case
def test_no_pod_may_do_more_than_it_needs(case: Case) -> None:
    for pod in pods(case):
        assert pod["automountServiceAccountToken"] is False
        # Service links would set COUPON_... of their own for a service of that name.
        assert pod["enableServiceLinks"] is False
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert "memory" in container["resources"]["limits"]


@each_case
def test_a_worker_keeps_its_name_over_restarts(case: Case) -> None:
    named = {each["name"]: each for each in worker(case)["env"]}["COUPON_GROUP_INSTANCE_ID"]
    assert named["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}


@each_case
def test_a_worker_is_asked_where_it_answers_and_given_the_time_it_may_take(case: Case) -> None:
    found = worker(case)
    assert {port["name"]: port["containerPort"] for port in found["ports"]} == {
        "metrics": DEFAULTS.metrics_port
    }
    paths = {
        kind: found[f"{kind}Probe"]["httpGet"]["path"]
        for kind in ("startup", "liveness", "readiness")
    }
    assert paths == {"startup": "/startupz", "liveness": "/healthz", "readiness": "/readyz"}
    probe = found["startupProbe"]
    may_take_ms = DEFAULTS.broker_wait_ms + DEFAULTS.recovery_deadline_ms
    assert probe["periodSeconds"] * probe["failureThreshold"] * 1000 > may_take_ms
    grace_s = the(case, "StatefulSet")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert grace_s > 2 * DRAIN_SECONDS


@each_case
def test_one_worker_at_a_time_may_be_taken_away(case: Case) -> None:
    budget = the(case, "PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == the(case, "StatefulSet")["spec"]["selector"]


def test_a_worker_reads_the_settings_file_that_is_rendered(tmp_path: Path) -> None:
    file = tmp_path / "settings.yaml"
    file.write_text(the(CASES["base"], "ConfigMap")["data"]["settings.yaml"], encoding="utf-8")
    read = load(file)
    assert (read.partitions, read.replication) == (12, 3)
    # With the image's address of metrics and the key that is mounted, it starts as it is.
    in_pod = read.model_copy(update={"metrics_host": "0.0.0.0", "model_key": SecretStr("a key")})
    assert set(dangers(in_pod)) == set(read.insecure) == {"open_metrics"}


@each_case
def test_nothing_that_is_mounted_is_missing_and_nothing_secret_is_in_the_settings(
    case: Case,
) -> None:
    for pod in pods(case):
        volumes = {volume["name"] for volume in pod["volumes"]}
        for container in pod["containers"]:
            assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    values = yaml.safe_load(the(case, "ConfigMap")["data"]["settings.yaml"])
    assert not [name for name in values if name.endswith(("password", "_key"))]


def test_workers_are_counted_by_what_waits_in_each_topic_of_the_shop() -> None:
    spec = the(ALL, "ScaledObject")["spec"]
    given = yaml.safe_load(the(ALL, "ConfigMap")["data"]["settings.yaml"])
    assert spec["maxReplicaCount"] == given["partitions"]
    assert spec["minReplicaCount"] >= 1
    names = [inbound_name(family, "eu.") for family in SHOPS]
    assert [each["metadata"]["topic"] for each in spec["triggers"]] == names
    assert {each["metadata"]["consumerGroup"] for each in spec["triggers"]} == {given["app_id"]}
    assert "replicas" not in the(ALL, "StatefulSet")["spec"]


def test_the_chart_takes_the_names_of_app_and_topics_that_the_settings_default_to() -> None:
    text = (CHART / "templates" / "scaled-object.yaml").read_text("utf-8")
    assert f'default "{DEFAULTS.app_id}"' in text


def test_the_values_are_accepted_and_what_is_misspelt_or_secret_is_refused() -> None:
    SCHEMA.check_schema(SCHEMA.schema)
    assert not list(SCHEMA.iter_errors(VALUES))
    assert ALL.values
    more = yaml.safe_load(ALL.values.read_text("utf-8"))
    whole = {**VALUES, **more, "image": VALUES["image"] | more["image"]}
    assert not list(SCHEMA.iter_errors(whole))
    for wrong in ({"partitoins": 3}, {"kafka_sasl_password": "x"}, {"partitions": 0}):
        settings = VALUES["settings"] | wrong
        assert list(SCHEMA.iter_errors(VALUES | {"settings": settings})), wrong
    assert list(SCHEMA.iter_errors(VALUES | {"replcias": 3}))


def test_no_user_of_strimzi_may_alter_or_delete_a_topic_and_workers_may_create_none() -> None:
    for role in ROLES:
        acls = cluster.strimzi_user(role)["spec"]["authorization"]["acls"]
        allowed = {operation for one in acls for operation in one["operations"]}
        assert not allowed & {"All", "Alter", "AlterConfigs", "Delete", "ClusterAction"}
        assert ("Create" in allowed) == (role == "operator")
        # Strimzi says prefix and literal, and knows no other pattern.
        assert {one["resource"]["patternType"] for one in acls} <= {"literal", "prefix"}


def test_the_base_without_helm_names_what_is_there() -> None:
    base = KUBERNETES / "base"
    listed = yaml.safe_load((base / "kustomization.yaml").read_text("utf-8"))["resources"]
    assert [base / name for name in listed] == [CASES["base"].path]
