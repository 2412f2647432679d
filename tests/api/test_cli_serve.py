"""``maitred serve``: refuses with one line what it cannot do, and ends cleanly, learner included, when told to."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.client import Client
from api.settings import EXAMPLE_CONFIG

READY_SECONDS = 60.0
END_SECONDS = 10.0


@pytest.fixture
def home(tmp_path: Path, make_home) -> Path:
    return make_home(tmp_path / "home")


@pytest.fixture
def running(home: Path, free_port: int, environment_of) -> Iterator[subprocess.Popen[bytes]]:
    """A service that is ready, with its learner; it heeds SIGINT even where the tests run in a shell's background."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, "-m", "api.cli", "serve", "--port", str(free_port)]
    log = home / "log"
    with log.open("wb") as output, Client(f"http://127.0.0.1:{free_port}") as client:
        service = subprocess.Popen(command, env=environment_of(home=home), stdout=output, stderr=output)
        eventually(lambda: client.ready() and b"learner_ready" in log.read_bytes())
        yield service
    service.kill()
    service.wait()


def eventually(condition: Callable[[], object]) -> None:
    end = time.monotonic() + READY_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--workers", "2"), "Redis"),
        (("--workers", "0"), "--workers"),
        (("--workers", "257"), "--workers"),
        (("--workers", "many"), "--workers"),
        (("--port", "0"), "--port"),
        (("--port", "70000"), "--port"),
    ],
)
def test_what_cannot_be_done_is_refused_as_misuse(run_verb, home: Path, arguments, why):
    done = run_verb("serve", *arguments, home=home)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "journal.db").exists()


@pytest.mark.parametrize(
    ("variables", "why"),
    [({"features_reader": "sdk"}, "MAITRED_FEATURES_READER=direct"), ({}, "features on Redis")],
)
def test_several_workers_need_stores_that_processes_can_share(run_verb, home: Path, variables, why):
    done = run_verb("serve", "--workers", "2", home=home, journal="redis://127.0.0.1:1/0", **variables)
    assert done.returncode in (1, 2)
    assert why in done.stderr.replace("\n", " ")
    assert "Traceback" not in done.stderr
    assert not (home / "keys.db").exists()


def test_what_keeps_others_alive_imports_next_to_nothing():
    code = "import sys; import api.supervisor; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    heavy = {"engine", "fastapi", "numpy", "prometheus_client", "pydantic", "redis", "typer", "uvicorn", "vowpalwabbit"}
    assert not heavy & set(done.stdout.split())


def test_a_wrong_variable_is_named(run_verb, home: Path):
    done = run_verb("serve", home=home, durability="hope", max_body_bytes="lots")
    assert done.returncode == 2
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == [
        "MAITRED_DURABILITY",
        "MAITRED_MAX_BODY_BYTES",
    ]


def test_a_bad_configuration_is_refused_with_every_problem(run_verb, home: Path, tmp_path: Path):
    config = tmp_path / "bot.yaml"
    config.write_text(EXAMPLE_CONFIG.read_text().replace("window: ", "window: soon # "))
    done = run_verb("serve", home=home, config=config)
    assert done.returncode == 1
    assert done.stderr.startswith(f"maitred: {config}: 3 problem(s)\n")
    assert done.stderr.count("expected a duration") == 3
    assert not (home / "journal.db").exists()


@pytest.mark.parametrize(
    ("file", "what"),
    [("features/plan.json", "the feature plan"), ("keys.db", "the key table"), ("journal.db", "journal")],
)
def test_a_broken_file_in_the_home_is_named_without_a_traceback(run_verb, home: Path, free_port, file, what):
    (home / file).write_text("broken " * 1_000)
    done = run_verb("serve", "--port", str(free_port), home=home)
    assert done.returncode == 1
    assert what in done.stderr
    assert "Traceback" not in done.stderr


def test_an_occupied_port_is_named_and_nothing_is_touched(run_verb, home: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run_verb("serve", "--port", str(port), home=home)
    assert done.returncode == 1
    assert f"maitred: cannot listen on 127.0.0.1 port {port}: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (home / "journal.db").exists()


@pytest.mark.parametrize(("order", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_an_order_to_stop_ends_api_and_learner_cleanly_and_soon(running, order, code):
    learners = children_of(running.pid)
    assert len(learners) == 1
    started = time.monotonic()
    running.send_signal(order)
    assert running.wait(END_SECONDS) == code
    assert time.monotonic() - started < END_SECONDS
    assert not any(Path(f"/proc/{pid}").exists() for pid in learners)


def test_a_client_that_never_finishes_does_not_keep_the_service_from_stopping(running, free_port):
    with socket.create_connection(("127.0.0.1", free_port)) as client:
        client.settimeout(END_SECONDS)
        client.sendall(b"POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)  # the request must be under way: nothing says so from outside
        running.terminate()
        assert running.wait(END_SECONDS) == 0
        answer = client.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"application/problem+json" in answer


def test_tracebacks_in_the_log_show_no_variables():
    code = (
        "from api import logs; import structlog; logs.configure()\n"
        "def crash(name):\n    raise RuntimeError('crashed')\n"
        "try:\n    crash(''.join(['A', 'da']))\n"
        "except RuntimeError:\n    structlog.get_logger().exception('failed', part='x')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert "RuntimeError: crashed" in done.stderr
    assert "Ada" not in done.stderr
    assert done.stdout == ""


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]
