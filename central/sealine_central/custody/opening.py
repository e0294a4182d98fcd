"""Opening one recording with the grants of a quorum. The content key lives in this process only, and briefly."""

import hashlib
import os
import wave
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sealine_protocol import codec, cose, mulaw, recording, shamir
from sealine_protocol.clock import now_ms
from sealine_protocol.errors import ProtocolError
from sealine_protocol.hashes import blake2b256, key_commitment
from sealine_protocol.unit import Unit

from sealine_central.custody.case import Case, CustodyError, read_file
from sealine_central.custody.people import unseal_share

SAMPLE_RATE_HZ: Final = 8000
MAX_MISSING: Final = 2048  # CDDL opening.missing


@dataclass(frozen=True)
class Opened:
    """The result of an opening: silence where a chunk is missing, and the grants that did not count, each with why."""

    wav: Path
    seconds: int
    missing: tuple[int, ...]
    faults: tuple[str, ...]
    signed_opening: bytes


def open_recording(case: Case, requester: Unit, progress: Callable[[int, int], None] = lambda _i, _n: None) -> Opened:
    """Rebuild the key from K logged grants, check shares and commitment, decrypt, write `opened.wav`, sign the opening.

    The WAV is 8 kHz, 16 bit, left = near leg (terminal), right = far leg. Raises CustodyError.
    """
    request_hash, named = case.logged_request()
    if named.key_id != requester.key_id:
        raise CustodyError("request.cose: made by another requester")
    key, faults = _rebuild_key(case, requester, request_hash)
    wav = case.folder / "opened.wav"
    missing = _decrypt(case, key, wav, progress)
    total = case.recording["chunks"]
    with wav.open("rb") as file:
        audio = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).digest()
    fields = {
        "request": request_hash,
        "audio": audio,
        "seconds": total - len(missing),
        "missing": missing,
        "time": now_ms(),
    }
    signed = cose.sign("opening", codec.encode("opening", fields), requester.identity)
    (case.folder / "opening.cose").write_bytes(signed)
    return Opened(wav, total - len(missing), tuple(missing), tuple(faults), signed)


def _rebuild_key(case: Case, requester: Unit, request_hash: bytes) -> tuple[bytes, list[str]]:
    """The content key, and the grants that did not count. A bad one does not stop a quorum of good ones."""
    shares: dict[int, bytes] = {}
    faults = []
    for path in sorted((case.folder / "grants").glob("*.cose")):
        try:
            index, value = _granted_share(case, requester, request_hash, path.name)
        except CustodyError as error:
            faults.append(str(error))
            continue
        shares[index] = bytes([index]) + value
    needed = case.recording["k"]
    if len(shares) < needed:
        why = "".join(f"; {fault}" for fault in faults)
        raise CustodyError(f"{len(shares)} of {needed} custodians have granted; the recording stays closed{why}")
    key = shamir.combine(list(shares.values())[:needed])
    if case.recording["key_commitment"] != key_commitment(case.record["id"], key):
        raise CustodyError("the shares do not give the key that the record commits to")
    return key, faults


def _granted_share(case: Case, requester: Unit, request_hash: bytes, name: str) -> tuple[int, bytes]:
    granted, custodian = case.read_signed(f"grants/{name}", "opening-grant", "custodian")
    sealed = read_file(case.folder, f"grants/{Path(name).with_suffix('.sealed')}")
    if granted["request"] != request_hash:
        raise CustodyError(f"grants/{name}: grants another request")
    if granted["sealed_hash"] != blake2b256(sealed):
        raise CustodyError(f"grants/{name}: signed for another share than the one beside it")
    index = granted["index"]
    share = unseal_share(sealed, requester, index)
    case.check_share(share, index)
    if case.recording["readers"][index - 1]["key_id"] != custodian.key_id:
        raise CustodyError(f"grants/{name}: another custodian's share")
    return index, bytes(share["share"])


def _decrypt(case: Case, key: bytes, wav: Path, progress: Callable[[int, int], None]) -> list[int]:
    """Write the WAV second by second; the indices that are missing or do not open. Raises CustodyError."""
    total, complete = case.recording["chunks"], case.recording["state"] == "complete"
    here = {path.name for path in (case.folder / "chunks").glob("*.chunk")}
    gone = sum(f"{index}.chunk" not in here for index in range(total))
    if gone > MAX_MISSING:
        raise CustodyError(f"{gone} of {total} chunks are missing, more than an opening can name")
    missing: list[int] = []
    hashes = []
    descriptor = os.open(wav, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file, wave.open(file, "wb") as audio:
        audio.setnchannels(2)
        audio.setsampwidth(2)
        audio.setframerate(SAMPLE_RATE_HZ)
        for index in range(total):
            # Only a complete recording has a final chunk: a cut or stopped one ends where its key was lost or wiped.
            final = complete and index == total - 1
            try:
                sealed = (case.folder / "chunks" / f"{index}.chunk").read_bytes()
                plain = recording.open_chunk(key, case.record["id"], index, sealed, final=final)
                hashes.append(recording.chunk_hash(sealed))
            except (FileNotFoundError, ProtocolError):
                missing.append(index)
                plain = b"" if final else b"\xff" * (2 * recording.SAMPLES_A_CHUNK)
            audio.writeframes(_stereo(plain))
            progress(index + 1, total)
    if len(missing) > MAX_MISSING:
        raise CustodyError(f"{len(missing)} of {total} chunks are missing, more than an opening can name")
    if not missing and recording.digest(hashes) != case.recording["digest"]:
        raise CustodyError("the chunks open, but their digest is not the one in the record")
    return missing


def _stereo(plain: bytes) -> bytes:
    """Frames of both legs as linear samples; in a chunk the near leg comes first, then as much of the far one."""
    half = len(plain) // 2
    left, right = mulaw.decode(plain[:half]), mulaw.decode(plain[half:])
    frames = bytearray(2 * len(left))
    for offset in range(2):
        frames[offset::4] = left[offset::2]
        frames[2 + offset :: 4] = right[offset::2]
    return bytes(frames)
