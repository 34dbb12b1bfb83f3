"""Settings: where values come from, what is refused and how it is said."""

import os
from pathlib import Path

import pytest

from streams import settings
from streams.setting_problems import Problem, SettingsError, unknown
from streams.setting_sources import secret_names
from streams.settings import MASK, Settings

CANARY = "canary-7f3a"


@pytest.fixture(autouse=True)
def _no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("COUPON_")]:
        monkeypatch.delenv(name)


def refusal(**overrides: str) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        settings.load(overrides=overrides)
    return caught.value.problems


def test_the_defaults_are_good_and_decide_by_our_policy() -> None:
    chosen = settings.load()
    assert chosen.policy == "policy"
    assert chosen.horizon_ms == 24 * 60 * 60 * 1000
    assert (chosen.random_ratio, chosen.holdout_ratio) == (0.02, 0.05)
    assert chosen.metrics_host == "127.0.0.1"


def test_the_command_line_beats_the_environment_which_beats_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("partitions: 3\nreplication: 3\napp_id: from-file\n")
    monkeypatch.setenv("COUPON_PARTITIONS", "4")
    monkeypatch.setenv("COUPON_REPLICATION", "2")
    chosen = settings.load(file, {"partitions": "5"})
    assert (chosen.partitions, chosen.replication, chosen.app_id) == (5, 2, "from-file")


def test_the_file_may_be_named_by_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("triggers: [cart.added]\nmodel_frozen: true\n")
    monkeypatch.setenv("COUPON_CONFIG_FILE", str(file))
    chosen = settings.load()
    assert chosen.triggers == ("cart.added",)
    assert chosen.model_frozen is True


def test_lists_in_the_environment_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUPON_TRIGGERS", "cart.added, order.completed")
    assert settings.load().triggers == ("cart.added", "order.completed")


def test_an_empty_variable_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUPON_PARTITIONS", "")
    assert settings.load().partitions == 12


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("partitions", "abc", "a whole number from 1 to 1_000"),
        ("partitions", "0", "a whole number from 1 to 1_000"),
        ("holdout_ratio", "nan", "a number from 0 to 1"),
        ("holdout_ratio", "-0.1", "a number from 0 to 1"),
        ("policy", "best", "one of policy, article, random, threshold, single, none"),
        ("model_frozen", "perhaps", "true or false"),
        ("triggers", "cart.added,cart.eaten", "event types separated by commas"),
        ("kafka_bootstrap_servers", "localhost", "host:port[,host:port]"),
        ("shop_currency", "eur", "three capital letters"),
        ("metrics_port", "70000", "a whole number from 0 to 65_535"),
    ],
)
def test_a_bad_value_is_told_by_name_expectation_and_finding(
    name: str, value: str, expected: str
) -> None:
    (problem,) = refusal(**{name: value})
    assert problem.name == f"COUPON_{name}".upper()
    assert problem.expected == expected
    assert value.split(",")[-1] in problem.found
    assert "\n" not in str(problem)


def test_all_bad_values_are_told_at_once() -> None:
    names = {problem.name for problem in refusal(partitions="x", policy="y", log_level="z")}
    assert names == {"COUPON_PARTITIONS", "COUPON_POLICY", "COUPON_LOG_LEVEL"}


def test_truth_is_no_number(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("partitions: true\n")
    with pytest.raises(SettingsError, match="COUPON_PARTITIONS must be a whole number"):
        settings.load(file)


def test_shares_must_leave_customers_to_the_policy() -> None:
    (problem,) = refusal(holdout_ratio="0.9", random_ratio="0.05", business_as_usual_ratio="0.05")
    assert "HOLDOUT_RATIO" in problem.name
    assert problem.found == "1"


def test_sasl_needs_a_user_and_a_password() -> None:
    names = [problem.name for problem in refusal(kafka_security_protocol="SASL_SSL")]
    assert names == ["COUPON_KAFKA_SASL_USERNAME", "COUPON_KAFKA_SASL_PASSWORD[_FILE]"]


def test_a_certificate_needs_its_key(tmp_path: Path) -> None:
    certificate = tmp_path / "worker.pem"
    certificate.write_text("")
    (problem,) = refusal(kafka_ssl_certfile=str(certificate))
    assert problem.expected == "set together"


def test_certificates_that_do_not_exist_are_named() -> None:
    (problem,) = refusal(kafka_ssl_cafile="no/such.pem")
    assert str(problem) == (
        "COUPON_KAFKA_SSL_CAFILE must be a readable file, was 'no/such.pem', which does not exist"
    )


def test_a_heartbeat_must_come_within_the_horizon() -> None:
    (problem,) = refusal(heartbeat_idle_ms="2000", horizon_ms="1000")
    assert problem.name == "COUPON_HEARTBEAT_IDLE_MS"


def test_a_secret_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "password"
    file.write_text(f"{CANARY}\n")
    monkeypatch.setenv("COUPON_KAFKA_SASL_PASSWORD_FILE", str(file))
    secret = settings.load().kafka_sasl_password
    assert secret is not None
    assert secret.get_secret_value() == CANARY


@pytest.mark.parametrize("content", [None, "", b"\xff\xfe"])
def test_a_secret_file_that_cannot_be_used_is_named(
    content: str | bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "key"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.setenv("COUPON_PSEUDONYM_KEY_FILE", str(file))
    with pytest.raises(SettingsError, match="COUPON_PSEUDONYM_KEY_FILE must be a"):
        settings.load()


def test_a_secret_is_masked_wherever_settings_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COUPON_PSEUDONYM_KEY", CANARY)
    monkeypatch.setenv("COUPON_KAFKA_SASL_PASSWORD", CANARY)
    chosen = settings.load()
    assert chosen.show()["pseudonym_key"] == MASK
    for text in (repr(chosen), str(chosen), str(chosen.show()), chosen.model_dump_json()):
        assert CANARY not in text


def test_a_secret_in_the_yaml_file_is_refused_without_being_repeated(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(f"kafka_sasl_password: {CANARY}\n")
    with pytest.raises(SettingsError, match="COUPON_KAFKA_SASL_PASSWORD_FILE") as caught:
        settings.load(file)
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("partitions: [1", "not YAML at line"),
        ("- a\n- b\n", "a list"),
        ("just text\n", "a str"),
        ("!!python/object/apply:os.getcwd []\n", "not YAML at line 1"),
        (
            "partitions: 3\nholdout_ratio: 0.2\npartitions: 3\n",
            "partitions written twice at line 3",
        ),
        (f"partitions: {'[' * 50}{']' * 50}", "was depth 9 at line 1"),
    ],
)
def test_a_file_that_is_no_plain_mapping_is_refused(
    content: str, found: str, tmp_path: Path
) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text(content)
    with pytest.raises(SettingsError, match=found):
        settings.load(file)


def test_a_missing_file_is_named() -> None:
    with pytest.raises(SettingsError, match=r"nowhere\.yaml' \(No such file or directory\)"):
        settings.load(Path("nowhere.yaml"))


def test_a_misspelt_key_in_the_file_gets_a_suggestion(tmp_path: Path) -> None:
    file = tmp_path / "shop.yaml"
    file.write_text("partitons: 3\n")
    with pytest.raises(SettingsError, match="did you mean COUPON_PARTITIONS"):
        settings.load(file)


def test_misspelt_variables_get_a_suggestion_and_twins_of_secrets_do_not() -> None:
    fields = Settings.model_fields
    names = ["COUPON_HOLDOUT_RATO", "COUPON_PSEUDONYM_KEY_FILE", "coupon_policy", "PATH"]
    (problem,) = unknown(names, fields, secret_names(fields))
    assert str(problem).endswith("did you mean COUPON_HOLDOUT_RATIO?")


def test_only_the_products_own_catalogues_are_taken_from_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = tmp_path / "streams" / "deploy" / "catalogue.yaml"
    packaged.parent.mkdir(parents=True)
    packaged.write_text("")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(settings, "ROOT", tmp_path)
    assert settings.load().catalogue_path == packaged
    for named in (tmp_path / "shop" / "catalogue.yaml", "shops/berlin/catalogue.yaml"):
        with pytest.raises(SettingsError, match="COUPON_CATALOGUE_FILE must be a readable file"):
            _ = settings.load(overrides={"catalogue_file": str(named)}).catalogue_path


def test_a_catalogue_is_looked_for_in_the_working_directory_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.yaml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert settings.load(overrides={"catalogue_file": "mine.yaml"}).catalogue_path.is_file()


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        settings.load().partitions = 1


def test_every_setting_has_a_unit_or_says_none_and_a_meaning() -> None:
    for name, field in settings.schema()["properties"].items():
        assert field["description"].endswith("."), name
        assert "unit" in field, name
        for suffix, unit in (("_ms", "ms"), ("_ratio", "ratio")):
            assert not name.endswith(suffix) or field["unit"] == unit, name
