"""Every setting of the product, with its unit, default and meaning.

A value comes from, weakest first: the default, the YAML file (`COUPON_CONFIG_FILE` or `--config`),
a secret's file (`COUPON_<NAME>_FILE`), the environment (`COUPON_<NAME>`), the command line
(`--set name=value`; secrets are refused there).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.config import JsonDict
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from features.events import EventType
from streams.key_rings import named_keys
from streams.setting_problems import PREFIX, Problem, SettingsError, explain
from streams.setting_sources import SecretFiles, StrictYaml

ROOT = Path(__file__).resolve().parent.parent
PACKAGED = (Path("deploy/catalogue.yaml"), Path("deploy/demo-catalogue.yaml"))
DAY_MS = 86_400_000
MASK = "******"
APPROVALS_COUNT = 2
APPROVERS = "two or more NAME:PUBLIC_KEY separated by commas, each name and each key once"

TRIGGERS: tuple[EventType, ...] = (
    "product.viewed",
    "list.viewed",
    "search.performed",
    "cart.added",
    "cart.removed",
    "cart.viewed",
    "checkout.started",
    "order.completed",
)

PolicyName = Literal["policy", "article", "random", "threshold", "single", "none"]
Trust = Literal["signed", "changeover", "repair"]
Danger = Literal["plaintext", "unsigned_models", "open_metrics"]
Ratio = Annotated[float, Field(ge=0.0, le=1.0, allow_inf_nan=False)]
Milliseconds = Annotated[int, Field(ge=1, le=400 * DAY_MS)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Port = Annotated[int, Field(ge=0, le=65_535)]
Name = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._-]{1,100}$",
        json_schema_extra={"expected": "1 to 100 letters, digits, dots, dashes or underscores"},
    ),
]


def _setting(default: object, meaning: str, unit: str = "", expected: str = "") -> Any:
    extra: JsonDict = {"unit": unit, "expected": expected} if expected else {"unit": unit}
    return Field(default=default, description=meaning, json_schema_extra=extra)


class Settings(BaseSettings):
    """All that can be set; frozen, checked as a whole when it is built."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, extra="forbid", frozen=True, populate_by_name=True
    )

    config_file: Path | None = _setting(None, "A YAML file with settings by their field names.")

    kafka_bootstrap_servers: Annotated[
        str, Field(pattern=r"^[^\s,]+:\d{1,5}(,[^\s,]+:\d{1,5})*$")
    ] = _setting("127.0.0.1:9092", "Where Kafka is first asked.", expected="host:port[,host:port]")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = _setting(
        "PLAINTEXT", "How the connection to Kafka is protected."
    )
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = _setting(
        "SCRAM-SHA-512", "How the worker proves who it is, with a SASL_ protocol."
    )
    kafka_sasl_username: str | None = _setting(None, "User name for SASL.")
    kafka_sasl_password: SecretStr | None = _setting(None, "Password for SASL.")
    kafka_ssl_cafile: Path | None = _setting(
        None, "Certificates of the authorities to trust (PEM); unset: the system's own."
    )
    kafka_ssl_certfile: Path | None = _setting(None, "The worker's certificate (PEM).")
    kafka_ssl_keyfile: Path | None = _setting(None, "The key of the worker's certificate (PEM).")
    insecure: Annotated[tuple[Danger, ...], NoDecode] = _setting(
        (),
        "What a worker may do though others could take advantage: speak `plaintext` with a Kafka on"
        " another machine, or trust `unsigned_models` from it; listen for metrics on an address"
        " that others reach (`open_metrics`).",
        "",
        "plaintext, unsigned_models and open_metrics, separated by commas",
    )
    kafka_check_crcs: bool = _setting(
        True, "Check what is read for damage; the embedded broker's transactions need it off."
    )

    app_id: Name = _setting(
        "coupon-engine-v1", "Consumer group and prefix of the changelogs; a new one starts afresh."
    )
    group_instance_id: Name | None = _setting(
        None, "Static membership: a name that this worker keeps over restarts, unique in the group."
    )
    topic_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{0,100}$")] = _setting(
        "",
        "Put before every topic's name, as `eu.` in `eu.shop.browse.v1`.",
        expected="at most 100 letters, digits, dots, dashes or underscores",
    )
    partitions: Annotated[int, Field(ge=1, le=1_000)] = _setting(
        12, "Partitions of each co-partitioned topic; the most workers that can share the work."
    )
    replication: Annotated[int, Field(ge=1, le=15)] = _setting(
        1, "Copies of each partition; 3 where losing a broker must not matter."
    )
    session_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = _setting(
        10_000, "A worker that is silent for so long loses its partitions.", "ms"
    )
    chunk_records: Annotated[int, Field(ge=1, le=10_000)] = _setting(
        500, "Most records of one partition in one chunk.", "records"
    )
    chunk_bytes: Annotated[int, Field(ge=1_000, le=100_000_000)] = _setting(
        1_000_000, "Most bytes of one partition's records in one chunk.", "bytes"
    )
    chunk_ms: Annotated[int, Field(ge=1, le=10_000)] = _setting(
        50, "How long applying one chunk should take at most; others wait so long.", "ms"
    )
    transaction_timeout_ms: Annotated[int, Field(ge=1_000, le=300_000)] = _setting(
        15_000, "The broker aborts the transaction of a worker that is silent for so long.", "ms"
    )
    fetch_rest_ms: Annotated[int, Field(ge=0, le=10_000)] = _setting(
        5, "Least time from one fetch to the next while records come; more spares Kafka.", "ms"
    )
    commit_rest_ms: Annotated[int, Field(ge=0, le=10_000)] = _setting(
        20, "Least time from one transaction of a partition to its next; more spares Kafka.", "ms"
    )
    recovery_deadline_ms: Milliseconds = _setting(
        120_000, "A worker that has not read its rows back by then ends.", "ms"
    )
    stall_limit_ms: Milliseconds = _setting(
        30_000, "A worker that gets nothing done for so long, though records wait, ends.", "ms"
    )
    broker_wait_ms: Milliseconds = _setting(
        300_000, "How long a starting worker waits for a Kafka that does not answer.", "ms"
    )
    heartbeat_idle_ms: Milliseconds = _setting(
        10_000, "A partition without events for so long gets a heartbeat, so timers fire.", "ms"
    )

    catalogue_file: Path = _setting(
        Path("deploy/catalogue.yaml"),
        "Campaigns and coupons at the start; relative to the working directory, else to the code.",
    )
    shop_currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = _setting(
        "EUR", "Currency of events that name none.", "ISO 4217", "three capital letters"
    )
    margin_ratio: Ratio = _setting(
        0.3, "Margin on goods before discounts, as a share of their price.", "ratio"
    )
    stock_gate: bool = _setting(
        True, "Offer nothing, and hint at nothing, that `shop.stock.v1` says is sold out."
    )
    promise_ratio: Annotated[float, Field(ge=0, le=100)] = _setting(
        1.5,
        "A customer's own maximum of a discount that grows with the basket, as a multiple of what "
        "it comes to on this basket or a usual order; 0 promises the catalogue's maximum to all.",
        "ratio",
    )
    policy: PolicyName = _setting("policy", "Who decides: ours, or one of those it is compared to.")
    pacing_horizon_ms: Milliseconds = _setting(
        30 * DAY_MS, "How long the budget of a campaign without an end is to last.", "ms"
    )
    lease_ratio: Ratio = _setting(
        0.5,
        "Share of its even part of each budget that a partition may give without asking the "
        "ledger; 1 deals everything out for good. The same on all workers: to change it, stop all.",
        "ratio",
    )
    habit_pause: bool = _setting(
        False, "Pause offers to customers whose orders of late tell that they buy anyway."
    )
    triggers: Annotated[tuple[EventType, ...], NoDecode] = _setting(
        TRIGGERS, "Event types that ask for a decision.", "", "event types separated by commas"
    )
    code_key: SecretStr | None = _setting(
        None,
        "Makes a code for each coupon given that has none in the catalogue; a replay needs the "
        "same key, and so do all workers.",
    )
    code_key_id: Annotated[str, Field(pattern=r"^[2-9A-HJKMNP-Z]$")] = _setting(
        "A",
        "First character of the codes: names the key, so change it with the key.",
        expected="a digit from 2 or a capital letter, none of I, L and O",
    )
    decision_spacing_ms: Annotated[int, Field(ge=0, le=DAY_MS * 30)] = _setting(
        30 * 60_000, "Least event time between two learning decisions of one customer.", "ms"
    )
    horizon_ms: Milliseconds = _setting(
        DAY_MS, "How long after a decision a purchase counts as its outcome.", "ms"
    )
    experiment_salt: Annotated[str, Field(min_length=1, max_length=100)] = _setting(
        "coupon-stream-1", "Decides who is in which arm; a new one deals everybody anew."
    )
    random_ratio: Ratio = _setting(0.02, "Share of customers whose coupon is drawn.", "ratio")
    business_as_usual_ratio: Ratio = _setting(
        0.05,
        "Share of customers who get, at cart and checkout, the first coupon of the catalogue that "
        "fits, whatever it earns: the plain rule that ours is compared with.",
        "ratio",
    )
    holdout_ratio: Ratio = _setting(0.05, "Share of customers who never get a coupon.", "ratio")
    exploration_ratio: Ratio = _setting(
        0.005, "Share of the policy's decisions that are drawn among what is allowed.", "ratio"
    )

    sessions: bool = _setting(
        True, "Keep what a customer does in one go, publish its record, and learn from all of them."
    )
    knowledge_every: Count = _setting(
        1_000, "Sessions learned between two snapshots of what is known of all.", "sessions"
    )

    hints: bool = _setting(True, "Answer cart events with goods that go with the cart.")
    segments: bool = _setting(True, "Tell the customer's segment with each decision.")
    heat: bool = _setting(False, "Tell how much of all interest goes to the product looked at.")
    alike: bool = _setting(False, "Tell with a view which products the same customers cared for.")
    next_step: bool = _setting(False, "Tell how often what was done is followed by an order.")
    risk_limit_ratio: Ratio = _setting(
        0.5, "No offer from this risk of abuse on; 1 turns the gate off.", "ratio"
    )

    model_id: Name = _setting("response-v1", "Name of the learner and key of its snapshots.")
    model_frozen: bool = _setting(False, "Score only; learn nothing.")
    snapshot_every: Count = _setting(
        5_000, "Outcomes learned between two snapshots of the model.", "outcomes"
    )

    league_ratio: Ratio = _setting(
        0.25,
        "Share of customers from whom the shadow learners learn too; 0 ends the league.",
        "ratio",
    )
    model_key: SecretStr | None = _setting(
        None,
        "Signs and verifies snapshots of the model; set, unsigned ones are refused. Where there are"
        " `approvers`, also what partitions ask of the ledger.",
    )
    model_former_keys: SecretStr | None = _setting(
        None,
        "What `model_key` was before, or is to be next, separated by commas: what these signed is"
        " believed as well.",
    )

    approvers: Annotated[tuple[str, ...], NoDecode] = _setting(
        (),
        "Of these people two must agree to what adds to a budget, resumes or closes a campaign, or"
        " changes the catalogue's topic: names with public keys, as `config approver` prints them;"
        " none: nobody needs to be asked.",
        "",
        APPROVERS,
    )
    approval_key: SecretStr | None = _setting(
        None,
        "Signs what you propose and approve, and says who you are: NAME:KEY, your name among"
        " `approvers` and 32 bytes in base64 that nobody else has.",
    )
    approval_ms: Milliseconds = _setting(
        DAY_MS, "How long what you propose may be approved, by Kafka's clock.", "ms"
    )

    state_key: SecretStr | None = _setting(
        None,
        "Signs customers' rows, the ledger's books and its grants: NAME:KEY pairs as for"
        " `dead_letter_key`; the first signs, all are believed, and what others wrote is refused.",
    )
    state_trust: Trust = _setting(
        "signed",
        "With `state_key`, rows that are not as a worker signed them end the worker (`signed`);"
        " are believed if they have no signature at all, while a group begins to sign"
        " (`changeover`); or are left out, to go on from the newest that are signed (`repair`).",
    )

    metrics_host: str = _setting("127.0.0.1", "Address that metrics and health listen on.")
    metrics_port: Port = _setting(9464, "Port for metrics and health; 0 takes a free one.")
    metrics_allowed_hosts: Annotated[tuple[str, ...], NoDecode] = _setting(
        (), "Names, besides IP addresses and localhost, that a request may ask for.", "", "names"
    )
    poll_age_limit_ms: Milliseconds = _setting(
        60_000, "`/healthz` fails when Kafka was not polled for so long.", "ms"
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "The least severe lines to write."
    )
    log_format: Literal["auto", "json", "console"] = _setting(
        "auto", "`auto` is console on a terminal and JSON lines elsewhere."
    )
    pseudonym_key: SecretStr | None = _setting(
        None,
        "Key of the pseudonyms in logs (unset: drawn at every start, so they do not link), and of "
        "devices, addresses, persons and marks of erased users (unset: the experiment's salt). The "
        "same on all workers; docs/security.md says how to change it.",
    )
    pseudonym_former_keys: SecretStr | None = _setting(
        None,
        "What `pseudonym_key` was before, separated by commas: marks of erased users that were made"
        " with these still count.",
    )

    dead_letter_key: SecretStr | None = _setting(
        None,
        "Locks what dead letters hold: NAME:KEY pairs separated by commas, KEY being 32 bytes in"
        " base64; the first locks, all open.",
    )
    user_key: SecretStr | None = _setting(
        None,
        "Makes pseudonyms of user ids in `produce` and `erase` where they are asked to: NAME:KEY"
        " pairs as above; the first names, all are erased.",
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order the sources, strongest first; dotenv files are not read."""
        return init_settings, env_settings, SecretFiles(cls), StrictYaml(cls)

    @field_validator("*", mode="before")
    @classmethod
    def _no_truth_as_number(cls, value: object) -> object:
        return str(value).lower() if isinstance(value, bool) else value

    @field_validator(*("triggers", "metrics_allowed_hosts", "insecure", "approvers"), mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        problems = self._share_problems() + self._login_problems()
        problems += self._certificate_problems() + self._time_problems()
        problems += self._approver_problems()
        if problems:
            raise SettingsError(problems)
        return self

    def _share_problems(self) -> list[Problem]:
        shares = self.random_ratio + self.business_as_usual_ratio + self.holdout_ratio
        if shares < 1.0:
            return []
        names = "RANDOM_RATIO + BUSINESS_AS_USUAL_RATIO + HOLDOUT_RATIO"
        return [Problem(names, "below 1, to leave customers to the policy", f"{shares:g}")]

    def _login_problems(self) -> list[Problem]:
        if not self.kafka_security_protocol.startswith("SASL_"):
            return []
        why = f"set when COUPON_KAFKA_SECURITY_PROTOCOL is {self.kafka_security_protocol}"
        needed = {
            "COUPON_KAFKA_SASL_USERNAME": self.kafka_sasl_username,
            "COUPON_KAFKA_SASL_PASSWORD[_FILE]": self.kafka_sasl_password,
        }
        return [Problem(name, why, "unset") for name, value in needed.items() if not value]

    def _certificate_problems(self) -> list[Problem]:
        problems = []
        if (self.kafka_ssl_certfile is None) != (self.kafka_ssl_keyfile is None):
            pair = "COUPON_KAFKA_SSL_CERTFILE and COUPON_KAFKA_SSL_KEYFILE"
            problems.append(Problem(pair, "set together", "only one"))
        for name in ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile"):
            path: Path | None = getattr(self, name)
            if path is not None and not path.is_file():
                found = f"{str(path)!r}, which does not exist"
                problems.append(Problem(f"{PREFIX}{name}".upper(), "a readable file", found))
        return problems

    def _approver_problems(self) -> list[Problem]:
        if not self.approvers:
            return []
        keys = named_keys(self.approvers)
        if keys is not None and len(set(keys.values())) == len(keys) >= APPROVALS_COUNT:
            return []
        return [Problem("COUPON_APPROVERS", APPROVERS, repr(",".join(self.approvers))[:80])]

    def _time_problems(self) -> list[Problem]:
        if self.heartbeat_idle_ms <= self.horizon_ms:
            return []
        limit = f"at most COUPON_HORIZON_MS ({self.horizon_ms})"
        return [Problem("COUPON_HEARTBEAT_IDLE_MS", limit, str(self.heartbeat_idle_ms))]

    @property
    def catalogue_path(self) -> Path:
        """Where the catalogue stands: as named, else beside the code, else as packaged.

        Only the product's own are packaged: whoever names another file means that one.

        Raises
        ------
        SettingsError
            It stands nowhere.
        """
        places = [self.catalogue_file, ROOT / self.catalogue_file]
        if self.catalogue_file in PACKAGED:
            places.append(ROOT / "streams" / self.catalogue_file)
        for path in places:
            if path.is_file():
                return path
        found = f"{str(self.catalogue_file)!r}, which does not exist"
        raise SettingsError([Problem("COUPON_CATALOGUE_FILE", "a readable file", found)])

    def show(self) -> dict[str, Any]:
        """Give every value as plain JSON, secrets masked."""
        return {
            name: MASK if isinstance(getattr(self, name), SecretStr) else value
            for name, value in self.model_dump(mode="json").items()
        }


def schema() -> dict[str, Any]:
    """Give the JSON Schema of the YAML file."""
    return Settings.model_json_schema()


def load(config_file: Path | None = None, overrides: Mapping[str, str] | None = None) -> Settings:
    """Build the settings from all sources.

    Parameters
    ----------
    config_file
        The YAML file; None asks `COUPON_CONFIG_FILE`.
    overrides
        Values from the command line by field name.

    Raises
    ------
    SettingsError
        With every problem found: which setting, what it must be and what it was.
    """
    given: dict[str, Any] = dict(overrides or {})
    if config_file is not None:
        given["config_file"] = config_file
    try:
        return Settings(**given)
    except ValidationError as error:
        raise SettingsError(explain(error, schema())) from error
