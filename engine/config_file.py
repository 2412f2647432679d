"""Reads the bot's YAML and checks it: every problem at once, each with its line, its key and what was expected."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from engine.config import Config
from engine.config_rules import CheckPolicy, placement_faults
from engine.config_shape import shape_faults
from engine.eligibility import RULE_ROOTS
from engine.marked_yaml import Fault, Marked
from engine.yaml_problems import Problem, problems, read, refuse

__all__ = ["Problem", "check", "load"]


def load(path: Path, *, check_policy: CheckPolicy | None = None, roots: Collection[str] = RULE_ROOTS) -> Config:
    """The configuration in a file.

    Args:
        check_policy: raises ``ConfigError`` for a policy or parameter that does not exist; ``None`` trusts them.
        roots: the names that rules and templates may use.

    Raises:
        ConfigError: lists every problem; warnings alone raise nothing.
    """
    marked = read(path)
    refuse(path, _problems(marked, check_policy, roots))
    return msgspec.convert(marked.value, Config)


def check(path: Path, *, check_policy: CheckPolicy | None = None, roots: Collection[str] = RULE_ROOTS) -> list[Problem]:
    """Every problem of a file, by line. Raises ``ConfigError`` only if it cannot be read as YAML at all."""
    return _problems(read(path), check_policy, roots)


def _problems(marked: Marked, check_policy: CheckPolicy | None, roots: Collection[str]) -> list[Problem]:
    meaning = _meaning_faults(marked, check_policy, roots)
    return problems(marked, [*shape_faults(marked.value, Config), *meaning])


def _meaning_faults(marked: Marked, check_policy: CheckPolicy | None, roots: Collection[str]) -> Iterator[Fault]:
    top = marked.value if isinstance(marked.value, dict) else {}
    placements = top.get("placements")
    default_locale = top.get("default_locale", "en")
    for name, raw in placements.items() if isinstance(placements, dict) else ():
        for fault in placement_faults(raw, str(default_locale), check_policy, roots) if isinstance(raw, dict) else ():
            yield Fault(("placements", name, *fault.path), fault.expected, fault.found, fault.warning)
