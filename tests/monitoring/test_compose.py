"""What docker-compose.yml starts finds its rules, dashboards and data source.

Docker itself is not asked: the machine that tests has none.
"""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml

from streams.cli import cli
from streams.settings import Settings
from tests.monitoring.promql import MONITORING, ROOT


def read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


ALLOWED = "COUPON_METRICS_ALLOWED_HOSTS"
SERVICES = read(ROOT / "docker-compose.yml")["services"]
PROMETHEUS = read(MONITORING / "prometheus.yml")


def mounts(service: str) -> dict[str, str]:
    """Give the folders and files of ours that a service sees: place -> (path, mode)."""
    parts = (volume.split(":", 1) for volume in SERVICES[service]["volumes"])
    return {place: path for path, place in parts if path.startswith("./")}


@pytest.mark.parametrize("name", ["prometheus", "grafana"])
def test_what_is_mounted_exists_and_is_read_only(name: str) -> None:
    for place, path in mounts(name).items():
        assert (ROOT / path).exists(), path
        assert place.endswith(":ro"), place


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_image_of_others_is_pinned(name: str) -> None:
    service = SERVICES[name]
    if "build" not in service:
        assert service["image"].rpartition(":")[2][:1] in "v0123456789"


def test_services_wait_only_for_services_that_exist_and_say_when_they_are_well() -> None:
    for service in SERVICES.values():
        for other, condition in service.get("depends_on", {}).items():
            assert other in SERVICES
            if condition["condition"] == "service_healthy":
                assert "test" in SERVICES[other]["healthcheck"]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - {"kafka"}))
def test_no_service_may_do_more_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    if "build" in service:
        assert (service["read_only"], service["tmpfs"]) == (True, ["/tmp"])


def test_our_services_call_commands_that_exist_and_read_settings_that_exist() -> None:
    for service in SERVICES.values():
        if "build" in service:
            name, *words = service["command"]
            command = cli.get_command(click.Context(cli), name)
            assert command is not None
            known = {option for one in command.params for option in one.opts}
            assert {word for word in words if word.startswith("--")} <= known
            told = {each.removeprefix("COUPON_").lower() for each in service["environment"]}
            assert told <= set(Settings.model_fields)


def test_the_console_may_ask_the_worker_by_the_name_that_it_uses() -> None:
    (url,) = [word for word in SERVICES["console"]["command"] if "http" in word]
    told = Settings(metrics_allowed_hosts=SERVICES["worker"]["environment"][ALLOWED])
    assert urlsplit(url).hostname in told.metrics_allowed_hosts
    assert urlsplit(url).port == Settings.model_construct().metrics_port


def test_the_image_is_not_root_and_pins_its_libraries() -> None:
    lines = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").splitlines()
    users = [line for line in lines if line.startswith("USER ")]
    assert users == ["USER 10001"]
    assert any("--require-hashes -r" in line for line in lines)
    assert all("slim" in line for line in lines if line.startswith("FROM python"))


def test_prometheus_finds_its_rules_and_its_targets() -> None:
    (pattern,) = PROMETHEUS["rule_files"]
    assert mounts("prometheus")[f"{Path(pattern).parent}:ro"] == "./deploy/monitoring/rules"
    jobs = {job["job_name"]: job for job in PROMETHEUS["scrape_configs"]}
    assert jobs["coupon-stream"]["dns_sd_configs"][0]["names"] == ["worker"]
    (target,) = jobs["kminion"]["static_configs"][0]["targets"]
    assert target.split(":")[0] in SERVICES


def test_grafana_finds_its_data_source_and_its_dashboards() -> None:
    provisioning = MONITORING / "grafana"
    (source,) = read(provisioning / "datasources" / "prometheus.yml")["datasources"]
    assert source["url"] == "http://prometheus:9090"
    (provider,) = read(provisioning / "dashboards" / "files.yml")["providers"]
    folder = provider["options"]["path"]
    assert mounts("grafana")[f"{folder}:ro"] == "./deploy/monitoring/dashboards"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (MONITORING / "dashboards" / Path(home).name).is_file()


def test_whoever_looks_at_grafana_can_change_nothing() -> None:
    told = SERVICES["grafana"]["environment"]
    assert told["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert told["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
