"""Takes the pictures of the console: `python -m tests.broker.pictures docs/images`."""

import base64
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.broker.test_console import DECISIONS, Page, chromium, demo_page

ENOUGH_COUNT = 9_000  # decisions, after which every part of the page has something to show
# Name, width, height, and what the reader's system prefers.
PICTURES = (
    ("console", 1280, 2050, "light"),
    ("console-dark", 1280, 1000, "dark"),
    ("console-phone", 390, 1100, "light"),
)


def main(folder: Path) -> None:
    """Open the demo's page, wait until it has something to show, and photograph it."""
    with TemporaryDirectory() as kept, demo_page(Path(kept)) as address, chromium() as browser:
        page = Page(browser, address)
        page.wait_seconds = 270.0
        page.open()
        page.until(lambda: page.count(DECISIONS) > ENOUGH_COUNT)
        for name, width, height, scheme in PICTURES:
            told = [{"name": "prefers-color-scheme", "value": scheme}]
            browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": told})
            size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
            browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            page.open()
            page.until(lambda: page.count(DECISIONS) > ENOUGH_COUNT)
            shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
            (folder / f"{name}.png").write_bytes(base64.b64decode(shot["data"]))
            print(folder / f"{name}.png")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
