"""Guesses that are still waited for, kept over a restart: sealed under a key of the vault's own (P3)."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import nacl.exceptions
from nacl.secret import SecretBox
from sealine_protocol import log

from sealine_gateway import files

FILE_NAME: Final = "lockouts.sealed"


class Lockouts:
    """How many failures stand against whom; no times, so that a clock that jumps ends no wait."""

    def __init__(self, state_dir: Path, token_key: bytes) -> None:
        """`token_key` is the vault's."""
        self._path = state_dir / FILE_NAME
        key = hashlib.blake2b(b"sealine lock-outs", key=token_key, digest_size=SecretBox.KEY_SIZE).digest()
        self._box = SecretBox(key)

    def read(self) -> dict[str, int]:
        """What was written last; nothing if there is no file, or one that does not open (that is logged)."""
        try:
            found = json.loads(self._box.decrypt(self._path.read_bytes()))
        except FileNotFoundError:
            return {}
        except (OSError, nacl.exceptions.CryptoError, ValueError):
            log.warning("lock-outs are forgotten")
            return {}
        return {str(key): int(failures) for key, failures in found.items()}

    def write(self, failures: Mapping[str, int]) -> None:
        """Replace it. Raises StorageError."""
        files.write(self._path, bytes(self._box.encrypt(json.dumps(dict(failures)).encode())))
