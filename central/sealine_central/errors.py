"""Errors of central. Their messages name what and where; central has no name, number or audio to leak."""


class CentralError(Exception):
    """Base of all errors of this package."""


class ConfigError(CentralError):
    """The configuration file is wrong; the message names the field."""


class StoreError(CentralError):
    """Something could not be made durable; nothing of it was acknowledged."""


class SourceError(CentralError):
    """The broker is not there, refuses, or does not answer."""


class LogError(CentralError):
    """The log does not hold what was asked for."""
