"""A policy by a word: ``uniform``, ``baseline:action=mens``, or a YAML file with ``name`` and ``params``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from engine.config import PolicySpec
from engine.errors import ConfigError
from engine.policies import registry
from engine.policies.base import Policy

FILES = (".yaml", ".yml", ".json")


def policy_of(text: str) -> Policy:
    """A new policy, which has learned nothing.

    Args:
        text: a registered name; ``NAME:KEY=VALUE,KEY=VALUE`` with values as in YAML, texts with commas quoted; or
            the path of a YAML file as under ``policy`` in a bot's configuration.

    Raises:
        ConfigError: an unknown name, parameters that it does not take, a file that cannot be used.
    """
    if text.endswith(FILES):
        return _of_file(Path(text))
    name, colon, params = text.partition(":")
    return registry.build(name.strip(), _params(params) if colon else {})


def _params(text: str) -> dict[str, Any]:
    return dict(_param(part) for part in _parts(text))


def _param(text: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"expected KEY=VALUE, found {text!r}")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise ConfigError(f"expected KEY=VALUE with a value as in YAML, found {text!r}") from error


def _parts(text: str) -> list[str]:
    """What commas part; those within quotes or brackets are part of a value."""
    parts, quote, depth = [""], "", 0
    for letter in text:
        if letter == "," and not quote and not depth:
            parts.append("")
            continue
        if letter in "'\"":
            quote = "" if letter == quote else quote or letter
        elif not quote:
            depth += (letter in "{[") - (letter in "}]")
        parts[-1] += letter
    return parts


def _of_file(path: Path) -> Policy:
    try:
        spec = msgspec.convert(yaml.safe_load(path.read_text()), PolicySpec)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return registry.build(spec.name, spec.params)
