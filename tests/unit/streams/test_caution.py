"""A worker refuses to start in danger unless it was told to."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from streams.brokers.ports import free_ports
from streams.caution import dangers, require_caution
from streams.cli import cli
from streams.setting_problems import SettingsError
from streams.setting_sources import secret_names
from streams.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
FAR: dict[str, Any] = {"kafka_bootstrap_servers": "127.0.0.1:9092,kafka.example:9092"}
SAFE: dict[str, Any] = {**FAR, "kafka_security_protocol": "SSL", "model_key": "a key"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (FAR, ["plaintext", "unsigned_models"]),
        ({**SAFE, "model_key": None}, ["unsigned_models"]),
        ({**SAFE, "kafka_security_protocol": "PLAINTEXT"}, ["plaintext"]),
        ({**SAFE, "metrics_host": "0.0.0.0"}, ["open_metrics"]),
        ({"metrics_host": "::"}, ["open_metrics"]),
        (SAFE, []),
        ({}, []),
    ],
)
def test_dangers_are_seen_where_others_can_reach(given: dict[str, Any], found: list[str]) -> None:
    settings = Settings(**given)
    assert list(dangers(settings)) == found
    if found:
        with pytest.raises(SettingsError) as refused:
            require_caution(settings)
        assert len(refused.value.problems) == len(found)
    require_caution(Settings(**{**given, "insecure": ",".join(found)}))


def test_allowing_one_danger_allows_no_other() -> None:
    with pytest.raises(SettingsError, match="COUPON_MODEL_KEY"):
        require_caution(Settings(**{**FAR, "insecure": "plaintext,open_metrics"}))


def test_a_worker_in_danger_leaves_with_2_before_it_connects_anywhere() -> None:
    refused = CliRunner().invoke(cli, ["worker"], env={"COUPON_METRICS_HOST": "0.0.0.0"})
    assert refused.exit_code == 2
    assert refused.stderr.strip() == (
        "Error: COUPON_METRICS_HOST must be 127.0.0.1, or COUPON_INSECURE must name open_metrics,"
        " was 0.0.0.0: whoever reaches it reads what is spent"
    )


def test_on_this_machine_a_worker_asks_for_nothing() -> None:
    address = f"127.0.0.1:{free_ports(1)[0]}"
    told = {"COUPON_KAFKA_BOOTSTRAP_SERVERS": address, "COUPON_BROKER_WAIT_MS": "1"}
    refused = CliRunner().invoke(cli, ["worker"], env=told)
    assert refused.exit_code == 1
    assert "no Kafka answers" in refused.stderr


def test_the_containers_of_compose_are_told_what_they_may() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    told = yaml.safe_load(text)["services"]["worker"]["environment"]
    image = {"metrics_host": "0.0.0.0"}  # as deploy/Dockerfile sets it
    given = {name.removeprefix("COUPON_").lower(): value for name, value in told.items()}
    require_caution(Settings(**{**image, **given}))


@pytest.mark.parametrize("name", secret_names(Settings.model_fields))
def test_no_secret_is_taken_from_the_command_line_or_shown(name: str) -> None:
    refused = CliRunner().invoke(cli, [f"--set={name}=canary", "config", "show"])
    assert refused.exit_code == 2
    assert "is a secret" in refused.stderr
    shown = CliRunner().invoke(
        cli, ["config", "show", "--json"], env={f"COUPON_{name.upper()}": "canary"}
    )
    assert shown.exit_code == 0, shown.output
    assert "canary" not in shown.output
