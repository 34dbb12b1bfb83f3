"""A real Kafka that asks who is calling: TLS, mTLS, SASL SCRAM, and rights by role."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialAlteration,
    UserScramCredentialUpsertion,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from streams.access import ROLES, Grant, grants
from streams.brokers.local import LocalKafka
from streams.brokers.ports import HOST, free_ports
from streams.settings import Settings

DAY = timedelta(days=1)
ANSWER_SECONDS = 30.0
PASSWORD = "a password that must stay secret"
# Listeners besides PLAINTEXT, which is the operator's own door on this machine.
DOORS = ("SASL", "MTLS", "EXPIRED", "ELSEWHERE")

_RESOURCES = {
    "topic": ResourceType.TOPIC,
    "group": ResourceType.GROUP,
    "transactionalId": ResourceType.TRANSACTIONAL_ID,
}
_OPERATIONS = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
_PATTERNS = {"literal": ResourcePatternType.LITERAL, "prefix": ResourcePatternType.PREFIXED}


class Authority:
    """One who signs certificates, and keeps all of them in a folder."""

    def __init__(self, folder: Path, name: str) -> None:
        folder.mkdir()
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        own = self._certificate(self._name, self._key.public_key(), 10 * DAY)
        own = own.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        self.file = folder / "authority.pem"
        signed = own.sign(self._key, hashes.SHA256())
        self.file.write_bytes(signed.public_bytes(Encoding.PEM))

    def issue(self, name: str, host: str | None = None, good_for: timedelta = DAY) -> "Issued":
        """Give a certificate to a name, and to a host where it is a server's."""
        key = ec.generate_private_key(ec.SECP256R1())
        who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        asked = self._certificate(who, key.public_key(), good_for)
        if host is not None:
            named = _named(host)
            asked = asked.add_extension(x509.SubjectAlternativeName([named]), critical=False)
        signed = asked.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        issued = Issued(self._folder / f"{name}.pem", self._folder / f"{name}.key")
        issued.certificate.write_bytes(signed)
        issued.key.write_bytes(secret)
        # Java wants both in one file.
        issued.both.write_bytes(secret + signed)
        return issued

    def _certificate(
        self, who: x509.Name, key: ec.EllipticCurvePublicKey, good_for: timedelta
    ) -> x509.CertificateBuilder:
        ends = datetime.now(UTC) + good_for
        return (
            x509.CertificateBuilder()
            .subject_name(who)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends - 30 * DAY)
            .not_valid_after(ends)
        )


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


@dataclass(frozen=True, slots=True)
class Issued:
    """Where a certificate and its key stand."""

    certificate: Path
    key: Path

    @property
    def both(self) -> Path:
        """The file that holds both."""
        return self.certificate.with_suffix(".both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """The running broker, and how each role gets in."""

    plain: Settings
    ports: dict[str, int]
    authority: Authority
    stranger: Authority

    def through(self, door: str, **more: object) -> Settings:
        """Give the settings of somebody who comes through a door."""
        ours: dict[str, object] = {
            "kafka_bootstrap_servers": f"{HOST}:{self.ports[door]}",
            "kafka_security_protocol": "SASL_SSL" if door == "SASL" else "SSL",
            "kafka_ssl_cafile": self.authority.file,
        }
        told = self.plain.model_dump(exclude_defaults=True)
        return Settings(**{**told, **ours, **more})

    def login(self, role: str, password: str = PASSWORD, **more: object) -> Settings:
        """Give the settings of a role that comes with a password."""
        named = {"kafka_sasl_username": role, "kafka_sasl_password": password}
        return self.through("SASL", **named, **more)

    def showing(self, issued: Issued, door: str = "MTLS", **more: object) -> Settings:
        """Give the settings of somebody who comes with a certificate."""
        files = {"kafka_ssl_certfile": issued.certificate, "kafka_ssl_keyfile": issued.key}
        return self.through(door, **files, **more)


@contextmanager
def guarded_kafka(folder: Path) -> Iterator[Guarded]:
    """Run the broker, with a user for each role and no more rights than it needs."""
    authority = Authority(folder / "ours", "the shop's authority")
    ports = dict(zip(("PLAINTEXT", "CONTROLLER", *DOORS), free_ports(6), strict=True))
    settings = _broker_settings(folder, authority, ports)
    with LocalKafka(port=ports["PLAINTEXT"], quick=True, heap_mb=256, settings=settings) as broker:
        plain = Settings(
            kafka_bootstrap_servers=broker.bootstrap,
            topic_prefix="guarded.",
            app_id="guarded-engine-v1",
            partitions=2,
        )
        _admit(plain)
        stranger = Authority(folder / "stranger", "somebody else's authority")
        yield Guarded(plain=plain, ports=ports, authority=authority, stranger=stranger)


def _broker_settings(folder: Path, ours: Authority, ports: dict[str, int]) -> dict[str, str]:
    servers = {
        "sasl": ours.issue("broker", HOST),
        "mtls": ours.issue("broker", HOST),
        "expired": ours.issue("expired-broker", HOST, -DAY),
        "elsewhere": ours.issue("elsewhere-broker", "kafka.example"),
    }
    named = [f"{name}://{HOST}:{port}" for name, port in ports.items()]
    protocols = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL"
    settings = {
        "listeners": ",".join(named),
        "advertised.listeners": ",".join(one for one in named if "CONTROLLER" not in one),
        "controller.quorum.voters": f"1@{HOST}:{ports['CONTROLLER']}",
        "listener.security.protocol.map": f"{protocols},EXPIRED:SSL,ELSEWHERE:SSL",
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "allow.everyone.if.no.acl.found": "false",
        # Who comes in at the doors without a name is the node itself, and the test's own hand.
        "super.users": "User:ANONYMOUS",
        "ssl.principal.mapping.rules": "RULE:^CN=(.*)$/$1/",
        "listener.name.mtls.ssl.client.auth": "required",
    }
    for door, issued in servers.items():
        start = f"listener.name.{door}.ssl"
        settings |= {
            f"{start}.keystore.type": "PEM",
            f"{start}.keystore.location": str(issued.both),
            f"{start}.truststore.type": "PEM",
            f"{start}.truststore.location": str(ours.file),
        }
    return settings


def _admit(plain: Settings) -> None:
    """Make a user of each role, and write its rights down."""
    admin = AdminClient({"bootstrap.servers": plain.kafka_bootstrap_servers})
    scram = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4_096)
    users: list[UserScramCredentialAlteration] = [
        UserScramCredentialUpsertion(role, scram, PASSWORD.encode()) for role in ROLES
    ]
    asked = list(admin.alter_user_scram_credentials(users).values())
    rights = [
        binding(role, grant, operation)
        for role in ROLES
        for grant in grants(role, plain)
        for operation in grant.operations
    ]
    asked += list(admin.create_acls(rights).values())
    for future in asked:
        future.result(ANSWER_SECONDS)


def binding(role: str, grant: Grant, operation: str) -> AclBinding:
    """Put a grant the way the broker takes it."""
    return AclBinding(
        _RESOURCES[grant.resource],
        grant.name,
        _PATTERNS[grant.pattern],
        f"User:{role}",
        "*",
        _OPERATIONS[operation],
        AclPermissionType.ALLOW,
    )
