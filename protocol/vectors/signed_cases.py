"""Signed objects, credentials, bundle headers and receipts: such as hold, and such as do not.

`verdict` is "ok" or the error that names what is wrong; a vector with another verdict must be refused.
"""

from __future__ import annotations

from typing import Any

import cbor2
from keys import identity, link, seed, signer
from samples import sample
from sealine_protocol import bundle as bundles
from sealine_protocol import cose as sign1
from sealine_protocol import credential as credentials
from sealine_protocol import merkle
from sealine_protocol import receipt as receipts
from sealine_protocol.codec import encode
from sealine_protocol.hashes import blake2b256, key_id

NOW = 1_800_000_000
DAY = 86_400
FACILITY = "north"
# The order of the Ed25519 group (RFC 8032 section 5.1): S and S + L are the same number to a careless verifier.
_L = (1 << 252) + 27742317777372353535851937790883648493

Vector = dict[str, Any]


def cose() -> dict[str, Any]:
    """COSE_Sign1 by the key `terminal`, to be verified as a checkpoint."""
    public = identity("terminal")
    payload = encode("checkpoint", sample("checkpoint"))
    header = {1: -8, 3: "application/vnd.sealine.checkpoint", 4: key_id(public)}
    good = sign1.sign("checkpoint", payload, signer("terminal"))
    if good != _sign(header, payload):
        raise AssertionError("two writers, two objects")
    signature = good[-64:]
    high_s = (int.from_bytes(signature[32:], "little") + _L).to_bytes(32, "little")
    other = sign1.sign("checkpoint", payload, signer("another"))
    cases = {
        "signature flipped": good[:-1] + bytes([good[-1] ^ 1]),
        "payload flipped": good.replace(payload, payload[:-1] + bytes([payload[-1] ^ 1])),
        "signature with S + L": good[:-32] + high_s,
        "signature of zeros": good[:-64] + bytes(64),
        "signature of 63 bytes": _sign(header, payload, signature=signature[:63]),
        "signature of 65 bytes": _sign(header, payload, signature=signature + b"\0"),
        "by another key": other,
        "by another key under our kid": _sign(header, payload, name="another"),
        "kid of another key": _sign(header | {4: key_id(identity("another"))}, payload),
        "kid of 15 bytes": _sign(header | {4: key_id(public)[:15]}, payload),
        "no kid": _sign({1: header[1], 3: header[3]}, payload),
        "content type of a tally": _sign(header | {3: "application/vnd.sealine.tally"}, payload),
        "content type unknown": _sign(header | {3: "application/cbor"}, payload),
        "content type as number": _sign(header | {3: 60}, payload),
        "no content type": _sign({1: -8, 4: header[4]}, payload),
        "alg ES256": _sign(header | {1: -7}, payload),
        "no alg": _sign({3: header[3], 4: header[4]}, payload),
        "critical header": _sign({1: -8, 2: [1], 3: header[3], 4: header[4]}, payload),
        "protected in another order": _sign({3: header[3], 1: -8, 4: header[4]}, payload),
        "protected empty": _sign({}, payload),
        "protected as map": _sign(header, payload, wrap=False),
        "unprotected not empty": _sign(header, payload, unprotected={4: header[4]}),
        "unprotected claims a member that is not there": good.replace(b"\xa0\x58", b"\xa1\x58", 1),
        "payload detached": _sign(header, payload, carried=None),
        "payload as text": _sign(header, payload, carried="text"),
        "no tag": good[1:],
        "tag of COSE_Mac0": b"\xd1" + good[1:],
        "tag in two bytes": b"\xd8\x12" + good[1:],
        "array of five": b"\xd2\x85" + good[2:] + b"\xf6",
        "array of three": b"\xd2\x83" + good[2:-66],
        "indefinite array": b"\xd2\x9f" + good[2:] + b"\xff",
        "length longer than shortest": good.replace(b"\x58\x40" + signature, b"\x59\x00\x40" + signature),
        "trailing byte": good + b"\0",
        "truncated": good[:-1],
        "only a tag": b"\xd2",
        "empty": b"",
        "too large": sign1.sign("record", bytes(8000), signer("terminal")) + bytes(9000),
        "external data": _sign(header, payload, external=b"x"),
        "context of COSE_Signature": _sign(header, payload, context="Signature"),
    }
    vectors = [{"name": "as it must be", "hex": good.hex(), "payload": payload.hex(), "verdict": "ok"}]
    vectors += [{"name": name, "hex": data.hex(), "verdict": "refused"} for name, data in cases.items()]
    return {"content": "checkpoint", "key": public.hex(), "seed": seed("terminal").hex(), "vectors": vectors}


def _sign(  # noqa: PLR0913 - one parameter for each way to be wrong
    header: dict[int, Any],
    payload: bytes,
    *,
    name: str = "terminal",
    unprotected: dict[int, Any] | None = None,
    carried: Any = b"",
    signature: bytes | None = None,
    external: bytes = b"",
    context: str = "Signature1",
    wrap: bool = True,
) -> bytes:
    """A COSE_Sign1 written with cbor2, as wrong as it is asked for."""
    protected = cbor2.dumps(header)
    covered = cbor2.dumps([context, protected, external, payload])
    made = signer(name).sign(covered).signature if signature is None else signature
    body = payload if carried == b"" else carried
    members = [protected if wrap else header, unprotected or {}, body, made]
    return cbor2.dumps(cbor2.CBORTag(18, members))


def _issue(sub: str, role: str, by: str, **changes: Any) -> bytes:
    values: dict[str, Any] = {"facility": FACILITY, "iat": NOW - DAY, "exp": NOW + DAY, "key": sub} | changes
    key = values.pop("key")
    facility = values.pop("facility")
    return credentials.issue(sub, facility, role, identity(key), link(key), signer=signer(by), **values)


def credential() -> dict[str, Any]:
    """Chains, judged for role `terminal` of facility `north` at NOW."""
    root_signed = _issue("wall-1", "terminal", "root")
    issuer = _issue("office", "issuer", "root", exp=NOW + 30 * DAY, iat=NOW - 30 * DAY)
    issued = _issue("wall-1", "terminal", "office")
    wrong_role_issuer = _issue("office", "gateway", "root", exp=NOW + 30 * DAY, iat=NOW - 30 * DAY)
    second = _issue("back-office", "issuer", "office")
    second_issued = _issue("wall-1", "terminal", "back-office")
    old_issuer = _issue("office", "issuer", "root", iat=NOW - 9 * DAY, exp=NOW - DAY // 2)
    young_issuer = _issue("office", "issuer", "root", iat=NOW - DAY // 2)
    foreign = _issue("office", "issuer", "root", facility="south", iat=NOW - 30 * DAY)
    tally = sign1.sign("tally", encode("tally", sample("tally")), signer("root"))
    unit, office = key_id(identity("wall-1")), key_id(identity("office"))
    cases: list[tuple[str, str, list[bytes], dict[bytes, int], int]] = [
        ("signed by the root", "ok", [root_signed], {}, NOW),
        ("signed by an issuer", "ok", [issued, issuer], {}, NOW),
        ("unused issuers beside it", "ok", [issued, second, issuer], {}, NOW),
        ("valid in its first second", "ok", [root_signed], {}, NOW - DAY),
        ("valid in its last second", "ok", [root_signed], {}, NOW + DAY - 1),
        ("revoked later", "ok", [root_signed], {unit: NOW + 1}, NOW),
        ("another one is revoked", "ok", [root_signed], {office: 0}, NOW),
        ("before its time", "refused", [root_signed], {}, NOW - DAY - 1),
        ("expired", "refused", [root_signed], {}, NOW + DAY),
        ("revoked", "refused", [root_signed], {unit: NOW}, NOW),
        ("issuer revoked", "refused", [issued, issuer], {office: NOW - 2 * DAY}, NOW),
        ("issuer not there", "refused", [issued], {}, NOW),
        ("issuer not an issuer", "refused", [issued, wrong_role_issuer], {}, NOW),
        ("issuer signed by an issuer", "refused", [second_issued, second, issuer], {}, NOW),
        ("issuer signed by itself", "refused", [issued, _issue("office", "issuer", "office")], {}, NOW),
        ("issuer expired by now", "refused", [issued, old_issuer], {}, NOW),
        ("issuer younger than what it signed", "refused", [issued, young_issuer], {}, NOW),
        ("issuer of another facility", "refused", [issued, foreign], {}, NOW),
        ("issuer first", "refused", [issuer, issued], {}, NOW),
        ("gateway in place of a terminal", "refused", [_issue("wall-1", "gateway", "root")], {}, NOW),
        ("another facility", "refused", [_issue("wall-1", "terminal", "root", facility="south")], {}, NOW),
        ("facility in capitals", "refused", [_issue("wall-1", "terminal", "root", facility="North")], {}, NOW),
        ("signed by itself", "refused", [_issue("wall-1", "terminal", "wall-1")], {}, NOW),
        ("signed by a stranger", "refused", [_issue("wall-1", "terminal", "stranger")], {}, NOW),
        ("flipped bit", "refused", [root_signed[:-1] + bytes([root_signed[-1] ^ 128])], {}, NOW),
        ("no credential at all", "refused", [], {}, NOW),
        ("four credentials", "refused", [issued, issuer, issuer, issuer], {}, NOW),
        ("a tally signed by the root", "refused", [tally], {}, NOW),
        ("not COSE", "refused", [bytes(100)], {}, NOW),
    ]
    central = [
        ("central signed by the root", "ok", [_issue("log", "central", "root")], {}, NOW),
        ("central signed by an issuer", "refused", [_issue("log", "central", "office"), issuer], {}, NOW),
    ]
    vectors = [_chain(*case, role="terminal") for case in cases] + [_chain(*case, role="central") for case in central]
    return {"root": identity("root").hex(), "facility": FACILITY, "vectors": vectors}


def _chain(name: str, verdict: str, chain: list[bytes], revoked: dict[bytes, int], at: int, *, role: str) -> Vector:
    return {
        "name": name,
        "verdict": verdict,
        "role": role,
        "at": at,
        "revoked": {key.hex(): since for key, since in revoked.items()},
        "chain": [data.hex() for data in chain],
    }


def bundle() -> dict[str, Any]:
    """Headers, judged by a holder of version 4 at NOW; `policy-owner` may sign policies, nobody else."""
    body = encode("policy-body", sample("policy-body"))
    directory_key = seed("directory key")
    entries = bundles.directory_body(["15555550100", "15555550101", "15555550100"], directory_key)

    def make(kind: str = "policy", by: str = "policy-owner", content: str = "bundle", **changes: Any) -> bytes:
        fields: dict[str, Any] = {
            "kind": kind,
            "facility": FACILITY,
            "version": 5,
            "issued": NOW - DAY,
            "expires": NOW + DAY,
            "length": len(body),
            "hash": blake2b256(body),
        } | changes
        return sign1.sign(content, encode("bundle-header", fields), signer(by))

    directory = bundles.directory_header(entries, directory_key, 72 * 3600)
    sizes = {"length": len(entries), "hash": blake2b256(entries)}
    cases = [
        ("newer", "ok", "policy", make()),
        ("directory", "ok", "directory", make("directory", directory=directory, **sizes)),
        ("same version", "refused", "policy", make(version=4)),
        ("older version", "refused", "policy", make(version=3)),
        ("version zero", "refused", "policy", make(version=0)),
        ("expired", "refused", "policy", make(expires=NOW)),
        ("expires before it is issued", "refused", "policy", make(issued=NOW + 2 * DAY)),
        ("another kind", "refused", "policy", make("tariff")),
        ("another facility", "refused", "policy", make(facility="south")),
        ("another signer", "refused", "policy", make(by="tariff-owner")),
        ("another content type", "refused", "policy", make(content="tally")),
        ("body over 1 MiB", "refused", "policy", make(length=(1 << 20) + 1)),
        ("policy with a directory's part", "refused", "policy", make(directory=directory)),
        ("directory without its part", "refused", "directory", make("directory", **sizes)),
        (
            "directory with more entries than bytes",
            "refused",
            "directory",
            make("directory", directory=directory | {"entries": 3}, **sizes),
        ),
    ]
    return {
        "facility": FACILITY,
        "now": NOW,
        "installed": 4,
        "signer": identity("policy-owner").hex(),
        "vectors": [
            {"name": name, "verdict": verdict, "kind": kind, "hex": data.hex()} for name, verdict, kind, data in cases
        ],
    }


# Leaves and roots of trees of 1 to 8 leaves: the reference tree of the Certificate Transparency projects
# (transparency-dev/merkle, testonly/reference_test.go), hashed as RFC 9162 section 2.1 says.
REFERENCE_LEAVES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
REFERENCE_ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)


def receipt() -> dict[str, Any]:
    """Receipts of the log `log` for the leaves of the reference tree."""
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in REFERENCE_LEAVES]
    vectors = []
    for size in range(1, len(leaves) + 1):
        for index in range(size):
            data = _receipt(leaves, index, size)
            vectors.append(_proof(f"leaf {index} of {size}", "ok", REFERENCE_LEAVES[index], data))
    good = _receipt(leaves, 5, 7)
    root, path = merkle.root(leaves[:7]), merkle.inclusion_path(5, leaves[:7])
    key = signer("log")
    cases = {
        "another object": (REFERENCE_LEAVES[4], good),
        "index of the neighbour": (REFERENCE_LEAVES[5], receipts.make(4, 7, path, root, key, NOW)),
        "index outside": (REFERENCE_LEAVES[5], receipts.make(7, 7, path, root, key, NOW)),
        "empty tree": (REFERENCE_LEAVES[0], receipts.make(0, 0, [], root, key, NOW)),
        "path too short": (REFERENCE_LEAVES[5], receipts.make(5, 7, path[:-1], root, key, NOW)),
        "path too long": (REFERENCE_LEAVES[5], receipts.make(5, 7, [*path, path[0]], root, key, NOW)),
        # here the root that is signed is the one that the wrong path leads to
        "path too long for its root": (
            REFERENCE_LEAVES[5],
            receipts.make(5, 7, [*path, path[0]], merkle.node_hash(path[0], root), key, NOW),
        ),
        "no path for its root": (REFERENCE_LEAVES[5], receipts.make(5, 7, [], leaves[5], key, NOW)),
        "kid of another log": (REFERENCE_LEAVES[5], _with_kid(good, root, key_id(identity("another")))),
        "path in another order": (REFERENCE_LEAVES[5], receipts.make(5, 7, path[::-1], root, key, NOW)),
        # the size is not signed: 8 would lead to the same root by the same steps, and prove the same
        "another size": (REFERENCE_LEAVES[5], receipts.make(5, 6, path, root, key, NOW)),
        "size 2^64-1": (REFERENCE_LEAVES[5], receipts.make(5, (1 << 64) - 1, path, root, key, NOW)),
        "another root": (REFERENCE_LEAVES[5], receipts.make(5, 7, path, bytes(32), key, NOW)),
        "another log": (REFERENCE_LEAVES[5], receipts.make(5, 7, path, root, signer("another"), NOW)),
        "time changed": (REFERENCE_LEAVES[5], good.replace(NOW.to_bytes(4, "big"), (NOW + 1).to_bytes(4, "big"))),
        "signature flipped": (REFERENCE_LEAVES[5], good[:-1] + bytes([good[-1] ^ 1])),
        "root attached": (REFERENCE_LEAVES[5], good.replace(b"\xf6\x58\x40", b"\x58\x20" + root + b"\x58\x40")),
        "two proofs": (REFERENCE_LEAVES[5], good.replace(b"\xa1\x20\x81", b"\xa1\x20\x82")),
        "consistency proof": (REFERENCE_LEAVES[5], good.replace(b"\xa1\x20\x81", b"\xa1\x21\x81")),
        "unprotected empty": (REFERENCE_LEAVES[5], sign1.sign("record", root, key)),
        "trailing byte": (REFERENCE_LEAVES[5], good + b"\0"),
        "truncated": (REFERENCE_LEAVES[5], good[:-1]),
        "cut in the proof": (REFERENCE_LEAVES[5], good[:90]),
        "too large": (REFERENCE_LEAVES[5], good + bytes(5000)),
        "empty": (REFERENCE_LEAVES[5], b""),
    }
    vectors += [_proof(name, "refused", leaf, data) for name, (leaf, data) in cases.items()]
    return {
        "source": "leaves and roots: transparency-dev/merkle, testonly/reference_test.go",
        "key": identity("log").hex(),
        "iat": NOW,
        "leaves": list(REFERENCE_LEAVES),
        "roots": list(REFERENCE_ROOTS),
        "vectors": vectors,
    }


def _receipt(leaves: list[bytes], index: int, size: int) -> bytes:
    tree = leaves[:size]
    return receipts.make(index, size, merkle.inclusion_path(index, tree), merkle.root(tree), signer("log"), NOW)


def _with_kid(good: bytes, root: bytes, kid: bytes) -> bytes:
    """A receipt of the log's own key that names another one."""
    protected, unprotected, _, _ = cbor2.loads(good).value
    changed = cbor2.dumps(dict(cbor2.loads(protected)) | {4: kid})
    signature = signer("log").sign(cbor2.dumps(["Signature1", changed, b"", root])).signature
    return cbor2.dumps(cbor2.CBORTag(18, [changed, unprotected, None, signature]))


def _proof(name: str, verdict: str, leaf: str, data: bytes) -> Vector:
    return {"name": name, "verdict": verdict, "object": leaf, "hex": data.hex()}
