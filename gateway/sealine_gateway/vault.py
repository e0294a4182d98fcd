"""The vault: roster and facility token key, encrypted at rest (P3).

The secret that opens it is given at start and never lies beside it; `sealine_protocol.sealed_file` is the file's form.
"""

import getpass
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import nacl.utils
from sealine_protocol import sealed_file

from sealine_gateway import files
from sealine_gateway.errors import VaultError

FILE_NAME: Final = "vault.sealed"
CREDENTIAL_NAME: Final = "sealine-secret"  # systemd: LoadCredentialEncrypted=sealine-secret:...
MIN_SECRET_BYTES: Final = 12  # a passphrase shorter than this falls to guessing even under Argon2id
MAX_SECRET_BYTES: Final = 1024


@dataclass(frozen=True, kw_only=True)
class Person:
    """One person of the roster. `verifier` is the Argon2id string of the PIN; `language` is BCP 47."""

    person: str
    verifier: bytes
    language: str


@dataclass(frozen=True, kw_only=True)
class Content:
    """What the vault holds."""

    token_key: bytes
    persons: Mapping[str, Person] = field(default_factory=dict)


class Vault:
    """An open vault. The secret stays in memory so that changes can be written."""

    def __init__(self, path: Path, secret: bytes, content: Content) -> None:
        """Use `create` or `load`."""
        self._path = path
        self._secret = secret
        self.content = content

    @classmethod
    def create(cls, state_dir: Path, secret: bytes) -> "Vault":
        """Make an empty vault with a fresh token key. Raises VaultError if there is one already."""
        path = state_dir / FILE_NAME
        if path.exists():
            raise VaultError("there is a vault already")
        vault = cls(path, secret, Content(token_key=nacl.utils.random(32)))
        vault.save(vault.content)
        return vault

    @classmethod
    def load(cls, state_dir: Path, secret: bytes) -> "Vault":
        """Open the vault. Raises VaultError when it is missing, damaged, or the secret is another."""
        path = state_dir / FILE_NAME
        try:
            return cls(path, secret, _unpack(sealed_file.read(path, secret)))
        except OSError as error:
            raise VaultError(f"the vault cannot be read: {error.strerror}") from error
        except sealed_file.SealedFileError as error:
            raise VaultError("the vault does not open: wrong secret or damaged file") from error

    @property
    def directory(self) -> Path:
        """The state directory that it lies in."""
        return self._path.parent

    def save(self, content: Content) -> None:
        """Replace the content durably. Raises StorageError; then the old content stays."""
        try:
            sealed_file.write(self._path, _pack(content), self._secret)
        except OSError as error:
            raise files.storage_error(error, FILE_NAME) from error
        self.content = content


def read_secret(secret_file: Path | None, state_dir: Path) -> bytes:
    """The secret from a file outside of `state_dir`, a systemd credential, or a prompt. Raises VaultError."""
    if secret_file is not None:
        secret = read_private(secret_file, "the secret", state_dir)
    elif directory := os.environ.get("CREDENTIALS_DIRECTORY"):
        # systemd guards it by an access list, which a mode cannot show
        secret = _read(Path(directory) / CREDENTIAL_NAME, "the secret", state_dir, forbidden=0)
    elif sys.stdin.isatty():
        secret = getpass.getpass("Secret of the vault: ").encode()
    else:
        raise VaultError("no secret: give --secret-file, a systemd credential named sealine-secret, or a terminal")
    if not MIN_SECRET_BYTES <= len(secret) <= MAX_SECRET_BYTES:
        raise VaultError(f"the secret must have {MIN_SECRET_BYTES} to {MAX_SECRET_BYTES} bytes")
    return secret


def read_private(path: Path, what: str, state_dir: Path) -> bytes:
    """One line of a file that is its owner's alone and does not lie in `state_dir`. Raises VaultError."""
    return _read(path, what, state_dir, forbidden=0o077)


def _read(path: Path, what: str, state_dir: Path, *, forbidden: int) -> bytes:
    if path.resolve().is_relative_to(state_dir.resolve()):
        raise VaultError(f"{what}: its file lies in the state directory, where whoever copies that has it")
    try:
        with path.open("rb") as file:
            if os.fstat(file.fileno()).st_mode & forbidden:
                raise VaultError(f"{what}: its file is open to others; chmod 600")
            return file.read(MAX_SECRET_BYTES + 2).strip(b"\r\n")
    except OSError as error:
        raise VaultError(f"{what} cannot be read: {error.strerror}") from error


def _pack(content: Content) -> bytes:
    persons = [
        {"person": item.person, "verifier": item.verifier.decode("ascii"), "language": item.language}
        for item in content.persons.values()
    ]
    return json.dumps({"token_key": content.token_key.hex(), "persons": persons}).encode()


def _unpack(plain: bytes) -> Content:
    """Authenticated by the sealing, so a mismatch is another version of the program."""
    try:
        data: dict[str, Any] = json.loads(plain)
        persons = {
            item["person"]: Person(
                person=item["person"], verifier=item["verifier"].encode("ascii"), language=item["language"]
            )
            for item in data["persons"]
        }
        return Content(token_key=bytes.fromhex(data["token_key"]), persons=persons)
    except (ValueError, KeyError, TypeError) as error:
        raise VaultError("the vault was written by another version") from error
