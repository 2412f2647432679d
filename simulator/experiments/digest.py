"""What identifies things that must not have changed between a run and its resumption."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

import engine
import features
import simulator

PACKAGES = (engine, features, simulator)


def digest(described: Any) -> str:
    """Of a description made of plain values; the order of keys does not matter."""
    return hashlib.sha256(msgspec.json.encode(described, order="deterministic")).hexdigest()


def file_digest(path: Path) -> str:
    """Of a file's bytes, or of all files in a folder with their names. Raises ``OSError``."""
    files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
    found = hashlib.sha256()
    for each in files:
        with each.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{each.relative_to(path)}\0{content}\n".encode())
    return found.hexdigest()


@cache
def software() -> str:
    """Version of this software and digest of the code that runs policies: what it makes may differ with either."""
    code = hashlib.sha256()
    for package in PACKAGES:
        root = Path(str(package.__file__)).parent
        for path in sorted(root.rglob("*.py")):
            code.update(f"{path.relative_to(root.parent)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return f"{version('maitred')} {code.hexdigest()[:16]}"
