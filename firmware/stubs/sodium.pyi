# Made by firmware/stubs/generate.py from the `///` lines in the C sources: do not edit.
"""libsodium: hashes, signatures, key agreement, sealed boxes and authenticated encryption.

All inputs take any buffer. A wrong length raises ValueError naming the argument; what does not
verify, decrypt or open raises Error. Secret results are bytearrays, so that memzero() can wipe
them.
"""

from typing import TypeAlias

Buffer: TypeAlias = bytes | bytearray | memoryview
MutableBuffer: TypeAlias = bytearray | memoryview

class Error(Exception):
    """A signature, ciphertext or key did not hold."""

def random(n: int, /) -> bytes:
    """n (0 to 4096) random bytes from the board. For keys use random_into()."""

def random_into(buf: MutableBuffer, /) -> None:
    """Fills the buffer with random bytes from the board."""

def equal(a: Buffer, b: Buffer, /) -> bool:
    """Compares in a time that depends on the lengths only."""

def memzero(buf: MutableBuffer, /) -> None:
    """Overwrites a secret with zeros."""

def aead_encrypt(key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /) -> bytes:
    """ChaCha20-Poly1305 (RFC 8439), nonce of 12 bytes; the tag's 16 bytes follow the text."""

def aead_encrypt_into(
    out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /
) -> int:
    """Writes to `out`, which may begin where `message` does; returns the bytes written."""

def aead_decrypt(key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /) -> bytes:
    """Raises Error where the ciphertext does not verify."""

def aead_decrypt_into(
    out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /
) -> int:
    """As aead_encrypt_into(); where it does not verify, `out` is zeros (in place: all is lost)."""

def xaead_encrypt(key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /) -> bytes:
    """aead_encrypt() by XChaCha20-Poly1305, nonce of 24 bytes."""

def xaead_encrypt_into(
    out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, message: Buffer, /
) -> int:
    """aead_encrypt_into() by XChaCha20-Poly1305, nonce of 24 bytes."""

def xaead_decrypt(key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /) -> bytes:
    """aead_decrypt() by XChaCha20-Poly1305, nonce of 24 bytes."""

def xaead_decrypt_into(
    out: MutableBuffer, key: Buffer, nonce: Buffer, ad: Buffer, ciphertext: Buffer, /
) -> int:
    """aead_decrypt_into() by XChaCha20-Poly1305, nonce of 24 bytes."""

def hash(data: Buffer, size: int = 32, key: Buffer = b"") -> bytes:
    """BLAKE2b (RFC 7693) of `size` (1 to 64) bytes, keyed if a key of up to 64 bytes is given.

    No copy of the data is left behind.
    """

class Hash:
    """BLAKE2b of what is given to update(); the same options as hash().

    It keeps up to 128 bytes of the data, and of a key, in memory that nobody wipes: secrets go through hash().
    """

    def __init__(self, size: int = 32, key: Buffer = b"") -> None: ...

    def update(self, data: Buffer, /) -> None: ...

    def digest(self) -> bytes:
        """The hash of what came so far; more may follow."""

    def copy(self) -> Hash: ...

def sha256(data: Buffer, /) -> bytes:
    """SHA-256 (FIPS 180-4)."""

class Sha256:
    """SHA-256 of what is given to update()."""

    def __init__(self) -> None: ...

    def update(self, data: Buffer, /) -> None: ...

    def digest(self) -> bytes:
        """The hash of what came so far; more may follow."""

    def copy(self) -> Sha256: ...

def sign_keypair(seed: Buffer, /) -> tuple[bytes, bytearray]:
    """Ed25519 key pair (public 32, secret 64 bytes) of a 32-byte seed (RFC 8032)."""

def sign(sk: Buffer, message: Buffer, /) -> bytes:
    """Ed25519 signature, 64 bytes."""

def verify(pk: Buffer, message: Buffer, signature: Buffer, /) -> None:
    """Raises Error where the Ed25519 signature does not hold."""

def scalarmult(sk: Buffer, pk: Buffer, /) -> bytearray:
    """X25519 (RFC 7748); raises Error where the result is zero (a key of small order)."""

def scalarmult_base(sk: Buffer, /) -> bytes:
    """The X25519 public key of a secret key."""

def seal(pk: Buffer, message: Buffer, /) -> bytes:
    """Sealed box (crypto_box_seal), 48 bytes longer; Error where the key is of small order."""

def seal_open(pk: Buffer, sk: Buffer, box: Buffer, /) -> bytearray:
    """What a sealed box holds; raises Error where it does not open."""
