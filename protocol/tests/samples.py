"""Values for any rule of the schema: the smallest, the largest, and hypothesis strategies for what lies between."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from sealine_protocol import schema

_MAX = (1 << 64) - 1


def _text(size: int, allowed: bytes | None) -> str:
    return chr(allowed[-1] if allowed else 0x7A) * size


def sample(rule: str, *, largest: bool = False) -> Any:
    """The smallest or the largest value of a rule; of a union the first or the last member."""
    return _sample(schema.RULES[schema.NAMES.index(rule)], largest)


def _sample(node: tuple[Any, ...], largest: bool) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case for each node
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
            return {name: _MAX >> 32 for _, name in schema.RULES[rest[0][1]][1]} if largest else {}
        case schema.REF:
            return _sample(schema.RULES[rest[0]], largest)
        case schema.MAP:
            return {name: _sample(inner, largest) for _, name, optional, inner in rest[0] if largest or not optional}
        case schema.ARRAY:
            return {name: _sample(inner, largest) for name, inner in rest[0]}
        case _:
            return _sample(schema.RULES[rest[0][-1 if largest else 0][1]], largest)


def values(rule: str) -> st.SearchStrategy[Any]:
    """Any value of a rule; long lists and strings are kept short, their limits are tried by `sample`."""
    return _values(schema.RULES[schema.NAMES.index(rule)])


def _values(node: tuple[Any, ...]) -> st.SearchStrategy[Any]:  # noqa: C901, PLR0911, PLR0912 - as above
    operation, *rest = node
    match operation:
        case schema.UINT:
            return st.integers(0, _MAX if rest[0] is None else rest[0])
        case schema.BYTES:
            return st.binary(min_size=rest[0], max_size=min(rest[1], rest[0] + 40))
        case schema.TEXT:
            return _texts(*rest)
        case schema.BOOL:
            return st.booleans()
        case schema.CONST:
            return st.just(rest[0])
        case schema.ENUM:
            return st.sampled_from([name for _, name in rest[0]])
        case schema.NULLABLE:
            return st.none() | _values(rest[0])
        case schema.LIST:
            return st.lists(_values(rest[2]), min_size=rest[0], max_size=min(rest[1], rest[0] + 3))
        case schema.TABLE:
            return st.dictionaries(_values(rest[0]), _values(rest[1]))
        case schema.REF:
            return _values(schema.RULES[rest[0]])
        case schema.MAP:
            return st.fixed_dictionaries(
                {name: _values(inner) for _, name, optional, inner in rest[0] if not optional},
                optional={name: _values(inner) for _, name, optional, inner in rest[0] if optional},
            )
        case schema.ARRAY:
            return st.fixed_dictionaries({name: _values(inner) for name, inner in rest[0]})
        case _:
            return st.one_of([_values(schema.RULES[index]) for _, index in rest[0]])


def _texts(low: int, high: int, allowed: bytes | None) -> st.SearchStrategy[str]:
    if allowed is not None:
        return st.text(st.sampled_from(allowed.decode()), min_size=low, max_size=high)
    return st.text(min_size=low, max_size=high).filter(lambda text: low <= len(text.encode()) <= high)
