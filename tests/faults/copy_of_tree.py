"""A copy of the project in which faults can be made, so that nobody's working tree is ever the broken one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from time import monotonic

from tests.faults.fault import Fault

ROOT = Path(__file__).parents[2]
PARTS = ("api", "engine", "feature_repo", "features", "simulator", "tests", "pyproject.toml")
SECONDS = 300.0
_QUIETLY = ("-q", "-x", "--tb=no", "--no-header", "-p", "no:cacheprovider", "-rf")
_SOME_FAILED = 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a run: ``failed`` names the first test that failed, if one did."""

    passed: bool
    failed: str | None
    seconds: float
    output: str


class CopyOfTree:
    """The project's packages and tests in another folder; Python started there imports them, not the installed ones."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, "PYTHONPATH": str(folder)}
        for part in PARTS:
            _copy(ROOT / part, folder / part)
        self._require_own_packages()

    @contextmanager
    def with_fault(self, fault: Fault) -> Iterator[None]:
        """The copy with a fault in it, for a block."""
        right = fault.source(self._folder)
        self._write(fault.file, fault.made_in(right))
        try:
            yield
        finally:
            self._write(fault.file, right)

    def run(self, tests: Sequence[str]) -> Verdict:
        """Run test files until one test fails. A run that hangs has noticed, too."""
        began = monotonic()
        try:
            done = self._python("-m", "pytest", *_QUIETLY, *tests)
        except subprocess.TimeoutExpired:
            return Verdict(False, f"{tests[0]} hangs", monotonic() - began, "")
        failed = _first_failed(done.stdout) if done.returncode == _SOME_FAILED else None
        return Verdict(done.returncode == 0, failed, monotonic() - began, done.stdout + done.stderr)

    def _write(self, file: str, source: str) -> None:
        """Byte code goes too: two sources of one length, written within a second, would share it."""
        path = self._folder / file
        path.write_text(source)
        Path(cache_from_source(str(path))).unlink(missing_ok=True)

    def _require_own_packages(self) -> None:
        packages = [part for part in PARTS if (ROOT / part / "__init__.py").is_file()]
        code = f"import {', '.join(packages)}; print(*[m.__file__ for m in ({', '.join(packages)})], sep='\\n')"
        imported = self._python("-c", code).stdout.splitlines()
        wrong = [path for path in imported if not Path(path).is_relative_to(self._folder)]
        if wrong or len(imported) != len(packages):
            raise RuntimeError(f"imported from elsewhere than the copy: {wrong or imported}")

    def _python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=SECONDS
        )


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy2(source, target)


def _first_failed(output: str) -> str | None:
    failures = (line for line in output.splitlines() if line.startswith("FAILED "))
    return next((line.removeprefix("FAILED ").split(" - ")[0] for line in failures), None)
