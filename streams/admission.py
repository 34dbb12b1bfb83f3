"""Knocks at Kafka's door as every client will, and says in our words why it stayed shut.

Client libraries tell a bootstrap that failed and keep the reason to their logs: a certificate that
ran out and a wrong password look like a broker that is down.
"""

import asyncio
import ssl

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    AuthenticationFailedError,
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.brokers.quiet import quiet_client
from streams.brokers.reach import port_of
from streams.connection import client_options
from streams.settings import Settings

KNOCK_SECONDS = 5.0
_CHOSEN = frozenset(
    "ssl_context security_protocol sasl_mechanism sasl_plain_username sasl_plain_password".split()
)
# OpenSSL's names of what it finds wrong with a certificate, X509_V_ERR_...
_EXPIRED, _NOT_YET = 10, 9
_OTHER_HOST = frozenset({62, 64})


async def refusal(settings: Settings) -> str | None:
    """Say why the broker, or we, refuse the connection; None where nobody does.

    A broker that does not answer at all refuses nothing.
    """
    options = client_options(settings)
    address = settings.kafka_bootstrap_servers.split(",")[0]
    host, port = port_of(address)
    chosen = {name: value for name, value in options.items() if name in _CHOSEN}
    connection = AIOKafkaConnection(host, port, **chosen)
    try:
        with quiet_client():
            async with asyncio.timeout(KNOCK_SECONDS):
                await connection.connect()
                await connection.close()
    except (KafkaError, OSError) as error:  # ssl.SSLError and TimeoutError are OSErrors
        return reason(error, address, settings)
    return None


def reason(error: BaseException, address: str, settings: Settings) -> str | None:
    """Put an error of connecting into words that name the setting; None where it is no refusal.

    Examples
    --------
    >>> error = SaslAuthenticationFailed()
    >>> print(reason(error, "kafka:9093", Settings(kafka_sasl_username="worker")))
    COUPON_KAFKA_SASL_USERNAME and COUPON_KAFKA_SASL_PASSWORD must be known to kafka:9093, were \
refused for 'worker'
    """
    protocol = settings.kafka_security_protocol
    if isinstance(error, ssl.SSLCertVerificationError):
        return _distrust(error, address)
    if isinstance(error, SaslAuthenticationFailed | AuthenticationFailedError):
        return (
            "COUPON_KAFKA_SASL_USERNAME and COUPON_KAFKA_SASL_PASSWORD must be known to"
            f" {address}, were refused for {settings.kafka_sasl_username!r}"
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        was = settings.kafka_sasl_mechanism
        return f"COUPON_KAFKA_SASL_MECHANISM must be one that {address} takes, was {was}"
    if isinstance(error, IllegalSaslStateError):
        return f"COUPON_KAFKA_SECURITY_PROTOCOL must be that of {address}, was {protocol}"
    if isinstance(error, ConnectionRefusedError | TimeoutError):
        return None
    return _hung_up(address, settings)


def _distrust(error: ssl.SSLCertVerificationError, address: str) -> str:
    """Say what is wrong with the broker's certificate."""
    certificate = f"the certificate of {address} must be"
    if error.verify_code in _OTHER_HOST:
        return (
            f"{certificate} made out to that name, was for another host;"
            " name the broker in COUPON_KAFKA_BOOTSTRAP_SERVERS as its certificate does"
        )
    if error.verify_code in (_EXPIRED, _NOT_YET):
        state = "has expired" if error.verify_code == _EXPIRED else "is not valid yet"
        return f"{certificate} valid now, {state}; renew it on the broker, or mend this clock"
    return (
        f"{certificate} signed by an authority in COUPON_KAFKA_SSL_CAFILE, was not"
        f" ({error.verify_message})"
    )


def _hung_up(address: str, settings: Settings) -> str:
    """Say why a broker that answers may close the connection without a word."""
    protocol = settings.kafka_security_protocol
    words = f"COUPON_KAFKA_SECURITY_PROTOCOL must be that of {address}, was {protocol}"
    if not protocol.endswith("SSL"):
        return f"{words}: it hung up, as brokers do that want TLS"
    if settings.kafka_ssl_certfile is None:
        return (
            f"{words}, and COUPON_KAFKA_SSL_CERTFILE must be set where it asks who is calling,"
            " was unset: it hung up"
        )
    return (
        f"COUPON_KAFKA_SSL_CERTFILE must be valid now and signed by an authority that {address}"
        f" trusts, was refused; or {words}"
    )
