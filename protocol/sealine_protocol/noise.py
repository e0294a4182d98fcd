"""Noise_XX_25519_ChaChaPoly_BLAKE2b (Noise revision 34) and its transport with explicit counters (section 11.4).

Own code and not a library: see docs/decisions/noise-host.md. The primitives are cryptography's and hashlib's.
"""

import hashlib
import hmac
import struct
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from .errors import ProtocolError

PROTOCOL_NAME: Final = b"Noise_XX_25519_ChaChaPoly_BLAKE2b"
KEY_BYTES: Final = 32  # DHLEN and the cipher's key
HASH_BYTES: Final = 64  # HASHLEN of BLAKE2b
TAG_BYTES: Final = 16
COUNTER_BYTES: Final = 8
REPLAY_WINDOW: Final = 128  # twice what section 11.4 users commonly take; costs the terminal 128 bytes
# A day at 400 frames a second is 2^25; the limit is where a 32-bit MicroPython leaves small integers.
MAX_COUNTER: Final = 2**30 - 1


class NoiseError(ProtocolError):
    """A handshake or transport message that does not authenticate, or is of the wrong form."""


def _hkdf(chaining_key: bytes, material: bytes) -> tuple[bytes, bytes]:
    """Two outputs of Noise's HKDF (section 4.3)."""
    secret = hmac.digest(chaining_key, material, "blake2b")
    first = hmac.digest(secret, b"\x01", "blake2b")
    return first, hmac.digest(secret, first + b"\x02", "blake2b")


def _nonce(counter: int) -> bytes:
    return struct.pack("<4xQ", counter)


def _public(private: X25519PrivateKey) -> bytes:
    return private.public_key().public_bytes_raw()


class _Symmetric:
    """Noise SymmetricState (section 5.2) with the CipherState inside."""

    def __init__(self, prologue: bytes) -> None:
        self.hash = PROTOCOL_NAME.ljust(HASH_BYTES, b"\0")
        self.chaining_key = self.hash
        self._cipher: ChaCha20Poly1305 | None = None
        self._counter = 0
        self.mix_hash(prologue)

    def mix_hash(self, data: bytes) -> None:
        self.hash = hashlib.blake2b(self.hash + data).digest()

    def mix_key(self, material: bytes) -> None:
        self.chaining_key, key = _hkdf(self.chaining_key, material)
        self._cipher = ChaCha20Poly1305(key[:KEY_BYTES])
        self._counter = 0

    def encrypt_and_hash(self, plain: bytes) -> bytes:
        sealed = plain
        if self._cipher is not None:
            sealed = self._cipher.encrypt(_nonce(self._counter), plain, self.hash)
            self._counter += 1
        self.mix_hash(sealed)
        return sealed

    def decrypt_and_hash(self, sealed: bytes) -> bytes:
        plain = sealed
        if self._cipher is not None:
            try:
                plain = self._cipher.decrypt(_nonce(self._counter), sealed, self.hash)
            except InvalidTag as error:
                raise NoiseError("handshake: does not authenticate") from error
            self._counter += 1
        self.mix_hash(sealed)
        return plain


# Per message: what it carries, and which keys are mixed, from the initiator's and the responder's eyes (section 7.5).
_PATTERN: Final = (("e",), ("e", "ee", "s", "es"), ("s", "se"))


class Handshake:
    """One run of the pattern XX; after a NoiseError it must be thrown away."""

    def __init__(
        self, *, initiator: bool, static_key: bytes, prologue: bytes, ephemeral_key: bytes | None = None
    ) -> None:
        """`static_key`: the raw X25519 private key. `ephemeral_key` is for published vectors only."""
        self._initiator = initiator
        self._static = X25519PrivateKey.from_private_bytes(static_key)
        self._ephemeral = (
            X25519PrivateKey.generate() if ephemeral_key is None else X25519PrivateKey.from_private_bytes(ephemeral_key)
        )
        self._remote_ephemeral = b""
        self.remote_static = b""
        self._symmetric = _Symmetric(prologue)
        self._message = 0

    @property
    def finished(self) -> bool:
        """True after the third message."""
        return self._message == len(_PATTERN)

    @property
    def hash(self) -> bytes:
        """The handshake hash: the channel binding of section 11.2."""
        return self._symmetric.hash

    def write(self, payload: bytes) -> bytes:
        """Return our next handshake message with `payload` in it."""
        out = bytearray()
        for part in self._parts(ours=True):
            if part == "e":
                public = _public(self._ephemeral)
                self._symmetric.mix_hash(public)
                out += public
            elif part == "s":
                out += self._symmetric.encrypt_and_hash(_public(self._static))
            else:
                self._mix(part)
        return bytes(out + self._symmetric.encrypt_and_hash(payload))

    def read(self, message: bytes) -> bytes:
        """Return the payload of the peer's next message. NoiseError if it is short or does not authenticate."""
        rest = message
        for part in self._parts(ours=False):
            if part == "e":
                self._remote_ephemeral, rest = _take(rest, KEY_BYTES)
                self._symmetric.mix_hash(self._remote_ephemeral)
            elif part == "s":
                sealed, rest = _take(rest, KEY_BYTES + TAG_BYTES)
                self.remote_static = self._symmetric.decrypt_and_hash(sealed)
            else:
                self._mix(part)
        return self._symmetric.decrypt_and_hash(rest)

    def split(self) -> "Transport":
        """Return the transport of the finished handshake."""
        if not self.finished:
            raise NoiseError("handshake: not finished")
        first, second = _hkdf(self._symmetric.chaining_key, b"")
        keys = (first, second) if self._initiator else (second, first)
        return Transport(send_key=keys[0][:KEY_BYTES], receive_key=keys[1][:KEY_BYTES])

    def _parts(self, *, ours: bool) -> tuple[str, ...]:
        if self.finished or ours != (self._initiator == (self._message % 2 == 0)):
            raise NoiseError("handshake: out of turn")
        self._message += 1
        return _PATTERN[self._message - 1]

    def _mix(self, pair: str) -> None:
        """Mix one DH result; the first letter is the initiator's key, the second the responder's."""
        ours, theirs = (pair[0], pair[1]) if self._initiator else (pair[1], pair[0])
        private = self._ephemeral if ours == "e" else self._static
        public = self._remote_ephemeral if theirs == "e" else self.remote_static
        try:
            shared = private.exchange(X25519PublicKey.from_public_bytes(public))
        except ValueError as error:  # an all-zero result: a low-order point (RFC 7748 section 6.1)
            raise NoiseError("handshake: the peer's key is of low order") from error
        self._symmetric.mix_key(shared)


def _take(data: bytes, count: int) -> tuple[bytes, bytes]:
    if len(data) < count:
        raise NoiseError("handshake: message too short")
    return data[:count], data[count:]


class ReplayWindow:
    """Which of the newest REPLAY_WINDOW counters were seen. Moves only when told that one was authentic."""

    def __init__(self) -> None:
        self._highest = -1
        self._seen = 0  # bit i stands for counter highest - i

    def is_fresh(self, counter: int) -> bool:
        """Return False for a counter that was accepted before or lies behind the window."""
        age = self._highest - counter
        return age < 0 or (age < REPLAY_WINDOW and not self._seen >> age & 1)

    def accept(self, counter: int) -> None:
        """Mark an authenticated counter."""
        step = counter - self._highest
        if step > 0:
            self._seen = ((self._seen << min(step, REPLAY_WINDOW)) | 1) & ((1 << REPLAY_WINDOW) - 1)
            self._highest = counter
        else:
            self._seen |= 1 << -step


class Transport:
    """Both directions after the handshake. Every message carries its own counter, big-endian, in front."""

    def __init__(self, *, send_key: bytes, receive_key: bytes) -> None:
        self._send = ChaCha20Poly1305(send_key)
        self._receive = ChaCha20Poly1305(receive_key)
        self._counter = 0
        self._window = ReplayWindow()

    @property
    def exhausted(self) -> bool:
        """True when no counter is left: only a new handshake helps."""
        return self._counter > MAX_COUNTER

    def seal(self, plain: bytes) -> bytes:
        """Return counter and ciphertext. Each call takes a fresh counter."""
        if self.exhausted:
            raise NoiseError("transport: counters are used up")
        counter = self._counter
        self._counter += 1
        return counter.to_bytes(COUNTER_BYTES, "big") + self._send.encrypt(_nonce(counter), plain, b"")

    def open(self, sealed: bytes) -> bytes:
        """Return the plaintext. NoiseError, and no change of state, if forged, replayed or malformed."""
        if len(sealed) < COUNTER_BYTES + TAG_BYTES:
            raise NoiseError("transport: message too short")
        counter = int.from_bytes(sealed[:COUNTER_BYTES], "big")
        if counter > MAX_COUNTER or not self._window.is_fresh(counter):
            raise NoiseError("transport: replayed, or outside the window")
        try:
            plain = self._receive.decrypt(_nonce(counter), sealed[COUNTER_BYTES:], b"")
        except InvalidTag as error:
            raise NoiseError("transport: does not authenticate") from error
        self._window.accept(counter)
        return plain
