"""A real Chromium without a window, for pictures and tests: nothing of the person's own, nothing to the network."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext, sync_playwright

from sealine_tools.phone.errors import PhoneError

CHROMIUM: Final = Path("/usr/bin/chromium")
ARGUMENTS: Final = (
    "--no-sandbox",  # it sees our own pages only, and tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
)
DESK: Final = (1280, 800)
HAND: Final = (390, 844)


@contextmanager
def chromium(*extra: str) -> Iterator[BrowserContext]:
    """A browser with a profile of its own, which goes with it. Raises PhoneError when there is none."""
    if not CHROMIUM.exists():
        raise PhoneError("there is no Chromium: run 'make setup'")
    with tempfile.TemporaryDirectory(prefix="sealine-browser-") as profile, sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile,
            executable_path=CHROMIUM,
            args=[*ARGUMENTS, *extra],
            viewport={"width": DESK[0], "height": DESK[1]},
        )
        try:
            yield context
        finally:
            context.close()
