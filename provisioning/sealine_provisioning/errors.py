"""What can go wrong in provisioning."""


class ProvisioningError(Exception):
    """Base of all errors of this package; the text says what to do and holds no secret."""


class AuthorityError(ProvisioningError):
    """The authority refuses: wrong passphrase, bad request, existing directory."""


class ConsoleError(ProvisioningError):
    """The device answered ERROR, or did not answer in time."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
