"""Errors of central. Their messages name what and where; central has no name, number or audio to leak."""


class CentralError(Exception):
    """Base of all errors of this package."""


class StoreError(CentralError):
    """Something could not be made durable; nothing of it was acknowledged."""


class LogError(CentralError):
    """The log does not hold what was asked for."""
