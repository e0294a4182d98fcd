"""Messages as they must be, and messages with one thing wrong each. Written with cbor2 or by hand, not by our codec."""

from __future__ import annotations

from typing import Any

import cbor2
from samples import sample
from sealine_protocol import schema
from sealine_protocol.codec import encode
from sealine_protocol.gen import HOST_ONLY

Vector = dict[str, Any]

_LARGE = 2048  # bytes of a message that still goes into the file; the limits above it are tried in tests

_HEAD = "820558" + "20" + "aa" * 32  # rule `head`: seq 5, then a hash


def positive() -> list[Vector]:
    """The smallest and the largest message of each rule."""
    vectors = []
    for rule in schema.NAMES:
        node = schema.RULES[schema.NAMES.index(rule)]
        if node[0] not in (schema.MAP, schema.ARRAY, schema.UNION):
            continue
        for largest in (False, True):
            data = encode(rule, sample(rule, largest=largest))
            if cbor2.dumps(cbor2.loads(data)) != data:
                raise AssertionError(rule)
            if len(data) <= _LARGE:
                vector = {"rule": rule, "name": "largest" if largest else "smallest", "hex": data.hex()}
                vectors.append(vector | ({"host_only": True} if rule in HOST_ONLY else {}))
    return vectors


def negative() -> list[Vector]:
    """One thing wrong in each."""
    vectors = [*_fields(), *_forms(), *_texts(), *_unions_and_tables()]
    if len({(vector["rule"], vector["name"]) for vector in vectors}) != len(vectors):
        raise AssertionError("a name twice")
    return vectors


def _record() -> dict[int, Any]:
    """The wire form of a small record."""
    record: dict[int, Any] = cbor2.loads(encode("record", sample("record")))
    return record


def _case(rule: str, name: str, data: bytes | str, path: str | None = None) -> Vector:
    vector = {"rule": rule, "name": name, "hex": data if isinstance(data, str) else data.hex()}
    return vector | ({"path": path} if path else {})


def _changed(key: Any, value: Any) -> bytes:
    return cbor2.dumps(_record() | {key: value})


def _fields() -> list[Vector]:
    """Values and fields that the record does not allow."""
    without_prev = _record()
    del without_prev[6]
    envelope = [0, 0, bytes(32)]
    changes: list[tuple[str, Any, Any, str]] = [
        ("unknown field", 27, 0, "record.27"),
        ("negative unknown field", -1, 0, "record.-1"),
        ("version of the future", 0, 2, "record.version"),
        ("version as text", 0, "1", "record.version"),
        ("version true", 0, True, "record.version"),
        ("unknown kind", 1, 9, "record.kind"),
        ("kind by name", 1, "call", "record.kind"),
        ("id too short", 2, bytes(15), "record.id"),
        ("id as text", 2, "a" * 16, "record.id"),
        ("name empty", 3, "", "record.terminal"),
        ("name too long", 3, "a" * 33, "record.terminal"),
        ("name as bytes", 3, b"wall-1", "record.terminal"),
        ("seq above 32 bits", 5, 1 << 32, "record.seq"),
        ("seq negative", 5, -1, "record.seq"),
        ("seq null", 5, None, "record.seq"),
        ("seq as float", 5, 1.5, "record.seq"),
        ("hash too long", 6, bytes(33), "record.prev"),
        ("hash null", 7, None, "record.anchor"),
        ("time negative", 8, -1, "record.started"),
        ("time undefined", 9, cbor2.undefined, "record.answered"),
        ("clock as map", 13, {0: 0, 1: 0}, "record.clock"),
        ("clock too short", 13, [0], "record.clock"),
        ("clock too long", 13, [0, 0, 0], "record.clock"),
        ("clock source unknown", 13, [3, 0], "record.clock.source"),
        ("end reason zero", 14, 0, "record.end_reason"),
        ("too many envelopes", 17, [envelope] * 19, "record.envelopes"),
        ("envelope index too high", 17, [envelope, [2, 17, bytes(32)]], "record.envelopes.1.index"),
        ("envelopes as map", 17, {}, "record.envelopes"),
        ("trust null", 21, None, "record.trust"),
        ("charge as array", 24, [0, 0, 0], "record.charge"),
        ("unknown field inside", 24, {0: 0, 1: 0, 2: 0, 3: 0}, "record.charge.3"),
        ("missing field inside", 24, {0: 0, 1: 0}, "record.charge.refunded"),
        ("recording false", 25, False, "record.recording"),
    ]
    return [
        _case("record", "missing field", cbor2.dumps(without_prev), "record.prev"),
        _case("record", "empty", "a0", "record.version"),
        _case("record", "text key", cbor2.dumps(_record() | {"version": 1})),
        _case("record", "array instead of map", "80", "record"),
        _case("record", "null", "f6", "record"),
        *[_case("record", name, _changed(key, value), path) for name, key, value, path in changes],
    ]


def _forms() -> list[Vector]:
    """The right content in a form that deterministic CBOR does not have."""
    good = cbor2.dumps(_record())
    if good[:2] != b"\xb8\x1b":
        raise AssertionError("the record's head is not what the cases below replace")
    return [
        _case("record", "map head longer than shortest", b"\xb9\x00\x1b" + good[2:]),
        _case("record", "indefinite map", b"\xbf" + good[2:] + b"\xff"),
        _case("record", "map claims one more", b"\xb8\x1c" + good[2:]),
        _case("record", "map claims one less", b"\xb8\x1a" + good[2:]),
        _case("record", "map claims 2^64-1", b"\xbb" + b"\xff" * 8 + good[2:]),
        _case("record", "first two fields exchanged", good[:2] + b"\x01\x01\x00\x01" + good[6:]),
        _case("record", "first field twice", b"\xb8\x1c\x00\x01" + good[2:]),
        _case("record", "key longer than shortest", good[:2] + b"\x18\x00" + good[3:]),
        _case("record", "tag in front", b"\xd9\xd9\xf7" + good),
        _case("head", "empty", ""),
        _case("head", "trailing byte", _HEAD + "00"),
        _case("head", "second message", _HEAD + _HEAD),
        _case("head", "truncated", _HEAD[:-2]),
        _case("head", "indefinite array", "9f05" + _HEAD[4:] + "ff"),
        _case("head", "integer longer than shortest", "821805" + _HEAD[4:]),
        _case("head", "integer in eight bytes", "821b0000000000000005" + _HEAD[4:]),
        _case("head", "length longer than shortest", "8205590020" + "aa" * 32),
        _case("head", "indefinite string", "82055f5820" + "aa" * 32 + "ff"),
        _case("head", "string claims 2^63", "82055b8000000000000000" + "aa" * 32),
        _case("head", "string claims one more", "82055821" + "aa" * 32),
        _case("head", "array claims 2^40", "9b000001000000000005" + _HEAD[4:]),
        _case("head", "reserved additional information", "821c" + _HEAD[4:]),
        _case("head", "break alone", "ff"),
        _case("head", "big number", "82c24105" + _HEAD[4:]),
        _case("head", "tagged value", "82c105" + _HEAD[4:]),
        _case("head", "half float", "82f94500" + _HEAD[4:]),
        _case("head", "double float", "82fb4014000000000000" + _HEAD[4:]),
        _case("head", "simple value", "82e5" + _HEAD[4:]),
        _case("head", "nested without end", "81" * 500),
        _case("link-hello", "deep in a list", "a100" + "81" * 200 + "00"),
    ]


def _texts() -> list[Vector]:
    """Text that is no UTF-8, or has characters that the field does not allow. Rule `firmware`: label, hash."""
    tail = "5820" + "bb" * 32

    def label(raw: str) -> str:
        return "82" + (0x60 + len(raw) // 2).to_bytes(1, "big").hex() + raw + tail

    broken = {
        "continuation alone": "80",
        "two byte form cut": "c3",
        "overlong two bytes": "c0af",
        "overlong three bytes": "e08080",
        "overlong four bytes": "f0808080",
        "surrogate": "eda080",
        "above U+10FFFF": "f4908080",
        "five byte form": "f888808080",
        "second byte wrong": "c341",
        "third byte wrong": "e6b041",
        "byte ff": "ff",
    }
    dial = {0: "dial", 1: bytes(16), 2: "15555550100", 3: "en"}
    return [
        *[_case("firmware", "UTF-8: " + name, label(raw)) for name, raw in broken.items()],
        _case("firmware", "label of 65 bytes", cbor2.dumps(["a" * 65, bytes(32)]), "firmware.version"),
        _case("firmware", "33 letters of two bytes", cbor2.dumps(["é" * 33, bytes(32)]), "firmware.version"),
        _case("dial", "number with a plus", cbor2.dumps(dial | {2: "+1555555010"}), "dial.number"),
        _case("dial", "number with a line end", cbor2.dumps(dial | {2: "1555\r\n0100"}), "dial.number"),
        _case("dial", "number with other digits", cbor2.dumps(dial | {2: "\u0661\u0665\u0665\u0665"}), "dial.number"),
        _case("dial", "number of 16 digits", cbor2.dumps(dial | {2: "1" * 16}), "dial.number"),
        _case("dial", "language with a slash", cbor2.dumps(dial | {3: "../en"}), "dial.language"),
    ]


def _unions_and_tables() -> list[Vector]:
    fetch = {0: "fetch", 1: 1, 2: 1, 3: 0}
    bare = cbor2.loads(encode("beacon", sample("beacon")))
    beacon = cbor2.dumps(bare | {4: {1: 7}})
    if b"\xa1\x01\x07" not in beacon:
        raise AssertionError("the beacon's table is not what the cases below replace")
    return [
        _case("from-terminal", "unknown type", cbor2.dumps({0: "open-door"}), "from-terminal"),
        _case("from-terminal", "type of the other side", cbor2.dumps({0: "welcome"}), "from-terminal"),
        _case("from-terminal", "no type", cbor2.dumps({1: 1}), "from-terminal"),
        _case("from-terminal", "type as number", cbor2.dumps({0: 1}), "from-terminal"),
        _case("from-terminal", "empty map", "a0", "from-terminal"),
        _case("from-terminal", "bare text", cbor2.dumps("fetch"), "from-terminal"),
        _case("from-terminal", "type not first", cbor2.dumps({1: 1, 0: "fetch", 2: 1, 3: 0})),
        _case("from-terminal", "bundle kind zero", cbor2.dumps(fetch | {1: 0}), "from-terminal.fetch.kind"),
        _case("from-terminal", "unknown field", cbor2.dumps(fetch | {4: 0}), "from-terminal.fetch.4"),
        _case("beacon", "table in another order", beacon.replace(b"\xa1\x01\x07", b"\xa2\x02\x07\x01\x07")),
        _case("beacon", "table with a key twice", beacon.replace(b"\xa1\x01\x07", b"\xa2\x01\x07\x01\x07")),
        _case("beacon", "unknown bundle kind", cbor2.dumps(bare | {4: {9: 1}}), "beacon.newest.entry"),
        _case("beacon", "version as text", cbor2.dumps(bare | {4: {1: "7"}}), "beacon.newest.entry"),
        _case("beacon", "version above 32 bits", cbor2.dumps(bare | {4: {1: 1 << 32}}), "beacon.newest.entry"),
        _case("beacon", "table claims 2^32", beacon.replace(b"\xa1\x01\x07", b"\xba\xff\xff\xff\xff\x01\x07")),
    ]


# RFC 8949 appendix A, all 82 examples, by what they are to this protocol. `map` is {1: uint, 3: uint}.
APPENDIX_A = {
    "uint": "00 01 0a 17 1818 1819 1864 1903e8 1a000f4240 1b000000e8d4a51000 1bffffffffffffffff",
    "nint": "20 29 3863 3903e7",
    "bool": "f4 f5",
    "null": "f6",
    "bytes": "40 4401020304",
    "text": "60 6161 6449455446 62225c 62c3bc 63e6b0b4 64f0908591",
    "list": "80 83010203 98190102030405060708090a0b0c0d0e0f101112131415161718181819",
    "map": "a201020304",
    "outside": (
        # beyond 64 bits, floats, undefined, simple values, tags
        "c249010000000000000000 3bffffffffffffffff c349010000000000000000 "
        "f90000 f98000 f93c00 fb3ff199999999999a f93e00 f97bff fa47c35000 fa7f7fffff fb7e37e43c8800759c f90001 "
        "f90400 f9c400 fbc010666666666666 f97c00 f97e00 f9fc00 fa7f800000 fa7fc00000 faff800000 "
        "fb7ff0000000000000 fb7ff8000000000000 fbfff0000000000000 f7 f0 f818 f8ff "
        "c074323031332d30332d32315432303a30343a30305a c11a514b67b0 c1fb41d452d9ec200000 d74401020304 "
        "d818456449455446 d82076687474703a2f2f7777772e6578616d706c652e636f6d "
        # nested without names, text keys, indefinite lengths
        "8301820203820405 a0 a26161016162820203 826161a161626163 a56161614161626142616361436164614461656145 "
        "5f42010243030405ff 7f657374726561646d696e67ff 9fff 9f018202039f0405ffff 9f01820203820405ff "
        "83018202039f0405ff 83019f0203ff820405 9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff "
        "bf61610161629f0203ffff 826161bf61626163ff bf6346756ef563416d7421ff"
    ),
}


def appendix_a() -> list[Vector]:
    """One vector for each example."""
    return [{"kind": kind, "hex": data} for kind, examples in APPENDIX_A.items() for data in examples.split()]
