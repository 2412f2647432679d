"""The direction of imports, as declared in ``pyproject.toml``, and that the declaration sees every package."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
CONTRACTS = [contract["name"] for contract in LINTER["contracts"]]


@pytest.fixture(scope="module")
def report() -> str:
    """What the linter says; its exit code must agree."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode == 0) == ("0 broken" in done.stdout), done.stderr
    return done.stdout


@pytest.mark.parametrize("contract", CONTRACTS)
def test_the_contract_is_kept(report, contract):
    assert f"{contract} KEPT" in report, report


def test_every_package_is_looked_at():
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert packages - {"benchmarks"} == set(LINTER["root_packages"])


def test_serving_and_learning_never_import_feast():
    heavy = {"feast", "pandas", "pyarrow", "ray", "sklearn"}
    code = f"import sys, api.cli, api.wiring; print(sorted({heavy} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == "[]"
