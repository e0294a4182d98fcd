"""The device's formats against protocol/vectors: what must be read, and what must be refused."""

import json
from binascii import hexlify, unhexlify

import sodium
from check import equal, run
from wire import bundle, cbor, codec, cose, credential, hashes, receipt
from wire.errors import WireError

_VECTORS = __file__.rsplit("/", 1)[0] + "/../../../../protocol/vectors/"

_UINT = (0, None)
# by kind in cbor.json: nodes that read such an item
_NODES = {
    "uint": _UINT,
    "bytes": (1, 0, 64),
    "text": (2, 0, 64, None),
    "bool": (3,),
    "null": (6, (3,)),
    "list": (7, 0, 32, _UINT),
    "map": (9, ((1, "a", False, _UINT), (3, "b", False, _UINT))),
}


def load(name: str) -> dict:
    with open(_VECTORS + name + ".json") as file:
        return json.load(file)


def judge(vector: dict, function, *args, **kwargs):
    """Call, and compare with the vector's verdict; the result, or None where it was refused."""
    try:
        result = function(*args, **kwargs)
    except WireError:
        if vector["verdict"] == "ok":
            raise
        return None
    if vector["verdict"] != "ok":
        raise AssertionError("accepted: " + vector["name"])
    return result


def device_messages() -> list:
    return [vector for vector in load("codec")["positive"] if not vector.get("host_only")]


def test_codec_reads_and_writes_what_must_be() -> None:
    for vector in device_messages():
        data = unhexlify(vector["hex"])
        equal(codec.encode(vector["rule"], codec.decode(vector["rule"], data)), data)


def test_codec_refuses_and_names_the_field() -> None:
    for vector in load("codec")["negative"]:
        try:
            codec.decode(vector["rule"], unhexlify(vector["hex"]))
        except WireError as error:
            if "path" in vector:
                equal((vector["name"], error.path), (vector["name"], vector["path"]))
            continue
        raise AssertionError("accepted: " + vector["name"])


def test_codec_refuses_every_cut_of_a_message() -> None:
    for vector in device_messages():
        data = unhexlify(vector["hex"])
        for size in range(0, len(data), 1 + len(data) // 64):
            try:
                codec.decode(vector["rule"], data[:size])
            except WireError:
                continue
            raise AssertionError("accepted a part: " + vector["rule"])


def read_item(kind: str, data: bytes):
    reader = cbor.Reader(data)
    value = reader.integer() if kind == "nint" else codec._read(reader, _NODES[kind])
    reader.done()
    return value


def write_item(kind: str, value) -> bytes:
    out = bytearray()
    if kind == "nint":
        cbor.write_integer(out, value)
    else:
        codec._write(out, _NODES[kind], value)
    return bytes(out)


def test_cbor_appendix_a() -> None:
    for vector in load("cbor")["vectors"]:
        data, kind = unhexlify(vector["hex"]), vector["kind"]
        if kind != "outside":
            equal(write_item(kind, read_item(kind, data)), data)
            continue
        for node in _NODES:
            try:
                read_item(node, data)
            except WireError:
                continue
            # an empty map or list would be in place elsewhere, an empty list is none of these examples
            raise AssertionError("accepted as " + node + ": " + vector["hex"])


def test_cose() -> None:
    vectors = load("cose")
    key = unhexlify(vectors["key"])
    for vector in vectors["vectors"]:
        payload = judge(vector, cose.verify, unhexlify(vector["hex"]), vectors["content"], key)
        if payload is not None:
            equal(payload, unhexlify(vector["payload"]))
            public, secret = sodium.sign_keypair(unhexlify(vectors["seed"]))
            signed = cose.sign(vectors["content"], payload, secret, hashes.key_id(public))
            equal(signed, unhexlify(vector["hex"]))


def test_credential_chains() -> None:
    vectors = load("credential")
    for vector in vectors["vectors"]:
        judge(
            vector,
            credential.verify_chain,
            [unhexlify(data) for data in vector["chain"]],
            unhexlify(vectors["root"]),
            role=vector["role"],
            facility=vectors["facility"],
            at=vector["at"],
            revoked={unhexlify(key): since for key, since in vector["revoked"].items()},
        )


def test_bundle_headers() -> None:
    vectors = load("bundle")
    key = unhexlify(vectors["signer"])
    for vector in vectors["vectors"]:
        judge(
            vector,
            bundle.verify_header,
            unhexlify(vector["hex"]),
            {hashes.key_id(key): key},
            kind=vector["kind"],
            facility=vectors["facility"],
            installed_version=vectors["installed"],
            now=vectors["now"],
        )


def test_receipts() -> None:
    vectors = load("receipt")
    key = unhexlify(vectors["key"])
    for vector in vectors["vectors"]:
        data, leaf = unhexlify(vector["hex"]), unhexlify(vector["object"])
        issued = judge(vector, receipt.verify, data, leaf, key, hashes.key_id(key))
        if issued is not None:
            equal(issued, vectors["iat"])


def test_rfc_8032_and_rfc_7748() -> None:
    vectors = load("crypto")
    for vector in vectors["ed25519"]:
        public, secret = sodium.sign_keypair(unhexlify(vector["seed"]))
        message, signature = unhexlify(vector["message"]), unhexlify(vector["signature"])
        equal(public, unhexlify(vector["public"]))
        equal(sodium.sign(secret, message), signature)
        sodium.verify(public, message, signature)
    for vector in vectors["x25519"]:
        equal(sodium.scalarmult(unhexlify(vector["scalar"]), unhexlify(vector["u"])), unhexlify(vector["result"]))
    for point in vectors["x25519_low_order"]:
        try:
            sodium.scalarmult(b"\x40" * 32, unhexlify(point))
        except sodium.Error:
            continue
        raise AssertionError("a point of low order was taken")


def test_derived_values() -> None:
    vectors = load("derived")
    record, key = unhexlify(vectors["record"]), unhexlify(vectors["content_key"])
    token_key = unhexlify(vectors["token_key"]["key"])
    directory_key = unhexlify(vectors["directory"]["key"])
    number = vectors["number"]["number"]
    equal(hashes.key_id(unhexlify(vectors["key_id"]["public"])), unhexlify(vectors["key_id"]["id"]))
    equal(hashes.person_token(token_key, vectors["person"]["person"]), unhexlify(vectors["person"]["token"]))
    equal(hashes.number_token(token_key, number), unhexlify(vectors["number"]["token"]))
    equal(hashes.directory_entry(directory_key, number), unhexlify(vectors["directory"]["entry"]))
    equal(hashes.directory_key_check(directory_key), unhexlify(vectors["directory"]["key_check"]))
    equal(hashes.key_commitment(record, key), unhexlify(vectors["key_commitment"]))
    for share, wanted in zip(vectors["shares"]["shares"], vectors["shares"]["hashes"]):
        data = unhexlify(share)
        equal(hashes.share_hash(record, data[0], data[1:]), unhexlify(wanted))


def test_shares() -> None:
    import shamir

    vectors = load("derived")
    shares = [bytearray(unhexlify(share)) for share in vectors["shares"]["shares"]]
    wanted = unhexlify(vectors["content_key"])
    equal(bytes(shamir.combine(shares[:3])), wanted)
    equal(bytes(shamir.combine([shares[4], shares[1], shares[2]])), wanted)
    equal(bytes(shamir.combine(shares[:2])) == wanted, False)


def test_chunks() -> None:
    vectors = load("derived")
    record, key = unhexlify(vectors["record"]), unhexlify(vectors["content_key"])
    digest = sodium.Hash(32)
    for vector in vectors["chunks"]:
        index = vector["index"].to_bytes(8, "big")
        plain = bytes((i * 7 + vector["index"]) & 0xFF for i in range(vector["size"]))
        extra = record + index + bytes([vector["final"]])
        sealed = sodium.xaead_encrypt(key, bytes(16) + index, extra, plain)
        if "sealed" in vector:
            equal(sealed, unhexlify(vector["sealed"]))
        equal(hexlify(sodium.hash(sealed, 32)).decode(), vector["hash"])
        digest.update(sodium.hash(sealed, 32))
    equal(digest.digest(), unhexlify(vectors["digest"]))


run(globals())
