"""Reads the bot's YAML and checks it: every problem at once, each with its line, its key and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.config import Config
from engine.config_rules import CheckPolicy, placement_faults
from engine.config_shape import shape_faults
from engine.eligibility import RULE_ROOTS
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


def load(path: Path, *, check_policy: CheckPolicy | None = None, roots: Collection[str] = RULE_ROOTS) -> Config:
    """The configuration in a file.

    Args:
        check_policy: raises ``ConfigError`` for a policy or parameter that does not exist; ``None`` trusts them.
        roots: the names that rules and templates may use.

    Raises:
        ConfigError: lists every problem; warnings alone raise nothing.
    """
    marked = _read(path)
    errors = [problem for problem in _problems(marked, check_policy, roots) if not problem.warning]
    if errors:
        raise ConfigError("\n".join([f"{path}: {len(errors)} problem(s)", *(f"  {problem}" for problem in errors)]))
    return msgspec.convert(marked.value, Config)


def check(path: Path, *, check_policy: CheckPolicy | None = None, roots: Collection[str] = RULE_ROOTS) -> list[Problem]:
    """Every problem of a file, by line. Raises ``ConfigError`` only if it cannot be read as YAML at all."""
    return _problems(_read(path), check_policy, roots)


def _read(path: Path) -> Marked:
    try:
        return parse(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path}: expected a readable file, found {error.strerror}") from error
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def _problems(marked: Marked, check_policy: CheckPolicy | None, roots: Collection[str]) -> list[Problem]:
    faults = [*marked.faults, *shape_faults(marked.value, Config), *_meaning_faults(marked, check_policy, roots)]
    first = {fault.path: fault for fault in reversed(faults)}
    problems = [
        Problem(marked.line(fault.path), _key(fault.path), fault.expected, fault.found, fault.warning)
        for fault in first.values()
    ]
    return sorted(problems, key=lambda problem: (problem.line, problem.key))


def _meaning_faults(marked: Marked, check_policy: CheckPolicy | None, roots: Collection[str]) -> Iterator[Fault]:
    top = marked.value if isinstance(marked.value, dict) else {}
    placements = top.get("placements")
    default_locale = top.get("default_locale", "en")
    for name, raw in placements.items() if isinstance(placements, dict) else ():
        for fault in placement_faults(raw, str(default_locale), check_policy, roots) if isinstance(raw, dict) else ():
            yield Fault(("placements", name, *fault.path), fault.expected, fault.found, fault.warning)


def _key(path: tuple[str | int, ...]) -> str:
    key = ""
    for part in path:
        key += f"[{part}]" if isinstance(part, int) else f".{part}"
    return key.removeprefix(".")
