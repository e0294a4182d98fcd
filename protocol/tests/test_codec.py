"""The codec: vectors, other libraries as second readers, and the device's codec as the other side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sealine_protocol import codec, gen, schema
from sealine_protocol.cddl import read_schema, without
from sealine_protocol.codec import MAX_MESSAGE, decode, encode
from sealine_protocol.errors import WireError

Load = Callable[[str], dict[str, Any]]

MESSAGES = [
    name
    for name, node in zip(schema.NAMES, schema.RULES, strict=True)
    if node[0] in (schema.MAP, schema.ARRAY, schema.UNION)
]
BOTH = [name for name in MESSAGES if name not in gen.HOST_ONLY]
_UINT = (schema.UINT, None)
NODES: dict[str, tuple[Any, ...]] = {
    "uint": _UINT,
    "bytes": (schema.BYTES, 0, 64),
    "text": (schema.TEXT, 0, 64, None),
    "bool": (schema.BOOL,),
    "null": (schema.NULLABLE, (schema.CONST, "never")),
    "list": (schema.LIST, 0, 32, _UINT),
    "map": (schema.MAP, ((1, "a", False, _UINT), (3, "b", False, _UINT))),
}
fuzz = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def values(rule: str) -> st.SearchStrategy[Any]:
    """Any value of a rule; long lists and strings are kept short, the vectors have the largest."""
    return _values(schema.RULES[schema.NAMES.index(rule)])


def _values(node: tuple[Any, ...] | int) -> st.SearchStrategy[Any]:
    if isinstance(node, int):
        return _values(schema.RULES[node])
    operation, *rest = node
    makers: dict[int, Callable[..., st.SearchStrategy[Any]]] = {
        schema.UINT: lambda high: st.integers(0, (1 << 64) - 1 if high is None else high),
        schema.BYTES: lambda low, high: st.binary(min_size=low, max_size=min(high, low + 40)),
        schema.TEXT: _texts,
        schema.BOOL: st.booleans,
        schema.CONST: st.just,
        schema.ENUM: lambda members: st.sampled_from([name for _, name in members]),
        schema.NULLABLE: lambda inner: st.none() | _values(inner),
        schema.LIST: lambda low, high, item: st.lists(_values(item), min_size=low, max_size=min(high, low + 3)),
        schema.TABLE: lambda key, value: st.dictionaries(_values(key), _values(value)),
        schema.MAP: _maps,
        schema.ARRAY: lambda members: st.fixed_dictionaries({name: _values(inner) for name, inner in members}),
        schema.UNION: lambda members: st.one_of([_values(schema.RULES[index]) for _, index in members]),
    }
    return makers[operation](*rest)


def _maps(fields: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(
        {name: _values(inner) for _, name, optional, inner in fields if not optional},
        optional={name: _values(inner) for _, name, optional, inner in fields if optional},
    )


def _texts(low: int, high: int, allowed: bytes | None) -> st.SearchStrategy[str]:
    if allowed is not None:
        return st.text(st.sampled_from(allowed.decode()), min_size=low, max_size=high)
    return st.text(min_size=low, max_size=high).filter(lambda text: low <= len(text.encode()) <= high)


def accepts(rule: str, data: bytes) -> bool:
    try:
        decode(rule, data)
    except WireError:
        return False
    return True


def test_the_tables_are_what_the_cddl_says() -> None:
    written = read_schema(gen.SOURCE)
    assert gen.HOST.read_text(encoding="utf-8") == gen.render(written, host=True)
    assert gen.DEVICE.read_text(encoding="utf-8") == gen.render(without(written, gen.HOST_ONLY), host=False)


def test_positive_vectors(vectors: Load, cddl: Callable[[str, bytes], None]) -> None:
    for vector in vectors("codec")["positive"]:
        data = bytes.fromhex(vector["hex"])
        assert encode(vector["rule"], decode(vector["rule"], data)) == data
        cddl(vector["rule"], data)


def test_negative_vectors_are_refused_and_name_the_field(vectors: Load) -> None:
    for vector in vectors("codec")["negative"]:
        with pytest.raises(WireError) as caught:
            decode(vector["rule"], bytes.fromhex(vector["hex"]))
        if "path" in vector:
            assert caught.value.path == vector["path"], vector["name"]


def test_appendix_a(vectors: Load) -> None:
    assert len(vectors("cbor")["vectors"]) == 82
    for vector in vectors("cbor")["vectors"]:
        data = bytes.fromhex(vector["hex"])
        taken = [kind for kind, node in NODES.items() if _reads(node, data)]
        assert taken == ([] if vector["kind"] in ("outside", "nint") else [vector["kind"]]), vector


def _reads(node: tuple[Any, ...], data: bytes) -> bool:
    to_wire, from_wire = codec._compile(node)
    try:
        return cbor2.dumps(to_wire(from_wire(codec._load(data)))) == data
    except WireError:
        return False


@pytest.mark.parametrize("rule", MESSAGES)
def test_any_value_comes_back_and_is_what_the_cddl_says(
    rule: str, cddl: Callable[[str, bytes], None], device: Any
) -> None:
    @settings(max_examples=25, deadline=None)
    @given(values(rule))
    def check(value: Any) -> None:
        data = encode(rule, value)
        assert decode(rule, data) == value
        cddl(rule, data)
        if rule in BOTH:
            again, error = device.decode(rule, data)
            assert (again, error) == (data, "")

    check()


@fuzz
@given(st.sampled_from(BOTH), st.binary(max_size=300))
def test_both_sides_judge_noise_alike(device: Any, rule: str, data: bytes) -> None:
    assert (device.decode(rule, data)[0] is not None) == accepts(rule, data)


_ITEMS = st.recursive(
    st.integers(-(1 << 64), (1 << 64) - 1) | st.binary(max_size=40) | st.text(max_size=20) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.integers(-3, 30) | st.text(max_size=3), inner),
    max_leaves=12,
)


@fuzz
@given(st.sampled_from(BOTH), _ITEMS)
def test_both_sides_judge_other_cbor_alike(device: Any, rule: str, item: Any) -> None:
    data = cbor2.dumps(item)
    assert (device.decode(rule, data)[0] is not None) == accepts(rule, data)


@settings(fuzz, max_examples=1500)
@given(st.data())
def test_both_sides_judge_mutations_alike(device: Any, vectors: Load, data: st.DataObject) -> None:
    """A good message with one to three bytes changed, put in or taken out."""
    vector = data.draw(st.sampled_from([good for good in vectors("codec")["positive"] if good["rule"] in BOTH]))
    message = bytearray.fromhex(vector["hex"])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(message)))
        kept = data.draw(st.integers(0, 1))
        message[at : at + 1 - kept] = data.draw(st.binary(max_size=2))
    again, _ = device.decode(vector["rule"], bytes(message))
    assert (again is not None) == accepts(vector["rule"], bytes(message))
    if again is not None:
        assert again == encode(vector["rule"], decode(vector["rule"], bytes(message))) == message


@settings(fuzz, max_examples=500)
@given(st.data())
def test_what_is_accepted_is_what_the_cddl_says(
    vectors: Load, cddl: Callable[[str, bytes], None], data: st.DataObject
) -> None:
    vector = data.draw(st.sampled_from(vectors("codec")["positive"]))
    message = bytearray.fromhex(vector["hex"])
    at = data.draw(st.integers(0, len(message) - 1))
    message[at] = data.draw(st.integers(0, 255))
    if accepts(vector["rule"], bytes(message)):
        cddl(vector["rule"], bytes(message))


@pytest.mark.parametrize(
    ("rule", "value", "path"),
    [
        ("head", {"seq": True, "hash": bytes(32)}, "head.seq"),
        ("head", {"seq": 1}, "head.hash"),
        ("head", {"seq": 1, "hash": bytearray(32)}, "head.hash"),
        ("head", {"seq": 1, "hash": bytes(32), "more": 1}, "head.?"),
        ("head", [1, bytes(32)], "head"),
        ("from-terminal", {"type": "open"}, "from-terminal"),
        ("from-terminal", {"type": "hang-up", "call": b""}, "from-terminal.hang-up.call"),
        ("firmware", {"version": "\ud800", "hash": bytes(32)}, "firmware.version"),
        ("no-such-rule", {}, "no-such-rule"),
    ],
)
def test_encode_refuses_and_names_the_field(rule: str, value: Any, path: str) -> None:
    with pytest.raises(WireError) as caught:
        encode(rule, value)
    assert caught.value.path == path


def test_no_error_holds_a_value() -> None:
    for value in ("15555550100x", "1555555" * 5):
        with pytest.raises(WireError) as caught:
            encode("dial", {"type": "dial", "call": bytes(16), "number": value, "language": "en"})
        assert value not in str(caught.value)


def test_size_is_judged_before_anything_is_read() -> None:
    with pytest.raises(WireError, match="wrong size"):
        decode("published-bundle", b"\x00" * (MAX_MESSAGE + 1))


class TestSequence:
    """CBOR sequences, as MQTT carries them."""

    one = encode("head", {"seq": 1, "hash": bytes(32)})
    two = encode("head", {"seq": 2, "hash": bytes(32)})

    def test_of_two_and_of_none(self) -> None:
        assert [head["seq"] for head in codec.load_sequence(self.one + self.two, "head", 2)] == [1, 2]
        assert codec.load_sequence(b"", "head", 2) == []

    @pytest.mark.parametrize("tail", [b"\x00", b"\xff", b"\xc1\x00", b"\x9f\xff", two[:-1], b"\x9b" + b"\xff" * 8])
    def test_with_something_else_in_it(self, tail: bytes) -> None:
        with pytest.raises(WireError):
            codec.load_sequence(self.one + tail, "head", 9)

    def test_with_more_than_the_limit(self) -> None:
        with pytest.raises(WireError, match="too many"):
            codec.load_sequence(self.one * 3, "head", 2)

    @given(st.binary(max_size=60))
    def test_noise_is_a_wire_error_or_nothing(self, data: bytes) -> None:
        try:
            size = codec.item_size(data)
        except WireError:
            return
        assert 0 < size <= len(data)
