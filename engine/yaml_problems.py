"""What is wrong with a YAML file from people: each problem with its line, its key and what was expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from engine.errors import ConfigError
from engine.marked_yaml import Fault, Marked, parse


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the file.

    Attributes:
        line: from 1; of the key, or of the nearest key above it that is there.
        key: path of the key, e.g. ``placements.greeting.actions[2].templates.de``; empty for the file itself.
        warning: the configuration works all the same.
    """

    line: int
    key: str
    expected: str
    found: str
    warning: bool = False

    def __str__(self) -> str:
        grade = "warning: " if self.warning else ""
        key = f"{self.key}: " if self.key else ""
        return f"line {self.line}: {grade}{key}expected {self.expected}, found {self.found}"


def read(path: Path) -> Marked:
    """The document in a file. Raises ``ConfigError`` if it cannot be read as YAML at all."""
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, found {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def problems(marked: Marked, faults: Iterable[Fault]) -> list[Problem]:
    """The document's own faults and these, by line; the first of each key."""
    first = {fault.path: fault for fault in reversed([*marked.faults, *faults])}
    found = [
        Problem(marked.line(fault.path), _key(fault.path), fault.expected, fault.found, fault.warning)
        for fault in first.values()
    ]
    return sorted(found, key=lambda problem: (problem.line, problem.key))


def refuse(path: Path, found: Iterable[Problem]) -> None:
    """Raises ``ConfigError`` with every problem that is more than a warning, if there is one."""
    errors = [problem for problem in found if not problem.warning]
    if errors:
        raise ConfigError("\n".join([f"{path}: {len(errors)} problem(s)", *(f"  {problem}" for problem in errors)]))


def _key(path: tuple[str | int, ...]) -> str:
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}"
    return key.removeprefix(".")
