"""The smallest and the largest value of any rule of the schema."""

from __future__ import annotations

from typing import Any

from sealine_protocol import schema

_MAX = (1 << 64) - 1


def _text(size: int, allowed: bytes | None) -> str:
    return chr(allowed[-1] if allowed else 0x7A) * size


def sample(rule: str, *, largest: bool = False) -> Any:
    """The smallest or the largest value of a rule; of a union the first or the last member."""
    return _sample(schema.RULES[schema.NAMES.index(rule)], largest)


def _sample(node: tuple[Any, ...] | int, largest: bool) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case for each node
    if isinstance(node, int):
        return _sample(schema.RULES[node], largest)
    operation, *rest = node
    match operation:
        case schema.UINT:
            return 0 if not largest else _MAX if rest[0] is None else rest[0]
        case schema.BYTES:
            return b"\xa5" * rest[largest]
        case schema.TEXT:
            return _text(rest[largest], rest[2])
        case schema.BOOL:
            return largest
        case schema.CONST:
            return rest[0]
        case schema.ENUM:
            return rest[0][-1 if largest else 0][1]
        case schema.NULLABLE:
            return _sample(rest[0], largest) if largest else None
        case schema.LIST:
            return [_sample(rest[2], largest) for _ in range(min(rest[largest], 32))]
        case schema.TABLE:
            return {name: _MAX >> 32 for _, name in schema.RULES[rest[0]][1]} if largest else {}
        case schema.MAP:
            return {name: _sample(inner, largest) for _, name, optional, inner in rest[0] if largest or not optional}
        case schema.ARRAY:
            return {name: _sample(inner, largest) for name, inner in rest[0]}
        case _:
            return _sample(schema.RULES[rest[0][-1 if largest else 0][1]], largest)
