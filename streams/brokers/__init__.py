"""A Kafka to work against: a real one on this machine, or a small one inside this process."""


class BrokerError(RuntimeError):
    """A broker could not be had; the message says what is missing and what to do about it."""
