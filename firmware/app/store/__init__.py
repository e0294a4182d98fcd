"""Durable state of the terminal. Errors name what does not hold, never a value."""


class StoreError(Exception):
    """Base of everything that this package raises on purpose."""


class JournalError(StoreError):
    """The journal is full, damaged, halted, or was asked for a step out of order."""


class SpoolError(StoreError):
    """A sealed chunk could not be kept."""


class BundleError(StoreError):
    """A bundle that is older, expired, too long, or does not verify. The installed one stays."""


class TrustError(StoreError):
    """Keys that cannot be trusted for what was asked."""


class IdentityError(StoreError):
    """The terminal has no identity, or not the one that was asked for."""


class ClockError(StoreError):
    """A time that the terminal does not believe."""
