"""How to reach Kafka: the settings as the clients of aiokafka and of librdkafka want them."""

import ssl
from typing import Any

from streams.setting_problems import Problem, SettingsError
from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Return the arguments that every aiokafka client of this product is built with.

    Raises
    ------
    SettingsError
        A certificate or a key cannot be read.

    Examples
    --------
    >>> client_options(Settings())["security_protocol"]
    'PLAINTEXT'
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap_servers,
        "security_protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = _ssl_context(settings)
    if settings.kafka_security_protocol.startswith("SASL_"):
        secret = settings.kafka_sasl_password
        options["sasl_mechanism"] = settings.kafka_sasl_mechanism
        options["sasl_plain_username"] = settings.kafka_sasl_username
        options["sasl_plain_password"] = secret.get_secret_value() if secret else None
    return options


def librdkafka_options(settings: Settings) -> dict[str, Any]:
    """Return the properties that every librdkafka client of this product is built with.

    Examples
    --------
    >>> librdkafka_options(Settings())
    {'bootstrap.servers': '127.0.0.1:9092', 'security.protocol': 'PLAINTEXT'}
    """
    options: dict[str, Any] = {
        "bootstrap.servers": settings.kafka_bootstrap_servers,
        "security.protocol": settings.kafka_security_protocol,
    }
    if settings.kafka_security_protocol.endswith("SSL"):
        files = {
            "ssl.ca.location": settings.kafka_ssl_cafile,
            "ssl.certificate.location": settings.kafka_ssl_certfile,
            "ssl.key.location": settings.kafka_ssl_keyfile,
        }
        options |= {name: str(path) for name, path in files.items() if path is not None}
    if settings.kafka_security_protocol.startswith("SASL_"):
        secret = settings.kafka_sasl_password
        options["sasl.mechanism"] = settings.kafka_sasl_mechanism
        options["sasl.username"] = settings.kafka_sasl_username
        options["sasl.password"] = secret.get_secret_value() if secret else None
    return options


def _ssl_context(settings: Settings) -> ssl.SSLContext:
    ca, certificate, key = (
        settings.kafka_ssl_cafile,
        settings.kafka_ssl_certfile,
        settings.kafka_ssl_keyfile,
    )
    try:
        context = ssl.create_default_context(cafile=str(ca) if ca else None)
    except (ssl.SSLError, OSError) as error:
        name, what = "COUPON_KAFKA_SSL_CAFILE", "certificates"
        raise _unreadable(name, what, ca, error) from error
    if certificate and key:
        names = "COUPON_KAFKA_SSL_CERTFILE and COUPON_KAFKA_SSL_KEYFILE"
        try:
            # Without a password of its own OpenSSL would ask for one at the terminal.
            context.load_cert_chain(certificate, key, password="")
        except (ssl.SSLError, OSError, ValueError) as error:
            what = "a certificate and its unencrypted key"
            raise _unreadable(names, what, f"{certificate} and {key}", error) from error
    return context


def _unreadable(name: str, what: str, found: object, error: Exception) -> SettingsError:
    told = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return SettingsError([Problem(name, f"{what} in PEM", f"{found} ({told})")])
