"""The gate of ``make coverage``: lines and branches have one each, and every top-level package must pass both."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def gate(path: Path, **files: tuple[int, int, int, int]) -> subprocess.CompletedProcess[str]:
    """What the gate says of files with so many lines covered, lines, branches covered, branches."""
    names = ("covered_lines", "num_statements", "covered_branches", "num_branches")
    files_of_report = {
        f"{name.replace('__', '/')}.py": {"summary": dict(zip(names, counts, strict=True))}
        for name, counts in files.items()
    }
    path.write_text(json.dumps({"files": files_of_report}))
    return subprocess.run(
        [sys.executable, "-m", "tests.coverage_gate", path], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize(
    ("decide", "code"),
    [
        ((90, 100, 8, 10), 0),
        ((89, 100, 10, 10), 1),
        ((100, 100, 79, 100), 1),
        ((0, 0, 0, 0), 0),
    ],
)
def test_lines_and_branches_are_judged_apart(tmp_path: Path, decide: tuple[int, int, int, int], code: int) -> None:
    done = gate(tmp_path / "report.json", engine__decide=decide)
    assert (done.returncode, done.stderr) == (code, "")
    assert ("not passed engine" in done.stdout) == bool(code)


def test_a_good_package_does_not_make_up_for_another(tmp_path: Path) -> None:
    done = gate(tmp_path / "report.json", engine__decide=(9_000, 9_000, 0, 0), features__plan=(1, 2, 0, 0))
    assert done.returncode == 1
    assert "not passed features" in done.stdout


def test_packages_below_count_for_the_package_above(tmp_path: Path) -> None:
    done = gate(tmp_path / "report.json", engine__decide=(100, 100, 0, 0), engine__stats__lift=(0, 10, 0, 0))
    assert done.returncode == 0
    assert "engine.stats" in done.stdout


def test_a_report_about_nothing_does_not_pass(tmp_path: Path) -> None:
    assert gate(tmp_path / "report.json").returncode == 1
