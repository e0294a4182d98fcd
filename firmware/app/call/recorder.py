"""The recording of one call: key birth, sealing of each second, checkpoints, and the end of the key.

idle -> born (key split and sealed to the custodians, while the line rings) -> running -> idle.
The key exists in this object only, is never written anywhere, and is wiped at every end. A reset forgets it.
"""

import shamir
import sodium
from micropython import const
from store import SpoolError, TrustError
from store.spool import MAX_CHUNK_BYTES, Spool
from store.trust import Trust
from wire import codec
from wire.hashes import key_commitment, share_hash

from call import CallError
from call.envelope import EnvelopeError, Envelopes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

FRAMES_A_CHUNK = const(50)  # of 20 ms: a chunk is one second of call
SAMPLES_A_FRAME = const(160)
CHECKPOINT_CHUNKS = const(10)
MAX_CHUNKS = const(21_600)  # six hours: `seconds` in protocol/sealine.cddl
STOP_AFTER_MS = const(10_000)  # without a confirmed chunk: bulk that cannot be delivered
_LEG_SAMPLES = const(8000)
_TAG_BYTES = const(16)
_FINAL_AT = const(24)  # in the additional data: record id, index as 64 bits, final flag


class RecorderError(CallError):
    """No key was made, or the recorder was asked for a step out of order. The call is then not recorded."""


class Recorder:
    """One per terminal, used for one call after the other. `state`: idle, born, running, stopped."""

    def __init__(self, spool: Spool) -> None:
        """Take the buffers for good; sealed chunks go to `spool`."""
        self._spool = spool
        self._plain = bytearray(MAX_CHUNK_BYTES)
        self._key = bytearray(32)
        self._nonce = bytearray(24)
        self._data = bytearray(25)
        self.state = "idle"
        self._clear(b"")

    # ------------------------------------------------------------ birth

    def prepare(self, record_id: bytes, terminal: bytes, trust: Trust, envelopes: Envelopes) -> dict:
        """Make the content key and seal its shares into `envelopes`; return the record's `recording` as yet.

        RecorderError when the custodian set does not hold or a share cannot be sealed: then there is no key.
        """
        if self.state != "idle":
            raise RecorderError("recorder: busy")
        self._clear(record_id)
        mark = len(envelopes.sealed)
        try:
            k, n, holders = trust.custodians()
            sodium.random_into(self._key)
            self._split_facts = {
                "k": k,
                "n": n,
                "readers": self._split(terminal, k, n, holders, envelopes),
                "key_commitment": key_commitment(record_id, self._key),
            }
            self.state = "born"
        except (TrustError, EnvelopeError, ValueError, OSError) as error:
            raise RecorderError(str(error))
        finally:
            if self.state != "born":
                self.wipe()
                del envelopes.sealed[mark:]
                del envelopes.refs[mark:]
        return self._facts("cut")

    def _split(self, terminal: bytes, k: int, n: int, holders: list, envelopes: Envelopes) -> list[dict]:
        shares = shamir.split(self._key, k, n)
        readers = []
        try:
            for share, holder in zip(shares, holders):
                envelopes.share(terminal, k, n, share, holder.link_key)
                readers.append(
                    {
                        "class": holder.class_,
                        "organisation": holder.organisation,
                        "key_id": holder.key_id,
                        "share_hash": share_hash(self._record_id, share[0], memoryview(share)[1:]),
                    }
                )
        finally:
            for share in shares:
                sodium.memzero(share)
        return readers

    # ------------------------------------------------------------ talking

    def start(self, now_ms: int) -> None:
        """Begin to seal, once the acceptance is in the journal; `now_ms` is monotonic. RecorderError without a key."""
        if self.state != "born":
            raise RecorderError("recorder: no key was born")
        self._progress_ms = now_ms
        self.state = "running"

    def pump(self, read_into: "Callable[[bytearray, int, int], bool]", now_ms: int) -> bool:
        """Take the frames that are ready, at most one chunk; True if a chunk was sealed. Call it every few 20 ms."""
        while self.state == "running":
            if not read_into(self._plain, self._frames, FRAMES_A_CHUNK):
                break
            self._frames += 1
            if self._frames == FRAMES_A_CHUNK:
                self._seal(final=False, now_ms=now_ms)
                return True
        return False

    def confirmed(self, record_id: bytes, index: int, now_ms: int) -> None:
        """Count a chunk that the gateway has synced; those of an earlier call are no concern of this one."""
        if record_id != self._record_id or index != self._confirmed or index not in self._waiting:
            return
        chunk_hash, size = self._waiting.pop(index)
        self._confirmed_digest.update(chunk_hash)
        self._confirmed_bytes += size
        self._confirmed += 1
        self._progress_ms = now_ms

    def tick(self, now_ms: int) -> bool:
        """Stop if chunks have waited for 10 s; True when it does so now. The call goes on, unrecorded."""
        if self.state != "running" or not self._waiting or now_ms - self._progress_ms < STOP_AFTER_MS:
            return False
        self._stop()
        return True

    def checkpoint(self, unix_ms: int) -> bytes | None:
        """Return the payload of a checkpoint that is due, to be signed between frames; None if none is."""
        if self._confirmed - self._checkpointed < CHECKPOINT_CHUNKS:
            return None
        self._checkpointed = self._confirmed
        return codec.encode(
            "checkpoint",
            {
                "version": 1,
                "record": self._record_id,
                "chunks": self._confirmed,
                "bytes": self._confirmed_bytes,
                "digest": self._confirmed_digest.digest(),
                "time": unix_ms,
            },
        )

    # ------------------------------------------------------------ end

    def finish(self, now_ms: int) -> dict | None:
        """Seal what is left, wipe the key, and return the record's `recording`; None if nothing was ever sealed."""
        facts = None
        try:
            if self.state == "running":
                self._seal(final=True, now_ms=now_ms)
            if self.state in ("running", "stopped"):
                self._keep()
                facts = self._facts("complete" if self.state == "running" else "stopped")
        finally:
            self.wipe()
        return facts

    def wipe(self) -> None:
        """Forget the key and what was heard; for every way out of a call."""
        sodium.memzero(self._key)
        sodium.memzero(self._plain)
        self.state = "idle"

    # ------------------------------------------------------------ inside

    def _clear(self, record_id: bytes) -> None:
        self._record_id = record_id
        self._frames = 0
        self._chunks = 0
        self._bytes = 0
        self._digest = sodium.Hash(32)
        self._waiting: dict[int, tuple[bytes, int]] = {}
        self._confirmed = 0
        self._confirmed_bytes = 0
        self._confirmed_digest = sodium.Hash(32)
        self._checkpointed = 0
        self._progress_ms = 0
        self._split_facts: dict = {}

    def _seal(self, *, final: bool, now_ms: int) -> None:
        """Seal the frames gathered as chunk number `_chunks`: the one place that uses the key, each index once."""
        if self._chunks == MAX_CHUNKS:
            self._stop()
            return
        samples = self._frames * SAMPLES_A_FRAME
        plain = memoryview(self._plain)
        if samples < _LEG_SAMPLES:
            # The far leg moves down to the end of the near one, within this buffer and through no other.
            plain[samples : 2 * samples] = plain[_LEG_SAMPLES : _LEG_SAMPLES + samples]
        index = self._chunks.to_bytes(8, "big")
        self._nonce[16:] = index
        self._data[:16] = self._record_id
        self._data[16:_FINAL_AT] = index
        self._data[_FINAL_AT] = 1 if final else 0
        size = 2 * samples + _TAG_BYTES
        sodium.xaead_encrypt_into(plain[:size], self._key, self._nonce, self._data, plain[: 2 * samples])
        self._frames = 0
        chunk_hash = sodium.hash(plain[:size], 32)
        if not self._waiting:
            self._progress_ms = now_ms
        try:
            kept = self._spool.put(self._record_id, self._chunks, plain[:size])
        except SpoolError:
            kept = False
        if not kept:
            self._stop()
            return
        self._waiting[self._chunks] = (chunk_hash, size)
        self._digest.update(chunk_hash)
        self._bytes += size
        self._chunks += 1

    def _stop(self) -> None:
        self.wipe()
        self.state = "stopped"

    def _keep(self) -> None:
        """Make the last chunk durable before a record counts it; without room it may be lost, and then is named."""
        try:
            self._spool.persist()
        except SpoolError:
            return

    def _facts(self, state: str) -> dict:
        facts = {
            "state": state,
            "codec": "pcmu",
            "legs": 2,
            "chunks": self._chunks,
            "bytes": self._bytes,
            "digest": self._digest.digest(),
            "checkpoint": None,
        }
        facts.update(self._split_facts)
        return facts
