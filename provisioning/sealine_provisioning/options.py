"""What the commands of `sealine-provision` share: options, and reading what a person gives."""

from pathlib import Path
from typing import Annotated

import typer

from sealine_provisioning.errors import ProvisioningError

PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        envvar="SEALINE_PASSPHRASE_FILE",
        help="File that holds the authority's passphrase (0600); asked for when not given.",
    ),
]
Out = Annotated[Path, typer.Option(help="Where the result is written.")]
Version = Annotated[int, typer.Option(min=1, help="Version of this issue; never used twice.")]


def read_passphrase(path: Path | None, *, confirm: bool = False) -> bytes:
    """From the file, or asked for. Raises OSError."""
    if path is None:
        return str(typer.prompt("Authority passphrase", hide_input=True, confirmation_prompt=confirm)).encode()
    return path.read_bytes().rstrip(b"\n")


def read_all(paths: list[Path] | None) -> list[bytes]:
    """The content of files, in their order. Raises OSError."""
    return [path.read_bytes() for path in paths or []]


def read_key(text: str, name: str) -> bytes:
    """A public key of 64 hex digits. Raises ProvisioningError."""
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 32:
        raise ProvisioningError(f"{name}: 64 hex digits are needed")
    return key
