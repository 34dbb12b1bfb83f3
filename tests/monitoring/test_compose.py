"""What docker-compose.yml starts finds its rules, dashboards and data source.

Docker itself is not asked: the machine that tests has none.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitoring.promql import MONITORING, ROOT


def read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read


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
