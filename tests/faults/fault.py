"""A fault: a small mistake that somebody could make, and the test files of which one must notice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fault:
    """A mistake as a change of text.

    Attributes:
        name: what the mistake is.
        breaks: what goes wrong because of it.
        file: where, from the project's root.
        edits: text that is there exactly once → what the mistake makes of it.
        tests: the test files that are run, from the project's root.
    """

    name: str
    breaks: str
    file: str
    edits: Mapping[str, str]
    tests: tuple[str, ...]

    def made_in(self, source: str) -> str:
        """The source with the mistake in it. Raises ``LookupError`` if it is not what it was."""
        for old, new in self.edits.items():
            if source.count(old) != 1:
                raise LookupError(f"{self.name}: {self.file} has {old!r} {source.count(old)} times, not once")
            source = source.replace(old, new)
        return source

    def source(self, root: Path) -> str:
        """The file as it is."""
        return (root / self.file).read_text()
