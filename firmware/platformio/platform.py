"""The PlatformIO platform: it adds nothing to PlatformIO's own base class."""

from platformio.public import PlatformBase


class SealinePlatform(PlatformBase):  # type: ignore[misc]  # PlatformIO carries no types
    """Boards of this project; the rules are in builder/main.py."""
