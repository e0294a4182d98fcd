"""Messages of `protocol/sealine.cddl` to and from deterministic CBOR (RFC 8949 section 4.2.1).

A value is a dict by the names of the CDDL, an enumeration its name, a group in an array a dict too. Both directions
check all of it; what does not match is refused whole with a WireError that names rule and field.
cbor2 reads the bytes; they are accepted only if our own writing of the value gives the same bytes again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cbor2

from sealine_protocol import schema
from sealine_protocol.errors import WireError

MAX_MESSAGE = 1_200_000
"""Bytes of the largest message: `published-bundle` with a body of 1 MiB and 256 sealed directory keys."""

MAX_DEPTH = 12
"""Nesting that is read at all; the deepest rule of the CDDL (enrolment) has less than half of it."""

_MAX_UINT = (1 << 64) - 1

Convert = Callable[[Any], Any]
_Pair = tuple[Convert, Convert]


def encode(rule: str, value: Any) -> bytes:
    """The deterministic CBOR of `value`; raises WireError if it does not match `rule`."""
    try:
        return cbor2.dumps(_pair(rule)[0](value))
    except WireError as error:
        raise error.inside(rule) from None


def decode(rule: str, data: bytes) -> Any:
    """The value in `data`, exactly one message of `rule`; raises WireError for anything else."""
    to_wire, from_wire = _pair(rule)
    try:
        value = from_wire(_load(data))
        written = cbor2.dumps(to_wire(value))
    except WireError as error:
        raise error.inside(rule) from None
    if written != data:
        raise WireError("not deterministic CBOR, or bytes behind it", rule)
    return value


def content_type(short: str) -> str:
    """The media type of a kind of signed object, such as `record`; raises WireError if there is none."""
    try:
        return _CONTENT_TYPES[short]
    except KeyError:
        raise WireError("unknown content type") from None


def content_name(media_type: str) -> str:
    """The short name of a media type of ours; raises WireError for any other."""
    try:
        return _CONTENT_NAMES[media_type]
    except KeyError:
        raise WireError("unknown content type") from None


def load_sequence(data: bytes, rule: str, limit: int) -> list[Any]:
    """The messages of a CBOR sequence (RFC 8742), each of `rule`, at most `limit` of them; raises WireError."""
    values: list[Any] = []
    rest = memoryview(data)
    while rest:
        if len(values) == limit:
            raise WireError("too many messages", rule)
        size = item_size(rest)
        values.append(decode(rule, bytes(rest[:size])))
        rest = rest[size:]
    return values


def item_size(data: bytes | memoryview) -> int:
    """Bytes of the first CBOR item in `data`, without reading what is in it; raises WireError if it is not whole."""
    at, open_items = 0, 1
    while open_items:
        open_items -= 1
        if at >= len(data):
            raise WireError("truncated")
        major, low = data[at] >> 5, data[at] & 31
        if low > 27 or major == 6:
            raise WireError("not deterministic CBOR")
        width = 0 if low < 24 else 1 << (low - 24)
        argument = int.from_bytes(data[at + 1 : at + 1 + width], "big") if width else low
        at += 1 + width
        if major in (2, 3):
            at += argument
        elif major in (4, 5):
            open_items += argument * (major - 3)
        if open_items > len(data) or at > len(data):
            raise WireError("truncated")
    return at


def _refuse_tag(*_: object) -> Any:
    raise WireError("wrong type")


# No rule has a tag. The readers that cbor2 brings for tags (dates, fractions, patterns, mail, ...) are work for
# nothing that a sender could make us do, so each of them is replaced.
_TAGS = dict.fromkeys(
    (0, 1, 2, 3, 4, 5, 24, 25, 28, 29, 30, 32, 33, 34, 35, 36, 37, 52, 54, 100, 256, 258, 260, 261, 1004, 43000, 55799),
    _refuse_tag,
)


def _load(data: bytes) -> Any:
    if type(data) is not bytes:
        raise WireError("wrong type")
    if len(data) > MAX_MESSAGE:
        raise WireError("wrong size")
    try:
        return cbor2.loads(
            data,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            tag_hook=_refuse_tag,
            semantic_decoders=_TAGS,
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, MemoryError) as error:
        if isinstance(error.__cause__, WireError):
            raise error.__cause__ from None
        raise WireError("not CBOR") from None


def _uint(high: int | None) -> _Pair:
    limit = _MAX_UINT if high is None else high

    def check(value: Any) -> Any:
        if type(value) is not int:
            raise WireError("wrong type")
        if not 0 <= value <= limit:
            raise WireError("out of range")
        return value

    return check, check


def _bytes(low: int, high: int) -> _Pair:
    def check(value: Any) -> Any:
        if type(value) is not bytes:
            raise WireError("wrong type")
        if not low <= len(value) <= high:
            raise WireError("wrong size")
        return value

    return check, check


def _text(low: int, high: int, allowed: bytes | None) -> _Pair:
    def check(value: Any) -> Any:
        if type(value) is not str:
            raise WireError("wrong type")
        try:
            raw = value.encode()
        except UnicodeEncodeError:
            raise WireError("not UTF-8") from None
        if not low <= len(raw) <= high:
            raise WireError("wrong size")
        if allowed is not None and raw.translate(None, allowed):
            raise WireError("forbidden character")
        return value

    return check, check


def _bool() -> _Pair:
    def check(value: Any) -> Any:
        if type(value) is not bool:
            raise WireError("wrong type")
        return value

    return check, check


def _const(constant: int | str) -> _Pair:
    def check(value: Any) -> Any:
        if type(value) is not type(constant):
            raise WireError("wrong type")
        if value != constant:
            raise WireError("unknown value")
        return value

    return check, check


def _enum(members: tuple[tuple[int, str], ...]) -> _Pair:
    names = dict(members)
    values = {name: value for value, name in members}

    def to_wire(value: Any) -> Any:
        if type(value) is not str:
            raise WireError("wrong type")
        if value not in values:
            raise WireError("unknown value")
        return values[value]

    def from_wire(value: Any) -> Any:
        if type(value) is not int:
            raise WireError("wrong type")
        if value not in names:
            raise WireError("unknown value")
        return names[value]

    return to_wire, from_wire


def _nullable(inner: _Pair) -> _Pair:
    def over(convert: Convert) -> Convert:
        return lambda value: None if value is None else convert(value)

    return over(inner[0]), over(inner[1])


def _list(low: int, high: int, inner: _Pair) -> _Pair:
    def over(convert: Convert) -> Convert:
        def run(value: Any) -> Any:
            if type(value) is not list:
                raise WireError("wrong type")
            if not low <= len(value) <= high:
                raise WireError("wrong size")
            out = []
            for item in value:
                try:
                    out.append(convert(item))
                except WireError as error:
                    raise error.inside(str(len(out))) from None
            return out

        return run

    return over(inner[0]), over(inner[1])


def _table(key: _Pair, inner: _Pair) -> _Pair:
    def over(convert_key: Convert, convert: Convert, order: Convert) -> Convert:
        def run(value: Any) -> Any:
            if type(value) is not dict:
                raise WireError("wrong type")
            try:
                return dict(sorted(((convert_key(k), convert(v)) for k, v in value.items()), key=order))
            except WireError as error:
                raise error.inside("entry") from None

        return run

    return over(key[0], inner[0], lambda entry: entry[0]), over(key[1], inner[1], lambda _: 0)


def _member(name: str, convert: Convert, value: Any) -> Any:
    try:
        return convert(value)
    except WireError as error:
        raise error.inside(name) from None


def _map(fields: tuple[tuple[int, str, bool, Any], ...]) -> _Pair:
    members = [(key, name, optional, _compile(node)) for key, name, optional, node in fields]
    by_name = [(name, key, optional, pair[0]) for key, name, optional, pair in members]
    # True == 1 and 1.0 == 1 in Python: a key of another type is found out by writing the value again
    by_key = [(key, name, optional, pair[1]) for key, name, optional, pair in members]
    return _over_map(by_name, named=True), _over_map(by_key, named=False)


def _over_map(members: list[tuple[Any, Any, bool, Convert]], *, named: bool) -> Convert:
    """Converts a dict: (key it has, key it gets, optional, converter of the value) for each member."""
    known = {source for source, _, _, _ in members}

    def run(value: Any) -> Any:
        if type(value) is not dict:
            raise WireError("wrong type")
        out = {}
        for source, target, optional, convert in members:
            name = source if named else target
            if source in value:
                out[target] = _member(name, convert, value[source])
            elif not optional:
                raise WireError("missing field", name)
        if len(out) != len(value):
            raise WireError("unknown field", _first_unknown(value, known))
        return out

    return run


def _first_unknown(value: dict[Any, Any], known: set[Any]) -> str:
    """The key that no field has; only a short integer is named, anything else could be a person's data."""
    key = next(key for key in value if key not in known)
    return str(key) if type(key) is int and abs(key) < 1_000_000 else "?"


def _array(members: tuple[tuple[str, Any], ...]) -> _Pair:
    pairs = [(name, _compile(node)) for name, node in members]
    to_dict = _over_map([(name, name, False, pair[0]) for name, pair in pairs], named=True)

    def from_wire(value: Any) -> Any:
        if type(value) is not list:
            raise WireError("wrong type")
        if len(value) != len(pairs):
            raise WireError("wrong size")
        return {name: _member(name, pair[1], item) for item, (name, pair) in zip(value, pairs, strict=True)}

    return lambda value: list(to_dict(value).values()), from_wire


def _union(members: tuple[tuple[str, int], ...]) -> _Pair:
    pairs = {word: _compile(index) for word, index in members}

    def over(key: int | str, side: int) -> Convert:
        def run(value: Any) -> Any:
            if type(value) is not dict:
                raise WireError("wrong type")
            word = value.get(key)
            if type(word) is not str or word not in pairs:
                raise WireError("unknown type")
            try:
                return pairs[word][side](value)
            except WireError as error:
                raise error.inside(word) from None

        return run

    return over("type", 0), over(0, 1)


_compiled: dict[int, _Pair] = {}


def _reference(index: int) -> _Pair:
    if index not in _compiled:
        _compiled[index] = _compile(schema.RULES[index])
    return _compiled[index]


def _compile(node: tuple[Any, ...] | int) -> _Pair:
    """The two converters (to the wire, from the wire) of a node, or of the rule with this index."""
    if isinstance(node, int):
        return _reference(node)
    operation, *rest = node
    if operation == schema.NULLABLE:
        return _nullable(_compile(rest[0]))
    if operation == schema.LIST:
        return _list(rest[0], rest[1], _compile(rest[2]))
    if operation == schema.TABLE:
        return _table(_compile(rest[0]), _compile(rest[1]))
    return _MAKERS[operation](*rest)


_MAKERS: dict[int, Callable[..., _Pair]] = {
    schema.UINT: _uint,
    schema.BYTES: _bytes,
    schema.TEXT: _text,
    schema.BOOL: _bool,
    schema.CONST: _const,
    schema.ENUM: _enum,
    schema.MAP: _map,
    schema.ARRAY: _array,
    schema.UNION: _union,
}

_CONTENT_TYPES: dict[str, str] = dict(schema.CONTENTS)
_CONTENT_NAMES: dict[str, str] = {media_type: short for short, media_type in schema.CONTENTS}


def _pair(rule: str) -> _Pair:
    if rule not in schema.NAMES:
        raise WireError("unknown rule")
    return _reference(schema.NAMES.index(rule))
