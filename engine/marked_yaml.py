"""Reads YAML from people: plain values, the line of every key, and a problem for whatever is ambiguous or hostile."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import yaml

from engine.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_VALUES = 50_000
MAX_DEPTH = 32

_TEXT = "tag:yaml.org,2002:str"
_PLAIN = frozenset(f"tag:yaml.org,2002:{kind}" for kind in ("int", "float", "bool", "null"))

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong at a key path."""

    path: Path
    expected: str
    found: str
    warning: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """A YAML document.

    Attributes:
        value: built of dict, list, str, int, float, bool, None.
        faults: duplicate keys, keys that are not text, numbers that are not finite.
    """

    value: Any
    faults: list[Fault]
    _lines: dict[Path, int] = field(repr=False)

    def line(self, path: Path) -> int:
        """The line (from 1) of a key path, or of its nearest ancestor that is written down."""
        while path and path not in self._lines:
            path = path[:-1]
        return self._lines.get(path, 1)


def parse(data: bytes) -> Marked:
    """Parse one UTF-8 document with YAML's safe types.

    Raises:
        ConfigError: it is not YAML, too large, too deep, or its aliases expand to too much.
    """
    if len(data) > MAX_BYTES:
        raise ConfigError(f"expected at most {MAX_BYTES:,} bytes, found {len(data):,}")
    try:
        loader = yaml.SafeLoader(data.decode())
        return _Reader(loader).read(loader.get_single_node())
    except UnicodeDecodeError as error:
        raise ConfigError(f"expected UTF-8 text, found byte {data[error.start]:#04x} at {error.start}") from error
    except yaml.YAMLError as error:
        raise ConfigError(_syntax_error(error)) from error
    except RecursionError:
        raise ConfigError(f"expected at most {MAX_DEPTH} levels, found more") from None


class _Reader:
    def __init__(self, loader: yaml.SafeLoader) -> None:
        self._loader = loader
        self._values = 0
        self._lines: dict[Path, int] = {}
        self._faults: list[Fault] = []

    def read(self, root: yaml.Node | None) -> Marked:
        value = None if root is None else self._value(root, ())
        return Marked(value, self._faults, self._lines)

    def _value(self, node: yaml.Node, path: Path) -> Any:
        self._count(node, path)
        self._lines.setdefault(path, _line(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _count(self, node: yaml.Node, path: Path) -> None:
        self._values += 1
        if self._values > MAX_VALUES:
            raise ConfigError(f"line {_line(node)}: expected at most {MAX_VALUES:,} values with aliases, found more")
        if len(path) > MAX_DEPTH:
            raise ConfigError(f"line {_line(node)}: expected at most {MAX_DEPTH} levels, found more")

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in values:
                self._faults.append(Fault((*path, key), "the key once", f"it again on line {_line(key_node)}"))
                continue
            self._lines[(*path, key)] = _line(key_node)
            values[key] = self._value(value_node, (*path, key))
        return values

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if node.tag == _TEXT:
            return str(node.value)
        found = f"{node.value!r}" if isinstance(node, yaml.ScalarNode) else "a collection"
        self._lines.setdefault((*path, found), _line(node))
        self._faults.append(Fault((*path, found), "a key that is text (quote it)", found))
        return None

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        if node.tag == _TEXT:
            return node.value
        if node.tag not in _PLAIN:
            return self._refused(node, path)
        try:
            value = self._loader.construct_object(node)
        except (ValueError, LookupError):
            return self._refused(node, path)
        return value if not isinstance(value, float) or math.isfinite(value) else self._refused(node, path)

    def _refused(self, node: yaml.Node, path: Path) -> None:
        self._faults.append(Fault(path, "text (quote it), true, false or a finite number", str(node.value)[:80]))


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _syntax_error(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        return f"line {error.problem_mark.line + 1}: expected YAML, found an error: {error.problem}"
    return f"expected YAML, found an error: {str(error).splitlines()[0]}"
