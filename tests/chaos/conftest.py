"""A real broker for the trials of a session."""

from collections.abc import Iterator

import pytest

from streams.brokers.local import LocalKafka
from streams.brokers.ports import free_ports
from tests.chaos.harness.proxy import Doors
from tests.chaos.harness.scale import scale


@pytest.fixture(scope="session")
def doors() -> Doors:
    """Choose where the broker of all trials listens."""
    return Doors(*free_ports(4))


@pytest.fixture(scope="session")
def shared_broker(tmp_path_factory: pytest.TempPathFactory, doors: Doors) -> Iterator[LocalKafka]:
    """One broker for all trials, in a directory that outlives its being killed."""
    folder = tmp_path_factory.mktemp("kafka")
    with LocalKafka(
        port=doors.plain, quick=True, directory=folder, settings=doors.settings()
    ) as broker:
        yield broker


@pytest.fixture
def chaos_kafka(shared_broker: LocalKafka) -> LocalKafka:
    """Give the shared broker; a trial that broke it and failed leaves none for the next."""
    if shared_broker.is_running:
        shared_broker.resume()
    else:
        shared_broker.start()
    return shared_broker


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the long trials to `make chaos`, and let pytest count them as deselected."""
    if scale().is_long:
        return
    long = [item for item in items if item.get_closest_marker("chaos")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]
