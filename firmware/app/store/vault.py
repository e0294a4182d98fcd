"""The private keys, in a flash sector of their own, so that destroying them is a real erase and not a new copy."""

import binascii
import struct

import sodium
from board import Flash
from micropython import const

from store import IdentityError

_MAGIC = b"SLV1"
_KEYS_BYTES = const(64)  # Ed25519 seed, X25519 secret key
_CRC_AT = const(68)
_MARK_AT = const(72)  # programmed last
_WRITTEN = b"\x00"
_SCRUB_BYTES = const(256)


class Vault:
    """One sector: magic, 64 key bytes, CRC-32, and a mark that is programmed when all else is there."""

    def __init__(self, flash: Flash, sector_offset: int) -> None:
        """Use the sector that starts at `sector_offset` bytes of a raw flash partition."""
        self._flash = flash
        self._at = sector_offset

    def read(self) -> bytearray | None:
        """Return the 64 key bytes for the caller to wipe, None if there are none."""
        raw = bytearray(_MARK_AT + 1)
        self._flash.read_into(self._at, raw)
        try:
            if raw[_MARK_AT] != 0 or raw[:4] != _MAGIC:
                return None
            if struct.unpack_from("<I", raw, _CRC_AT)[0] != binascii.crc32(memoryview(raw)[:_CRC_AT]):
                return None
            return bytearray(memoryview(raw)[4:_CRC_AT])
        finally:
            sodium.memzero(raw)

    def write(self, keys: bytearray) -> None:
        """Keep 64 key bytes, durable on return. There must be none: keys are born once, then destroyed."""
        if len(keys) != _KEYS_BYTES:
            raise IdentityError("vault: 64 key bytes are needed")
        if self.read() is not None:
            raise IdentityError("vault: holds keys already")
        self._flash.erase(self._at)
        raw = bytearray(_MARK_AT)
        raw[:4] = _MAGIC
        raw[4:_CRC_AT] = keys
        struct.pack_into("<I", raw, _CRC_AT, binascii.crc32(memoryview(raw)[:_CRC_AT]))
        self._flash.program(self._at, raw)
        sodium.memzero(raw)
        self._flash.program(self._at + _MARK_AT, _WRITTEN)

    def destroy(self) -> None:
        """Clear every key bit, which takes microseconds, then erase the sector, which takes milliseconds."""
        self._flash.program(self._at, bytes(_SCRUB_BYTES))
        self._flash.erase(self._at)
