"""Checks plain values against the configuration's types and finds every fault, where msgspec stops at the first."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from engine.config import Duration, Identifier, Share, Text
from engine.marked_yaml import Fault, Path

_IN_WORDS: Mapping[Any, str] = {
    Identifier: "a name of at most 64 letters, digits, '_', '.' or '-' that starts with a letter or digit",
    Duration: "a duration such as 500ms, 30s, 10m, 1h or 7d",
    Share: "a number from 0 to 1",
    Text: "text of 1 to 4000 characters",
}


def shape_faults(value: Any, kind: Any, path: Path = ()) -> Iterator[Fault]:
    """Every place where ``value`` (plain YAML types) is not what the type ``kind`` says."""
    faults = list(_inner_faults(value, _bare(kind), path))
    yield from faults if faults else _own_fault(value, kind, path)


def _inner_faults(value: Any, kind: Any, path: Path) -> Iterator[Fault]:
    if isinstance(value, dict):
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            yield from _struct_faults(value, kind, path)
        elif get_origin(kind) is dict:
            yield from _mapping_faults(value, kind, path)
    elif isinstance(value, list) and get_origin(kind) is tuple and Ellipsis in get_args(kind):
        for index, item in enumerate(value):
            yield from shape_faults(item, get_args(kind)[0], (*path, index))


def _struct_faults(value: dict[str, Any], kind: type[msgspec.Struct], path: Path) -> Iterator[Fault]:
    kinds = get_type_hints(kind, include_extras=True)
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    for key in value.keys() - fields.keys():
        yield Fault((*path, key), _known_keys(key, list(fields)), f"the unknown key {key!r}")
    for key, field in fields.items():
        if key in value:
            yield from shape_faults(value[key], kinds[field.name], (*path, key))
        elif field.required:
            yield Fault((*path, key), "this key, which is required", "nothing")


def _mapping_faults(value: dict[str, Any], kind: Any, path: Path) -> Iterator[Fault]:
    key_kind, value_kind = get_args(kind)
    for key, item in value.items():
        yield from _own_fault(key, key_kind, (*path, key))
        yield from shape_faults(item, value_kind, (*path, key))


def _own_fault(value: Any, kind: Any, path: Path) -> Iterator[Fault]:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0]
        yield Fault(path, _expectation(kind, reason), _excerpt(value))


def _expectation(kind: Any, reason: str) -> str:
    bare = _bare(kind)
    if kind in _IN_WORDS:
        return _IN_WORDS[kind]
    if get_origin(bare) is Literal:
        return "one of " + ", ".join(str(choice) for choice in get_args(bare))
    return reason.removeprefix("Expected ").partition(", got")[0].replace("`", "")


def _known_keys(key: str, known: list[str]) -> str:
    similar = difflib.get_close_matches(key, known, n=1)
    return f"{similar[0]!r}" if similar else "one of " + ", ".join(known)


def _excerpt(value: Any) -> str:
    if isinstance(value, dict | list):
        return f"{'a mapping' if isinstance(value, dict) else 'a list'} of {len(value)}"
    return "nothing" if value is None else repr(value)[:80]


def _bare(kind: Any) -> Any:
    """Without what annotates it, and without its ``| None``: what is not there has no parts."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    kinds = [inner for inner in get_args(kind) if inner is not NoneType]
    return _bare(kinds[0]) if get_origin(kind) in (Union, UnionType) and len(kinds) == 1 else kind
