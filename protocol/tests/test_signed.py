"""Signed objects, credentials, bundles and receipts against the vectors, and against pycose."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl.signing import SigningKey
from sealine_protocol import bundle, cose, credential, merkle, receipt
from sealine_protocol.errors import CredentialError, ProtocolError, ReceiptError, SignatureError, WireError
from sealine_protocol.hashes import key_id

Load = Callable[[str], dict[str, Any]]


def judge(vector: dict[str, Any], function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Call, and compare with the vector's verdict; None where it was refused."""
    try:
        result = function(*args, **kwargs)
    except ProtocolError:
        assert vector["verdict"] == "refused", vector["name"]
        return None
    assert vector["verdict"] == "ok", vector["name"]
    return result


def independent(data: bytes, key: bytes) -> bytes:
    """The payload of a COSE_Sign1 as cbor2 and cryptography see it; raises InvalidSignature."""
    protected, _, payload, signature = cbor2.loads(data).value
    covered = cbor2.dumps(["Signature1", protected, b"", payload])
    Ed25519PublicKey.from_public_bytes(key).verify(signature, covered)
    return bytes(payload)


def test_cose_vectors(vectors: Load) -> None:
    file = vectors("cose")
    key = bytes.fromhex(file["key"])
    for vector in file["vectors"]:
        data = bytes.fromhex(vector["hex"])
        payload = judge(vector, lambda data=data: cose.verify(cose.parse(data), key, file["content"]))
        if payload is not None:
            assert payload == bytes.fromhex(vector["payload"]) == independent(data, key)
            assert cose.sign(file["content"], payload, SigningKey(bytes.fromhex(file["seed"]))) == data


def test_pycose_reads_and_verifies_ours() -> None:
    from pycose.headers import KID, Algorithm, ContentType  # noqa: PLC0415 - slow to import
    from pycose.keys import OKPKey  # noqa: PLC0415
    from pycose.messages import Sign1Message  # noqa: PLC0415

    signer = SigningKey(b"\x07" * 32)
    public = bytes(signer.verify_key)
    data = cose.sign("record", b"payload", signer)
    # pycose 1.1 cannot take what cbor2 6 makes of a tag (a frozen map): it is given the members behind the tag's byte
    message = Sign1Message.from_cose_obj(cbor2.loads(data[1:]), allow_unknown_attributes=False)
    message.key = OKPKey(crv="ED25519", x=public)
    assert message.verify_signature()
    assert message.payload == b"payload"
    assert message.phdr[Algorithm].fullname == "EDDSA"
    assert message.phdr[KID] == key_id(public)
    assert message.phdr[ContentType] == "application/vnd.sealine.record"


@given(st.integers(0), st.integers(1, 255))
def test_no_changed_byte_goes_through(position: int, change: int) -> None:
    signer = SigningKey(b"\x07" * 32)
    data = bytearray(cose.sign("record", b"payload of a record", signer))
    data[position % len(data)] ^= change
    with pytest.raises(ProtocolError):
        cose.verify(cose.parse(bytes(data)), bytes(signer.verify_key), "record")


def mutated(data: st.DataObject, message: bytes) -> bytes:
    """One to three bytes changed, put in or taken out."""
    changed = bytearray(message)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed)))
        kept = data.draw(st.integers(0, 1))
        changed[at : at + 1 - kept] = data.draw(st.binary(max_size=2))
    return bytes(changed)


fuzz = settings(max_examples=800, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@fuzz
@given(st.data())
def test_both_sides_judge_mutated_signed_objects_alike(device: Any, vectors: Load, data: st.DataObject) -> None:
    file = vectors("cose")
    key = bytes.fromhex(file["key"])
    vector = data.draw(st.sampled_from([case for case in file["vectors"] if len(case["hex"]) < 2000]))
    message = mutated(data, bytes.fromhex(vector["hex"]))
    try:
        payload = cose.verify(cose.parse(message), key, file["content"])
    except ProtocolError:
        payload = None
    assert device.ask("cose", file["content"], key, message)[0] == payload


@fuzz
@given(st.data())
def test_both_sides_judge_mutated_receipts_alike(device: Any, vectors: Load, data: st.DataObject) -> None:
    file = vectors("receipt")
    key = bytes.fromhex(file["key"])
    vector = data.draw(st.sampled_from([case for case in file["vectors"] if len(case["hex"]) < 2000]))
    message, leaf = mutated(data, bytes.fromhex(vector["hex"])), bytes.fromhex(vector["object"])
    try:
        issued = receipt.verify(message, leaf, key)
    except ProtocolError:
        issued = None
    answer, _ = device.ask("receipt", key, leaf, message)
    assert answer == (None if issued is None else issued.to_bytes(8, "big"))


@given(st.binary(max_size=400))
def test_noise_is_no_signed_object(data: bytes) -> None:
    with pytest.raises(WireError):
        cose.parse(data)


def test_too_long_to_sign() -> None:
    with pytest.raises(WireError, match="wrong size"):
        cose.sign("record", bytes(cose.MAX_SIGNED), SigningKey(b"\x07" * 32))


def test_credential_vectors(vectors: Load) -> None:
    file = vectors("credential")
    root = bytes.fromhex(file["root"])
    for vector in file["vectors"]:
        found = judge(
            vector,
            credential.verify_chain,
            [bytes.fromhex(data) for data in vector["chain"]],
            root,
            role=vector["role"],
            facility=file["facility"],
            at=vector["at"],
            revoked={bytes.fromhex(key): since for key, since in vector["revoked"].items()},
        )
        if found is not None:
            assert (found.role, found.facility) == (vector["role"], file["facility"])
            assert found.key_id == key_id(found.identity_key)


def test_a_broken_chain_is_a_credential_error(vectors: Load) -> None:
    file = vectors("credential")
    for vector in file["vectors"]:
        if vector["verdict"] == "refused":
            with pytest.raises(CredentialError):
                credential.verify_chain(
                    [bytes.fromhex(data) for data in vector["chain"]],
                    bytes.fromhex(file["root"]),
                    role=vector["role"],
                    facility=file["facility"],
                    at=vector["at"],
                    revoked={bytes.fromhex(key): since for key, since in vector["revoked"].items()},
                )


def test_bundle_vectors(vectors: Load) -> None:
    file = vectors("bundle")
    key = bytes.fromhex(file["signer"])
    for vector in file["vectors"]:
        judge(
            vector,
            bundle.verify_header,
            bytes.fromhex(vector["hex"]),
            {key_id(key): key},
            kind=vector["kind"],
            facility=file["facility"],
            installed_version=file["installed"],
            now=file["now"],
        )


def test_a_directory_is_sorted_and_has_each_number_once() -> None:
    key = b"k" * 32
    body = bundle.directory_body(["15555550102", "15555550100", "15555550102"], key)
    assert len(body) == 16
    assert body[:8] < body[8:]
    assert bundle.directory_header(body, key, 60)["entries"] == 2


def test_a_body_must_be_the_one_of_its_header() -> None:
    signer = SigningKey(b"\x07" * 32)
    header = bundle.make_header("policy", "north", 1, 10, 20, b"body", signer)
    checked, _ = bundle.read_header(header)
    bundle.check_body(checked, b"body")
    for other in (b"bodies", b"ydob", b""):
        with pytest.raises(ProtocolError):
            bundle.check_body(checked, other)


def test_receipt_vectors(vectors: Load) -> None:
    file = vectors("receipt")
    key = bytes.fromhex(file["key"])
    for vector in file["vectors"]:
        data, leaf = bytes.fromhex(vector["hex"]), bytes.fromhex(vector["object"])
        issued = judge(vector, receipt.verify, data, leaf, key)
        if issued is not None:
            assert issued == file["iat"]
            assert _receipt_by_the_book(data, leaf, key)


def _receipt_by_the_book(data: bytes, leaf: bytes, key: bytes) -> bool:
    """RFC 9942 section 4.3 with cbor2 and cryptography: parse, compute the root, check the detached signature."""
    protected, unprotected, payload, signature = cbor2.loads(data).value
    header = cbor2.loads(protected)
    assert (header[1], header[395], payload) == (-8, 1, None)
    (proof,) = unprotected[396][-1]
    size, index, path = cbor2.loads(proof)
    root = merkle.root_of_path(merkle.leaf_hash(leaf), index, size, path)
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, cbor2.dumps(["Signature1", protected, b"", root]))
    except InvalidSignature:
        return False
    return True


def test_the_reference_tree(vectors: Load) -> None:
    file = vectors("receipt")
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in file["leaves"]]
    assert [merkle.root(leaves[: n + 1]).hex() for n in range(len(leaves))] == file["roots"]


@given(st.integers(1, 70), st.data())
def test_every_path_leads_to_the_root_and_no_other_leaf_does(size: int, data: st.DataObject) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    index = data.draw(st.integers(0, size - 1))
    other = data.draw(st.integers(0, size - 1))
    path = merkle.inclusion_path(index, leaves)
    merkle.verify_inclusion(leaves[index], index, size, path, merkle.root(leaves))
    if other != index:
        with pytest.raises(ReceiptError):
            merkle.verify_inclusion(leaves[other], index, size, path, merkle.root(leaves))
        with pytest.raises(ReceiptError):
            merkle.verify_inclusion(leaves[index], other, size, path, merkle.root(leaves))


def test_the_primitives_give_the_published_answers(vectors: Load) -> None:
    from nacl.bindings import crypto_scalarmult  # noqa: PLC0415 - used here only
    from nacl.exceptions import RuntimeError as NaclRuntimeError  # noqa: PLC0415

    for vector in vectors("crypto")["ed25519"]:
        key = SigningKey(bytes.fromhex(vector["seed"]))
        assert bytes(key.verify_key).hex() == vector["public"]
        assert key.sign(bytes.fromhex(vector["message"])).signature.hex() == vector["signature"]
    for vector in vectors("crypto")["x25519"]:
        assert crypto_scalarmult(bytes.fromhex(vector["scalar"]), bytes.fromhex(vector["u"])).hex() == vector["result"]
    for point in vectors("crypto")["x25519_low_order"]:
        with pytest.raises(NaclRuntimeError):
            crypto_scalarmult(b"\x40" * 32, bytes.fromhex(point))


def test_a_request_is_signed_by_the_key_it_asks_for() -> None:
    from sealine_protocol.codec import encode  # noqa: PLC0415

    key, other = SigningKey(b"\x01" * 32), SigningKey(b"\x02" * 32)
    request = {
        "challenge": b"c" * 16,
        "identity_key": bytes(key.verify_key),
        "link_key": bytes(32),
        "role": "terminal",
        "hardware_id": bytes(8),
        "firmware": {"version": "1", "hash": bytes(32)},
    }
    payload = encode("signing-request", request)
    signed = cose.sign("signing-request", payload, key)
    assert credential.check_request(signed, b"c" * 16) == request
    with pytest.raises(CredentialError):
        credential.check_request(signed, b"d" * 16)
    with pytest.raises(SignatureError):
        credential.check_request(cose.sign("signing-request", payload, other))
