"""Errors of the gateway. Their messages name what and where, never a number, a name, a PIN, a key or audio."""


class GatewayError(Exception):
    """Base of all errors of this package."""


class VaultError(GatewayError):
    """The vault cannot be opened or changed."""


class StorageError(GatewayError):
    """Something could not be made durable; it must not be acknowledged."""


class StorageFullError(StorageError):
    """The disk, or the share of it that this kind of thing may use, is full."""


class ConflictError(StorageError):
    """Other bytes, or another owner, already stand under this name."""


class TrustError(GatewayError):
    """A credential, bundle or answer does not verify."""


class RefusedError(GatewayError):
    """A terminal's message is refused: a code of the CDDL's `link-error-code`; `what` names a field, no value."""

    def __init__(self, code: str, what: str) -> None:
        """As the class says."""
        super().__init__(f"{what}: {code}")
        self.code = code
        self.what = what


class TrunkError(GatewayError):
    """The telephone network refuses or is not there."""


class SerialPortError(GatewayError):
    """A serial port cannot be opened or has failed."""
