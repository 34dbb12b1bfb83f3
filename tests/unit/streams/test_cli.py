"""The command line: help that teaches, plain errors, settings from everywhere, quick start."""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from features.table import FEATURES
from streams import cli
from streams.options import pass_settings, print_json
from streams.setting_sources import secret_names
from streams.settings import Settings

ROOT = Path(cli.__file__).resolve().parent.parent
GOOD_CATALOGUE = ROOT / "deploy" / "catalogue.yaml"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("COUPON_")]:
        monkeypatch.delenv(name)


def call(*arguments: str, **variables: str) -> Result:
    return CliRunner().invoke(cli.cli, arguments, env=variables, prog_name="coupon-stream")


def test_help_lists_every_command_with_its_purpose() -> None:
    result = call("--help")
    assert result.exit_code == 0
    for name, purpose in cli.COMMANDS.items():
        assert name in result.output
        assert purpose.split()[0] in result.output
    assert "Examples:" in result.output


def test_help_loads_no_command_and_nothing_heavy() -> None:
    script = (
        "import sys; sys.argv = ['coupon-stream', '--help']\n"
        "from streams.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'faust', 'river', 'pydantic', 'aiokafka', 'numpy', 'rich', 'orjson'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "assert not [m for m in sys.modules if m.startswith('streams.commands.')]\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_a_catalogue_is_checked_without_what_speaks_to_kafka_or_learns() -> None:
    script = (
        "import sys; sys.argv = ['coupon-stream', 'catalogue', 'check', 'deploy/catalogue.yaml']\n"
        "from streams.cli import main\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "heavy = {'faust', 'river', 'aiokafka', 'confluent_kafka', 'numpy'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr


def test_the_version_is_told() -> None:
    result = call("--version")
    assert result.output.startswith("coupon-stream, version ")


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_exists_is_named_like_its_file_and_teaches(name: str) -> None:
    result = call(name, "--help")
    assert result.exit_code == 0, result.output
    assert f"Usage: coupon-stream {name}" in result.output
    module = importlib.import_module(f"streams.commands.{name.replace('-', '_')}")
    assert isinstance(getattr(module, name.replace("-", "_")), click.Command)


def test_a_misspelt_command_gets_a_suggestion() -> None:
    result = call("confg", "show")
    assert result.exit_code == 2
    assert "did you mean 'config'?" in result.output


def test_an_unknown_command_is_bad_usage() -> None:
    result = call("fly")
    assert result.exit_code == 2
    assert "No such command 'fly'" in result.output


def test_bad_settings_are_one_line_each_and_no_traceback() -> None:
    result = call("config", "show", COUPON_PARTITIONS="many", COUPON_POLICY="best")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "Error: COUPON_PARTITIONS must be a whole number from 1 to 1_000, was 'many'",
        "Error: COUPON_POLICY must be one of policy, article, random, threshold, single, none,"
        " was 'best'",
    ]
    assert isinstance(result.exception, SystemExit)


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError), cli.PlainErrors():
        _ = 1 / 0


@pytest.mark.parametrize("name", cli.USER_ERRORS)
def test_every_error_that_users_can_mend_exists(name: str) -> None:
    paths = (path for room in cli.ROOMS for path in (ROOT / room).rglob("*.py"))
    assert any(f"\nclass {name}(" in path.read_text(encoding="utf-8") for path in paths)


def test_an_error_of_the_same_name_from_elsewhere_is_a_bug() -> None:
    stranger = type("SettingsError", (ValueError,), {"__module__": "pydantic_settings"})
    with pytest.raises(stranger), cli.PlainErrors():
        raise stranger


def test_options_before_the_command_set_settings(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("partitions: 7\nreplication: 3\n")
    result = call(
        "--config", str(file), "--set", "partitions=8", "config", "show", "--json",
        COUPON_REPLICATION="2",
    )  # fmt: skip
    shown = json.loads(result.stdout.splitlines()[-1])
    assert (shown["partitions"], shown["replication"]) == (8, 2)


@pytest.mark.parametrize(
    "text", ["partitions", *(f"{name}=x" for name in secret_names(Settings.model_fields))]
)
def test_secrets_and_nonsense_are_refused_on_the_command_line(text: str) -> None:
    result = call("--set", text, "config", "show")
    assert result.exit_code == 2
    assert "Error: Invalid value for '--set'" in result.stderr


def test_config_show_masks_secrets() -> None:
    result = call("config", "show", COUPON_KAFKA_SASL_PASSWORD="canary-99")
    assert result.exit_code == 0
    assert "canary-99" not in result.output
    assert "kafka_sasl_password" in result.output


def test_config_check_reports_misspelt_variables() -> None:
    assert call("config", "check").exit_code == 0
    result = call("config", "check", "--json", COUPON_HOLDOUT_RATE="0.1")
    assert result.exit_code == 1
    assert "did you mean COUPON_HOLDOUT_RATIO?" in result.stderr
    assert json.loads(result.stdout.splitlines()[-1])["good"] is False


def test_config_check_reads_the_catalogue_too(tmp_path: Path) -> None:
    file = tmp_path / "spring.yaml"
    for content, found in ((b"\xff\xfe", "(not UTF-8)"), (b"campaigns: no", "must be a list")):
        file.write_bytes(content)
        result = call("config", "check", COUPON_CATALOGUE_FILE=str(file))
        assert result.exit_code == 2
        assert found in result.output
        assert str(file) in result.output


def test_config_check_tells_of_misspelt_variables_beside_bad_values() -> None:
    result = call("config", "check", COUPON_HOLDOUT_RATE="0.1", COUPON_PARTITIONS="0")
    assert result.exit_code == 2
    assert [line.split()[1] for line in result.stderr.splitlines()] == [
        "COUPON_HOLDOUT_RATE",
        "COUPON_PARTITIONS",
    ]


def test_config_check_fails_without_a_catalogue() -> None:
    result = call("config", "check", COUPON_CATALOGUE_FILE="no/such.yaml")
    assert result.exit_code == 2
    assert "COUPON_CATALOGUE_FILE must be a readable file" in result.stderr


def test_config_schema_is_the_schema_of_the_file() -> None:
    described = json.loads(call("config", "schema").stdout)
    assert set(described["properties"]) == set(Settings.model_fields)
    assert described["additionalProperties"] is False


def test_features_prints_every_feature() -> None:
    result = call("features")
    assert result.exit_code == 0
    assert all(feature.name in result.output for feature in FEATURES)
    listed = json.loads(call("features", "--json").stdout.splitlines()[-1])["features"]
    assert [feature["name"] for feature in listed] == [feature.name for feature in FEATURES]


def test_features_of_one_family_only() -> None:
    family = FEATURES[0].family
    listed = json.loads(call("features", "--family", family, "--json").stdout)["features"]
    assert {feature["family"] for feature in listed} == {family}
    assert call("features", "--family", "no such").exit_code == 2


def test_catalogue_check_sums_up_a_good_file() -> None:
    result = call("catalogue", "check", str(GOOD_CATALOGUE), "--json")
    assert result.exit_code == 0
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["coupons"] >= 8


@pytest.mark.parametrize("content", [b"campaigns: [", b"\xff", b"campaigns: {spring: {bugdet: 5}}"])
def test_catalogue_check_refuses_a_bad_file_with_plain_lines(
    content: bytes, tmp_path: Path
) -> None:
    file = tmp_path / "bad.yaml"
    file.write_bytes(content)
    result = call("catalogue", "check", str(file))
    assert result.exit_code == 2
    assert "bad.yaml" in result.stderr
    assert isinstance(result.exception, SystemExit)
    assert call("catalogue", "check", str(tmp_path / "none.yaml")).exit_code == 2


def test_a_command_gets_its_settings_and_ends_with_json() -> None:
    @click.command()
    @pass_settings
    def probe(settings: Settings) -> None:
        print_json({"partitions": settings.partitions})

    result = CliRunner().invoke(probe, [], env={"COUPON_PARTITIONS": "9"})
    assert json.loads(result.stdout) == {"partitions": 9}
