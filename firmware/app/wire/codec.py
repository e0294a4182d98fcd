"""Messages of `protocol/sealine.cddl` to and from deterministic CBOR, driven by the tables in `wire.schema`.

A value is a dict by the names of the CDDL, an enumeration its name, a group in an array a dict too. Both directions
check all of it; what does not match is refused whole with a WireError that names rule and field. Depth is the schema's
own, and no memory is taken for what the schema does not allow.
"""

from wire import cbor, schema
from wire.errors import WireError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Bytes of the largest message on the device: a bulk chunk (16016 and its frame), above a record with all envelopes
# (12.9 KB) and an enrolment with its trust bundle (12 KB).
MAX_MESSAGE = 20480


def encode(rule: str, value: Any) -> bytes:
    """The deterministic CBOR of `value`; raises WireError if it does not match `rule`."""
    out = bytearray()
    try:
        _write(out, _node(rule), value)
    except WireError as error:
        raise error.inside(rule)
    return bytes(out)


def decode(rule: str, data: bytes | bytearray | memoryview) -> Any:
    """The value in `data`, exactly one message of `rule`; raises WireError for anything else."""
    if len(data) > MAX_MESSAGE:
        raise WireError("wrong size", rule)
    try:
        reader = cbor.Reader(data)
        value = _read(reader, _node(rule))
        reader.done()
    except WireError as error:
        raise error.inside(rule)
    return value


def content_type(short: str) -> str:
    """The media type of a kind of signed object, such as `record`; raises WireError if there is none."""
    for name, media_type in schema.CONTENTS:
        if name == short:
            return media_type
    raise WireError("unknown content type")


def content_name(media_type: str) -> str:
    """The short name of a media type of ours; raises WireError for any other."""
    for name, known in schema.CONTENTS:
        if known == media_type:
            return name
    raise WireError("unknown content type")


def _node(rule: str) -> tuple:
    try:
        return schema.RULES[schema.NAMES.index(rule)]
    except ValueError:
        raise WireError("unknown rule")


def _read(reader: cbor.Reader, node: tuple | int) -> Any:
    if isinstance(node, int):
        node = schema.RULES[node]
    return _READ[node[0]](reader, node)


def _write(out: bytearray, node: tuple | int, value: Any) -> None:
    if isinstance(node, int):
        node = schema.RULES[node]
    _WRITE[node[0]](out, node, value)


def _expect(reader: cbor.Reader, major: int) -> None:
    if reader.head() != major:
        raise WireError("wrong type")


def _is(value: Any, kind: type) -> None:
    if type(value) is not kind:
        raise WireError("wrong type")


def _between(size: int, low: int, high: int) -> None:
    if not low <= size <= high:
        raise WireError("wrong size")


# ------------------------------------------------------------ scalars


def _read_uint(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.UINT)
    if node[1] is not None and reader.arg > node[1]:
        raise WireError("out of range")
    return reader.arg


def _write_uint(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, int)
    if value < 0 or value >> 64 or (node[1] is not None and value > node[1]):
        raise WireError("out of range")
    cbor.write_head(out, cbor.UINT, value)


def _read_bytes(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.BYTES)
    _between(reader.arg, node[1], node[2])
    return bytes(reader.take())


def _write_bytes(out: bytearray, node: tuple, value: Any) -> None:
    # buffers of the caller's are as good as bytes: a chunk is sent from its preallocated slot
    if type(value) not in (bytes, bytearray, memoryview):
        raise WireError("wrong type")
    _between(len(value), node[1], node[2])
    cbor.write_head(out, cbor.BYTES, len(value))
    out.extend(value)


def _check_text(raw: bytes, allowed: bytes | None) -> None:
    if allowed is not None:
        for byte in raw:
            if byte not in allowed:
                raise WireError("forbidden character")
    elif not cbor.valid_utf8(raw):
        raise WireError("not UTF-8")


def _read_text(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.TEXT)
    _between(reader.arg, node[1], node[2])
    raw = bytes(reader.take())
    _check_text(raw, node[3])
    return str(raw, "utf-8")


def _write_text(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, str)
    raw = value.encode()
    _between(len(raw), node[1], node[2])
    _check_text(raw, node[3])
    cbor.write_head(out, cbor.TEXT, len(raw))
    out.extend(raw)


def _read_bool(reader: cbor.Reader, _node: tuple) -> Any:
    _expect(reader, cbor.SIMPLE)
    if reader.arg not in (cbor.FALSE, cbor.TRUE):
        raise WireError("wrong type")
    return reader.arg == cbor.TRUE


def _write_bool(out: bytearray, _node: tuple, value: Any) -> None:
    _is(value, bool)
    cbor.write_head(out, cbor.SIMPLE, cbor.TRUE if value else cbor.FALSE)


def _read_const(reader: cbor.Reader, node: tuple) -> Any:
    constant = node[1]
    if type(constant) is int:
        value = reader.integer()
        if value != constant:
            raise WireError("unknown value")
        return constant
    _expect(reader, cbor.TEXT)
    if bytes(reader.take()) != constant.encode():
        raise WireError("unknown value")
    return constant


def _write_const(out: bytearray, node: tuple, value: Any) -> None:
    constant = node[1]
    _is(value, type(constant))
    if value != constant:
        raise WireError("unknown value")
    if type(constant) is int:
        cbor.write_integer(out, constant)
    else:
        raw = constant.encode()
        cbor.write_head(out, cbor.TEXT, len(raw))
        out.extend(raw)


def _read_enum(reader: cbor.Reader, node: tuple) -> Any:
    value = reader.integer()
    for number, name in node[1]:
        if number == value:
            return name
    raise WireError("unknown value")


def _write_enum(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, str)
    for number, name in node[1]:
        if name == value:
            cbor.write_head(out, cbor.UINT, number)
            return
    raise WireError("unknown value")


# ------------------------------------------------------------ containers


def _read_nullable(reader: cbor.Reader, node: tuple) -> Any:
    at = reader.at
    if at < reader.end and reader.data[at] == cbor.SIMPLE << 5 | cbor.NULL:
        reader.at = at + 1
        return None
    return _read(reader, node[1])


def _write_nullable(out: bytearray, node: tuple, value: Any) -> None:
    if value is None:
        cbor.write_head(out, cbor.SIMPLE, cbor.NULL)
    else:
        _write(out, node[1], value)


def _read_list(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.ARRAY)
    _between(reader.arg, node[1], node[2])
    values = []
    for i in range(reader.arg):
        try:
            values.append(_read(reader, node[3]))
        except WireError as error:
            raise error.inside(str(i))
    return values


def _write_list(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, list)
    _between(len(value), node[1], node[2])
    cbor.write_head(out, cbor.ARRAY, len(value))
    for i in range(len(value)):
        try:
            _write(out, node[3], value[i])
        except WireError as error:
            raise error.inside(str(i))


def _read_table(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.MAP)
    values = {}
    last = b""
    try:
        for _ in range(reader.arg):
            start = reader.at
            key = _read(reader, node[1])
            last = _later(bytes(reader.data[start : reader.at]), last)
            values[key] = _read(reader, node[2])
    except WireError as error:
        raise error.inside("entry")
    return values


def _later(encoded: bytes, last: bytes) -> bytes:
    if encoded <= last:
        raise WireError("wrong order or twice the same")
    return encoded


def _write_table(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, dict)
    entries = []
    try:
        for key in value:
            entry = bytearray()
            _write(entry, node[1], key)
            _write(entry, node[2], value[key])
            entries.append(bytes(entry))
    except WireError as error:
        raise error.inside("entry")
    cbor.write_head(out, cbor.MAP, len(entries))
    for entry in sorted(entries):
        out.extend(entry)


def _read_map(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.MAP)
    fields = node[1]
    count = reader.arg
    value = {}
    i = 0
    while count:
        count -= 1
        key = reader.integer()
        while i < len(fields) and fields[i][0] != key and fields[i][2]:
            i += 1
        if i == len(fields) or fields[i][0] != key:
            raise _misplaced(fields, i, key)
        try:
            value[fields[i][1]] = _read(reader, fields[i][3])
        except WireError as error:
            raise error.inside(fields[i][1])
        i += 1
    while i < len(fields):
        if not fields[i][2]:
            raise WireError("missing field", fields[i][1])
        i += 1
    return value


def _misplaced(fields: tuple, at: int, key: int) -> WireError:
    """What is wrong with `key`, read where `fields[at]` was due."""
    for i in range(len(fields)):
        if fields[i][0] == key:
            if i < at:
                return WireError("wrong order or twice the same", fields[i][1])
            return WireError("missing field", fields[at][1])
    return WireError("unknown field", str(key) if -1_000_000 < key < 1_000_000 else "?")


def _write_map(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, dict)
    fields = node[1]
    count = len(value)
    cbor.write_head(out, cbor.MAP, count)
    for key, name, optional, inner in fields:
        if name in value:
            cbor.write_integer(out, key)
            try:
                _write(out, inner, value[name])
            except WireError as error:
                raise error.inside(name)
            count -= 1
        elif not optional:
            raise WireError("missing field", name)
    if count:
        raise WireError("unknown field", "?")


def _read_array(reader: cbor.Reader, node: tuple) -> Any:
    _expect(reader, cbor.ARRAY)
    if reader.arg != len(node[1]):
        raise WireError("wrong size")
    value = {}
    for name, inner in node[1]:
        try:
            value[name] = _read(reader, inner)
        except WireError as error:
            raise error.inside(name)
    return value


def _write_array(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, dict)
    cbor.write_head(out, cbor.ARRAY, len(node[1]))
    for name, inner in node[1]:
        if name not in value:
            raise WireError("missing field", name)
        try:
            _write(out, inner, value[name])
        except WireError as error:
            raise error.inside(name)
    if len(value) != len(node[1]):
        raise WireError("unknown field", "?")


def _read_union(reader: cbor.Reader, node: tuple) -> Any:
    start = reader.at
    _expect(reader, cbor.MAP)
    if not reader.arg or reader.integer() != 0:
        raise WireError("unknown type")
    _expect(reader, cbor.TEXT)
    word = bytes(reader.take())
    for name, index in node[1]:
        if name.encode() == word:
            reader.at = start
            try:
                return _read(reader, schema.RULES[index])
            except WireError as error:
                raise error.inside(name)
    raise WireError("unknown type")


def _write_union(out: bytearray, node: tuple, value: Any) -> None:
    _is(value, dict)
    word = value.get("type")
    for name, index in node[1]:
        if name == word:
            try:
                _write(out, schema.RULES[index], value)
            except WireError as error:
                raise error.inside(name)
            return
    raise WireError("unknown type")


# by operation number, the order of OPERATIONS in protocol/sealine_protocol/cddl.py
_READ = (
    _read_uint,
    _read_bytes,
    _read_text,
    _read_bool,
    _read_const,
    _read_enum,
    _read_nullable,
    _read_list,
    _read_table,
    _read_map,
    _read_array,
    _read_union,
)
_WRITE = (
    _write_uint,
    _write_bytes,
    _write_text,
    _write_bool,
    _write_const,
    _write_enum,
    _write_nullable,
    _write_list,
    _write_table,
    _write_map,
    _write_array,
    _write_union,
)
