"""The README's commands, run: every block marked ``sh run``, in order, in one home, against one service."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli.serve import PORT
from api.client import Client

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK.findall((ROOT / "README.md").read_text())
READY_SECONDS = 60.0


@pytest.fixture(scope="module")
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def environment(port: int, feast_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A reader's shell, with a service running beside it."""
    home = tmp_path_factory.mktemp("readme") / "home"
    (home / "features").mkdir(parents=True)
    shutil.copy(feast_home / "features" / "plan.json", home / "features" / "plan.json")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAITRED_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{inherited['PATH']}"
    shell = {**inherited, "MAITRED_HOME": str(home), "PATH": path}
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
    with (home / "log").open("wb") as log:
        service = subprocess.Popen(command, env=shell, stdout=log, stderr=log)
    try:
        with Client(f"http://127.0.0.1:{port}") as client:
            deadline = time.monotonic() + READY_SECONDS
            while not client.ready():
                assert service.poll() is None, (home / "log").read_text()
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield shell
    finally:
        service.terminate()
        service.wait()


@pytest.fixture(scope="module", autouse=True)
def curl() -> None:
    if shutil.which("curl") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("curl is missing")
        pytest.skip("curl is missing")


def test_the_readme_has_something_to_run():
    assert len(BLOCKS) >= 3


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split("\n")[0][:60] for block in BLOCKS])
def test_the_block_runs(block: str, port: int, environment: dict[str, str]):
    script = "set -eu\n" + block.replace(str(PORT), str(port))
    done = subprocess.run(
        ["sh", "-c", script], env=environment, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    assert done.stdout.strip(), "it printed nothing"
