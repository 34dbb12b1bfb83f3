"""What every test may ask for, and how tests are dealt out to processes side by side."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom
from typing import Any

import pytest
from hypothesis import settings

from tests.chaos.harness import certificate

# A busy machine is no failure; speed is measured by `bench`.
settings.register_profile("no-clock", deadline=None)
settings.load_profile("no-clock")

ROOT = Path(__file__).resolve().parent.parent
# Tests of these folders share one broker, and would take the machine from one another; what takes
# longest stands first.
TOGETHER = ("tests/chaos/", "tests/broker/")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the checkout, or a skip that says so."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session", autouse=True)
def own_temporary_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Clear away what tests, and the processes that they start, leave among temporary files.

    Its name is short, for sockets that lie in it: their paths may have about 100 characters.
    """
    tmp_path_factory.getbasetemp()  # pytest's own folder stays where it is, for who looks for it
    with (
        tempfile.TemporaryDirectory(prefix="cs-", ignore_cleanup_errors=True) as folder,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", folder)
        patch.setattr(tempfile, "tempdir", None)  # asked for again
        yield


def pytest_configure() -> None:
    """Draw the seed of all faults once, so that processes side by side agree on it."""
    if not os.environ.get("CHAOS_SEED"):
        os.environ["CHAOS_SEED"] = str(SystemRandom().randrange(1_000_000))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let processes side by side begin with what takes longest, each with one of them."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: _rank(item.nodeid))


def _rank(nodeid: str) -> int:
    found = [at for at, folder in enumerate(TOGETHER) if nodeid.startswith(folder)]
    return found[0] if found else len(TOGETHER)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Deal out files, and in one piece the folders whose tests share a broker."""
    from xdist.scheduler import LoadScopeScheduling  # there where this is asked for

    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = dealt_with
    return scheduler


def dealt_with(nodeid: str) -> str:
    """Name what a test is dealt out with.

    Examples
    --------
    >>> dealt_with("tests/chaos/test_kills.py::test_p1"), dealt_with("tests/a/test_b.py::test_c")
    ('tests/chaos/', 'tests/a/test_b.py')
    """
    file = nodeid.split("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(folder)), file)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand the lines of the certificate to the process that tells of the whole session."""
    told: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if told is not None:
        told["certificate"] = [asdict(line) for line in certificate.LINES]


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the lines of a process that has ended; one that crashed has none to give."""
    told = getattr(node, "workeroutput", {}).get("certificate", ())
    certificate.LINES += [certificate.Line(**line) for line in told]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    """Print the certificate of this session; write it only if everything held."""
    if certificate.LINES:
        terminalreporter.section("certificate")
        terminalreporter.write(certificate.table_of_session())
    if certificate.LINES and exitstatus == pytest.ExitCode.OK:
        certificate.write()
