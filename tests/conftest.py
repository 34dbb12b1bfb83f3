"""What every test may ask for."""

from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure; speed is measured by `bench`.
settings.register_profile("no-clock", deadline=None)
settings.load_profile("no-clock")

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data beside the checkout, or a skip that says so."""
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the real data sets (../shared/data) are not on this machine")
    return folder
