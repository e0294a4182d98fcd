"""The errors of this package. Messages say what and where, and hold no value from a message, a key or a number."""

from __future__ import annotations


class ProtocolError(Exception):
    """Base of everything that this package raises on purpose."""


class WireError(ProtocolError):
    """Bytes or a value that do not match the CDDL: `path` names the rule and the field, `reason` what is wrong."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason, path)
        self.reason = reason
        self.path = path

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason

    def inside(self, name: str) -> WireError:
        """Put `name` in front of the path: called while the error travels out through the nested members."""
        self.path = f"{name}.{self.path}" if self.path else name
        return self


class SignatureError(ProtocolError):
    """A signature, or what it must cover, does not hold."""


class CredentialError(ProtocolError):
    """A credential, its chain, role, facility or time does not hold."""


class BundleError(ProtocolError):
    """A bundle's header or body is not to be installed."""


class ReceiptError(ProtocolError):
    """A receipt does not prove that the log holds these bytes."""


class NumberError(ProtocolError):
    """Dialled digits that the numbering plan does not know."""


class ShareError(ProtocolError):
    """Shares that do not give one key."""


class RecordingError(ProtocolError):
    """A sealed chunk that does not open, or a digest that does not match."""


class UnitError(ProtocolError):
    """A state directory that is not whole, or that others can read."""


class MqttError(ProtocolError):
    """The broker is not there, refuses, or does not answer."""


class SettingsError(ProtocolError):
    """A configuration file is wrong; the message names the field."""
