"""Headers of bundles: what is checked before a byte of the body is taken; as `sealine_protocol.bundle`."""

from wire import cose
from wire.codec import decode
from wire.errors import WireError

MAX_BODY = 1 << 20
DIRECTORY_ENTRY_SIZE = 8


def read_header(data: bytes) -> tuple[dict, bytes]:
    """(header, key id of the signer), unverified: for choosing, never for trusting. Raises WireError."""
    content, kid, payload, _, _ = cose.parse(data)
    if content != "bundle":
        raise WireError("wrong content type", "bundle")
    return decode("bundle-header", payload), kid


def verify_header(
    data: bytes, signers: dict[bytes, bytes], *, kind: str, facility: str, installed_version: int, now: int
) -> dict:
    """The header dict, if of this kind and facility, newer than the installed version (0: none), not expired.

    `signers` maps key ids to the public keys that may sign this kind; `now` in seconds. Raises WireError.
    """
    header, kid = read_header(data)
    if kid not in signers:
        raise WireError("signed by a key that may not", "bundle")
    cose.verify(data, "bundle", signers[kid])
    if header["kind"] != kind:
        raise WireError("another kind", "bundle.kind")
    if header["facility"] != facility:
        raise WireError("another facility", "bundle.facility")
    _check_shape(header)
    if header["version"] <= installed_version:
        raise WireError("not newer than the installed one", "bundle.version")
    if header["expires"] <= now:
        raise WireError("expired", "bundle.expires")
    return header


def _check_shape(header: dict) -> None:
    if header["version"] < 1:
        raise WireError("starts at 1", "bundle.version")
    if header["expires"] <= header["issued"]:
        raise WireError("before it is issued", "bundle.expires")
    if header["length"] > MAX_BODY:
        raise WireError("too long", "bundle.length")
    directory = header.get("directory")
    if (directory is not None) != (header["kind"] == "directory"):
        raise WireError("in a directory's header and there only", "bundle.directory")
    if directory and directory["entries"] * DIRECTORY_ENTRY_SIZE != header["length"]:
        raise WireError("does not fit the length", "bundle.directory.entries")
