"""``python -m tests.coverage_gate REPORT``: coverage.py's JSON report by package, and whether it is enough.

coverage.py's own ``fail_under`` knows only lines and branches together; here each has a gate of its own.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LINES = 0.90
BRANCHES = 0.80


@dataclass(frozen=True, slots=True)
class Covered:
    """How much was run of what can be run."""

    lines: int = 0
    lines_of: int = 0
    branches: int = 0
    branches_of: int = 0

    @classmethod
    def of(cls, summary: Mapping[str, Any]) -> Covered:
        """From a ``summary`` of the report."""
        return cls(
            summary["covered_lines"],
            summary["num_statements"],
            summary["covered_branches"],
            summary["num_branches"],
        )

    def __add__(self, other: Covered) -> Covered:
        return Covered(
            self.lines + other.lines,
            self.lines_of + other.lines_of,
            self.branches + other.branches,
            self.branches_of + other.branches_of,
        )

    @property
    def line_share(self) -> float:
        """1 where there is nothing to run."""
        return self.lines / self.lines_of if self.lines_of else 1.0

    @property
    def branch_share(self) -> float:
        """1 where nothing branches."""
        return self.branches / self.branches_of if self.branches_of else 1.0

    @property
    def is_enough(self) -> bool:
        """Whether both gates are passed."""
        return self.line_share >= LINES and self.branch_share >= BRANCHES

    def __str__(self) -> str:
        return f"{self.lines_of:>7}{self.line_share:>9.1%}{self.branches_of:>10}{self.branch_share:>9.1%}"


def by_package(report: Mapping[str, Any]) -> dict[str, Covered]:
    """Coverage of every package, without what is in packages below it."""
    found: defaultdict[str, Covered] = defaultdict(Covered)
    for file, measured in report["files"].items():
        package = ".".join(Path(file).parent.parts)
        found[package] += Covered.of(measured["summary"])
    return dict(sorted(found.items()))


def by_root(packages: Mapping[str, Covered]) -> dict[str, Covered]:
    """Coverage of every top-level package, with all that is below it."""
    found: defaultdict[str, Covered] = defaultdict(Covered)
    for package, covered in packages.items():
        found[package.partition(".")[0]] += covered
    return dict(found)


def rows(covered: Mapping[str, Covered]) -> Iterable[str]:
    """A line a package."""
    return (f"{name:<20}{each}" for name, each in covered.items())


def main() -> int:
    """0 if every top-level package passes both gates."""
    packages = by_package(json.loads(Path(sys.argv[1]).read_bytes()))
    whole = by_root(packages)
    lacking = [name for name, covered in whole.items() if not covered.is_enough]
    print(f"{'package':<20}{'lines':>7}{'covered':>9}{'branches':>10}{'covered':>9}")
    print("\n".join([*rows(packages), "", *rows({f"{name} (whole)": covered for name, covered in whole.items()})]))
    print(f"gate: {LINES:.0%} of lines, {BRANCHES:.0%} of branches: {'not ' * bool(lacking)}passed {' '.join(lacking)}")
    return 1 if lacking or not whole else 0


if __name__ == "__main__":
    sys.exit(main())
