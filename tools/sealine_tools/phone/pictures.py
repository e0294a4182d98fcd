"""The pictures of the documentation, taken as a person would: two calls in two windows."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from PIL import Image

from sealine_tools.demo.cast import ATTORNEY, MARISOL, SISTER
from sealine_tools.phone.browser import DESK, HAND, chromium
from sealine_tools.phone.person import Visitor

COLOURS: Final = 256
SETTLE_MS: Final = 2500  # the handset's way, some seconds of talk in the drawer


def take(addresses: Sequence[str], folder: Path, say: Callable[[str], None]) -> None:
    """Take all pictures on the first phone; raises what the browser raises."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium("--use-fake-ui-for-media-stream") as context:
        visitor = Visitor(context.pages[0], addresses[0])

        def snap(name: str, size: tuple[int, int] = DESK) -> None:
            visitor.page.set_viewport_size({"width": size[0], "height": size[1]})
            visitor.page.wait_for_timeout(SETTLE_MS)
            path = folder / f"{name}.png"
            visitor.page.screenshot(path=path)
            _shrink(path)
            say(f"{path}: {path.stat().st_size // 1000} kB")

        snap("phone-rest")
        visitor.order(MARISOL, SISTER.dialled)
        snap("phone-price", HAND)
        visitor.press("#")
        visitor.wait_for("Talking")
        snap("phone-recorded")
        visitor.page.locator("#drawer summary").click()
        snap("phone-behind")
        visitor.page.locator("#drawer summary").click()
        visitor.handset()
        visitor.wait_for("SEALINE")
        visitor.order(MARISOL, ATTORNEY.dialled)
        visitor.press("#")
        visitor.wait_for("Talking")
        snap("phone-private", HAND)
        visitor.handset()
        visitor.wait_for("SEALINE")


def _shrink(path: Path) -> None:
    """Few colours, since brushed steel in all of them is a large file; chosen so that a rare one, the lamp's, stays."""
    with Image.open(path) as picture:
        small = picture.convert("RGB").quantize(COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
