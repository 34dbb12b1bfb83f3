"""What a worker must not do unless it was told to: dangers that nobody notices by themselves."""

import ipaddress

from streams.setting_problems import Problem, SettingsError
from streams.settings import Danger, Settings


def require_caution(settings: Settings) -> None:
    """Refuse to go on in danger, except in those that `COUPON_INSECURE` names.

    Raises
    ------
    SettingsError
        With a line for each danger, and how to end or to allow it.
    """
    found = dangers(settings).items()
    problems = [problem for danger, problem in found if danger not in settings.insecure]
    if settings.approvers and settings.model_key is None:
        was = "unset: who may order alone could ask in a partition's name"
        expected = "set where COUPON_APPROVERS is"
        problems.append(Problem("COUPON_MODEL_KEY[_FILE]", expected, was))
    if problems:
        raise SettingsError(problems)


def dangers(settings: Settings) -> dict[Danger, Problem]:
    """Find what others could do to a worker with these settings; nothing on this machine alone.

    Examples
    --------
    >>> list(dangers(Settings()))
    []
    >>> list(dangers(Settings(kafka_bootstrap_servers="kafka:9092", metrics_host="0.0.0.0")))
    ['plaintext', 'unsigned_models', 'open_metrics']
    """
    found: dict[Danger, Problem] = {}
    hosts = [each.rpartition(":")[0] for each in settings.kafka_bootstrap_servers.split(",")]
    if not all(map(is_loopback, hosts)):
        if not settings.kafka_security_protocol.endswith("SSL"):
            was = f"{settings.kafka_security_protocol} to {settings.kafka_bootstrap_servers}"
            found["plaintext"] = _problem(
                "KAFKA_SECURITY_PROTOCOL", "SSL or SASL_SSL", "plaintext", was
            )
        if settings.model_key is None:
            name = "MODEL_KEY[_FILE]"
            was = "unset: whoever can write the models topic decides"
            found["unsigned_models"] = _problem(name, "set", "unsigned_models", was)
    if not is_loopback(settings.metrics_host):
        was = f"{settings.metrics_host}: whoever reaches it reads what is spent"
        found["open_metrics"] = _problem("METRICS_HOST", "127.0.0.1", "open_metrics", was)
    return found


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches a host.

    Examples
    --------
    >>> [is_loopback(host) for host in ("127.0.0.1", "[::1]", "localhost", "kafka", "10.0.0.1")]
    [True, True, True, False, False]
    """
    name = host.removeprefix("[").removesuffix("]")
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def _problem(name: str, safe: str, danger: Danger, was: str) -> Problem:
    expected = f"{safe}, or COUPON_INSECURE must name {danger}"
    return Problem(f"COUPON_{name}", expected, was)
