"""Reader of the house subset of CDDL (RFC 8610) that `protocol/sealine.cddl` is written in.

Each rule becomes a node: a tuple whose first member is an operation number. Where a node stands inside of another,
the index of a rule may stand for it.

    (UINT, max | None)              unsigned integer, None means 64 bits
    (BYTES, low, high)              byte string, size in bytes
    (TEXT, low, high, class | None) text string, size in UTF-8 bytes; class: the ASCII bytes that are allowed
    (BOOL,)
    (CONST, value)                  exactly this integer or text
    (ENUM, ((value, name), ...))
    (NULLABLE, node)
    (LIST, low, high, node)
    (TABLE, key node, value node)   map of any size up to the number of values of an ENUM key
    (MAP, ((key, name, optional, node), ...))  in the order of deterministic CBOR
    (ARRAY, ((name, node), ...))
    (UNION, ((type, index of a rule), ...))    maps told apart by the text at key 0
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealine_protocol.errors import ProtocolError

OPERATIONS = (
    "UINT",
    "BYTES",
    "TEXT",
    "BOOL",
    "CONST",
    "ENUM",
    "NULLABLE",
    "LIST",
    "TABLE",
    "MAP",
    "ARRAY",
    "UNION",
)
UINT, BYTES, TEXT, BOOL, CONST, ENUM, NULLABLE, LIST, TABLE, MAP, ARRAY, UNION = range(12)

Node = tuple[Any, ...]
Inner = Node | int

_CONTENT = "content-"
_IDENTIFIER = r"[a-z][a-z0-9-]*"
_RULE = re.compile(rf"^({_IDENTIFIER})\s*=\s*(.*)$", re.DOTALL)
_SIZE = re.compile(r"^(bstr|tstr) \.size (?:\((\d+)\.\.(\d+)\)|(\d+))$")
_REGEXP = re.compile(r'^tstr \.regexp "\[([^]]+)\]\{(\d+),(\d+)\}"$')
_LIST = re.compile(r"^\[(\d+)\*(\d+) (.+)\]$")
_TABLE = re.compile(rf"^\{{ \* ({_IDENTIFIER}) => ({_IDENTIFIER}) \}}$")
_ENUM_MEMBER = re.compile(rf"({_IDENTIFIER}): (\d+)")
_MAP_ENTRY = re.compile(r"^(\? )?(-?\d+): (.+)$")


class CddlError(ProtocolError):
    """The CDDL file leaves the house subset; names the line's text."""


@dataclass
class Schema:
    """All rules of one file: `names[i]` is the name of `nodes[i]`; `contents` maps short names to content types."""

    names: list[str] = field(default_factory=list)
    nodes: list[Node] = field(default_factory=list)
    contents: list[tuple[str, str]] = field(default_factory=list)


def read_schema(path: Path) -> Schema:
    """Parse the file at `path`; raises CddlError for what the house subset does not have."""
    return _Compiler(dict(_split_rules(path.read_text(encoding="utf-8")))).compile()


def _split_rules(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """Rules as (name, lines), a line being (text without comment, comment)."""
    rules: list[tuple[str, list[tuple[str, str]]]] = []
    for line in text.splitlines():
        code, _, comment = line.partition(";")
        code = code.strip()
        if not code:
            continue
        started = _RULE.match(code) if not line.startswith(" ") else None
        if started:
            rules.append((started[1], [(started[2].strip(), comment.strip())]))
        elif rules:
            rules[-1][1].append((code, comment.strip()))
        else:
            msg = f"outside of a rule: {code}"
            raise CddlError(msg)
    return rules


def _key_order(key: int) -> bytes:
    """Sort key of an integer in deterministic CBOR (RFC 8949 section 4.2.1: bytewise order of the encodings)."""
    major, value = (0, key) if key >= 0 else (0x20, -1 - key)
    if value < 24:
        return bytes([major | value])
    size = next(n for n in (1, 2, 4, 8) if value < 1 << (8 * n))
    return bytes([major | (23 + size.bit_length())]) + value.to_bytes(size, "big")


def _ascii_class(text: str) -> bytes:
    """The bytes that a character class such as `0-9*#` allows."""
    for letters, written in (
        ("0123456789", "0-9"),
        ("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "A-Z"),
        ("abcdefghijklmnopqrstuvwxyz", "a-z"),
    ):
        text = text.replace(written, letters)
    return text.encode("ascii")


class _Compiler:
    def __init__(self, rules: dict[str, list[tuple[str, str]]]) -> None:
        self._rules = rules
        self._names = [name for name in rules if not name.startswith(_CONTENT)]

    def compile(self) -> Schema:
        schema = Schema(names=self._names, nodes=[self._node(name) for name in self._names])
        for name, lines in self._rules.items():
            if name.startswith(_CONTENT):
                schema.contents.append((name.removeprefix(_CONTENT), lines[0][0].strip('"')))
        return schema

    def _node(self, name: str) -> Node:
        lines = self._rules[name]
        first = lines[0][0]
        if first == "{":
            return self._map(lines[1:-1])
        if first == "[":
            return (ARRAY, tuple((self._name(note), self._type(code.rstrip(","))) for code, note in lines[1:-1]))
        if first.startswith("&("):
            joined = " ".join(code for code, _ in lines)
            return (ENUM, tuple((int(value), word) for word, value in _ENUM_MEMBER.findall(joined)))
        if " / " in first:
            return (UNION, tuple(self._alternative(word.strip()) for word in first.split("/")))
        return self._scalar(first)

    def _alternative(self, name: str) -> Node:
        fields = self._node(name)[1]
        key, field_name, _, node = fields[0]
        if (key, field_name, node[0]) != (0, "type", CONST):
            msg = f"no type at key 0: {name}"
            raise CddlError(msg)
        return (node[1], self._names.index(name))

    def _map(self, lines: list[tuple[str, str]]) -> Node:
        fields = []
        for code, note in lines:
            entry = _MAP_ENTRY.match(code.rstrip(","))
            if not entry:
                msg = f"not a map entry: {code}"
                raise CddlError(msg)
            fields.append((int(entry[2]), self._name(note), bool(entry[1]), self._type(entry[3])))
        return (MAP, tuple(sorted(fields, key=lambda member: _key_order(member[0]))))

    @staticmethod
    def _name(comment: str) -> str:
        words = comment.replace(",", " ").split()
        if not words:
            msg = "a member without a name"
            raise CddlError(msg)
        return words[0]

    def _type(self, text: str) -> Inner:
        if text.endswith(" / null"):
            return (NULLABLE, self._type(text.removesuffix(" / null")))
        return self._names.index(text) if text in self._names else self._scalar(text)

    def _scalar(self, text: str) -> Node:  # noqa: PLR0911 - one return for each form of a scalar
        if text == "bool":
            return (BOOL,)
        if re.fullmatch(r"-?\d+", text):
            return (CONST, int(text))
        if re.fullmatch(r'"[^"]*"', text):
            return (CONST, text[1:-1])
        if limit := re.fullmatch(r"uint \.size (\d)", text):
            return (UINT, None if limit[1] == "8" else (1 << 8 * int(limit[1])) - 1)
        if limit := re.fullmatch(r"uint \.le (\d+)", text):
            return (UINT, int(limit[1]))
        if size := _SIZE.match(text):
            low, high = (size[4], size[4]) if size[4] else (size[2], size[3])
            base = (BYTES,) if size[1] == "bstr" else (TEXT,)
            return (*base, int(low), int(high)) + ((None,) if size[1] == "tstr" else ())
        if pattern := _REGEXP.match(text):
            return (TEXT, int(pattern[2]), int(pattern[3]), _ascii_class(pattern[1]))
        if many := _LIST.match(text):
            return (LIST, int(many[1]), int(many[2]), self._type(many[3]))
        if table := _TABLE.match(text):
            return (TABLE, self._type(table[1]), self._type(table[2]))
        msg = f"not in the house subset: {text}"
        raise CddlError(msg)


def without(schema: Schema, dropped: Collection[str]) -> Schema:
    """The schema without some rules; raises CddlError if a rule that stays needs one of them."""
    kept = [name for name in schema.names if name not in dropped]
    if len(kept) + len(dropped) != len(schema.names):
        msg = "a rule to leave out is not there"
        raise CddlError(msg)

    def moved(index: int) -> int:
        name = schema.names[index]
        if name not in kept:
            msg = f"still needed: {name}"
            raise CddlError(msg)
        return kept.index(name)

    def inner(node: Inner) -> Inner:
        return moved(node) if isinstance(node, int) else outer(node)

    def outer(node: Node) -> Node:
        operation, *rest = node
        if operation in (NULLABLE, LIST, TABLE):
            return (operation, *rest[: 2 * (operation == LIST)], *map(inner, rest[2 * (operation == LIST) :]))
        if operation in (MAP, ARRAY):
            return (operation, tuple((*member[:-1], inner(member[-1])) for member in rest[0]))
        if operation == UNION:
            return (operation, tuple((word, moved(index)) for word, index in rest[0]))
        return node

    nodes = [outer(node) for name, node in zip(schema.names, schema.nodes, strict=True) if name in kept]
    return Schema(kept, nodes, schema.contents)
