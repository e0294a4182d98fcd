"""The two clocks of a host."""

from __future__ import annotations

import time


def now_ms() -> int:
    """Unix time in milliseconds: what messages and records say."""
    return time.time_ns() // 1_000_000


def monotonic_ms() -> int:
    """Milliseconds from anywhere, never back: what a link is built with and ticked by."""
    return time.monotonic_ns() // 1_000_000
