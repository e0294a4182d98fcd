"""A secret at rest: one file, sealed under a passphrase (or any secret given at start).

Key = Argon2id (RFC 9106) of the passphrase; box = libsodium's crypto_secretbox (XSalsa20-Poly1305). JSON, so that a
person who finds the file can tell what it is; nothing in it but the box depends on the secret.
"""

import base64
import json
from pathlib import Path

from nacl import pwhash
from nacl.exceptions import CryptoError
from nacl.secret import SecretBox
from nacl.utils import random as random_bytes

from sealine_protocol import durable
from sealine_protocol.errors import ProtocolError

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_OPS = 16
MAX_MEMORY_BYTES = 1 << 30


class SealedFileError(ProtocolError):
    """The file is not a sealed file, or the passphrase is not its passphrase; the two are not told apart."""


def seal(secret: bytes, passphrase: bytes) -> bytes:
    """The file's bytes for a secret of any length."""
    ops = pwhash.argon2id.OPSLIMIT_MODERATE
    memory = pwhash.argon2id.MEMLIMIT_INTERACTIVE
    salt = random_bytes(pwhash.argon2id.SALTBYTES)
    key = pwhash.argon2id.kdf(SecretBox.KEY_SIZE, passphrase, salt, ops, memory)
    box = SecretBox(key).encrypt(secret)
    fields = {
        "sealed": "argon2id+xsalsa20poly1305",
        "ops": ops,
        "memory": memory,
        "salt": base64.b64encode(salt).decode(),
        "box": base64.b64encode(box).decode(),
    }
    return json.dumps(fields).encode() + b"\n"


def unseal(data: bytes, passphrase: bytes) -> bytes:
    """The secret; raises SealedFileError."""
    try:
        fields = json.loads(data)
        ops, memory = int(fields["ops"]), int(fields["memory"])
        salt, box = base64.b64decode(fields["salt"]), base64.b64decode(fields["box"])
        if not (0 < ops <= MAX_OPS and 0 < memory <= MAX_MEMORY_BYTES):
            raise SealedFileError("sealed file: cost out of range")
        key = pwhash.argon2id.kdf(SecretBox.KEY_SIZE, passphrase, salt, ops, memory)
        return SecretBox(key).decrypt(box)
    except (ValueError, KeyError, TypeError, CryptoError) as error:
        raise SealedFileError("sealed file: wrong passphrase, or damaged") from error


def write(path: Path, secret: bytes, passphrase: bytes) -> None:
    """Replace the file in one atomic, synced step; mode 0600."""
    durable.write(path, seal(secret, passphrase))


def read(path: Path, passphrase: bytes) -> bytes:
    """The secret of a file; raises OSError or SealedFileError."""
    if path.stat().st_size > MAX_FILE_BYTES:
        raise SealedFileError("sealed file: too large")
    return unseal(path.read_bytes(), passphrase)
