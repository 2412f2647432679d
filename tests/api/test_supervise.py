"""A child that is kept running: restarted when it dies, with growing patience, and gone when its keeper is."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from api.supervise import Backoff, Child, Kept

QUICK = Backoff(first=0.01, longest=0.05)
FOREVER = [sys.executable, "-c", "import time; time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(600)",
]
WITHIN_SECONDS = 20.0


def eventually(condition: Callable[[], Any]) -> Any:
    end = time.monotonic() + WITHIN_SECONDS
    while time.monotonic() < end:
        if found := condition():
            return found
        time.sleep(0.005)
    pytest.fail("not in time")


def lives(pid: int) -> bool:
    """Whether it runs; a process that nobody has waited for yet does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


def child(command: list[str]) -> Child:
    return Child("child", command)


def test_a_child_that_is_killed_is_started_again_and_ended_with_its_keeper():
    deaths: list[tuple[str, int]] = []
    with Kept(child(FOREVER), backoff=QUICK, died=lambda dead, code: deaths.append((dead.name, code))) as kept:
        first = kept.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        second = eventually(lambda: kept.pid if kept.pid != first else None)
        assert lives(second)
    assert not lives(first)
    assert not lives(second)
    assert deaths == [("child", -signal.SIGKILL)], "an end that was asked for is no death"


def test_a_child_that_ends_at_once_is_started_again_and_again(tmp_path: Path):
    starts = tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x')"
    with Kept(child([sys.executable, "-c", code]), backoff=QUICK):
        eventually(lambda: starts.exists() and len(starts.read_text()) >= 3)


def test_leaving_while_a_restart_is_due_starts_nothing(tmp_path: Path):
    starts = tmp_path / "starts"
    code = f"open({str(starts)!r}, 'a').write('x')"
    with Kept(child([sys.executable, "-c", code]), backoff=Backoff(first=600.0)) as kept:
        eventually(lambda: not lives(kept.pid))
    assert starts.read_text() == "x"


def test_a_program_that_is_gone_for_a_while_is_tried_again(tmp_path: Path):
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 600\n")
    program.chmod(0o700)
    with Kept(child([str(program)]), backoff=QUICK) as kept:
        first = kept.pid
        program.chmod(0o600)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: not lives(first))
        program.chmod(0o700)
        eventually(lambda: kept.pid != first and lives(kept.pid))


def test_a_child_inherits_what_it_is_given_and_nothing_else():
    ours, theirs = os.pipe()
    code = (
        f"import os; os.write({theirs}, os.environ['TOLD'].encode()); os.close({theirs}); import time; time.sleep(600)"
    )
    given = Child("child", [sys.executable, "-c", code], {"TOLD": "something"}, (theirs,))
    with Kept(given, backoff=QUICK):
        assert os.read(ours, 100) == b"something"
    os.close(theirs)
    assert os.read(ours, 1) == b""
    os.close(ours)


def test_a_child_that_does_not_listen_is_killed(monkeypatch):
    monkeypatch.setattr("api.supervise.STOP_SECONDS", 0.1)
    with Kept(child(STUBBORN)) as kept:
        pid = kept.pid
    assert not lives(pid)


def test_an_error_of_the_keeper_ends_the_child_too():
    kept = Kept(child(FOREVER))
    with pytest.raises(KeyError), kept:
        raise KeyError
    assert not lives(kept.pid)


def test_a_child_that_cannot_be_started_at_all_is_said_so():
    with pytest.raises(FileNotFoundError):
        Kept(child(["/nowhere/to/be/found"])).start()


def test_delays_grow_to_a_bound_and_a_long_life_is_forgiven():
    backoff = Backoff(first=0.5, longest=30.0)
    delays = [None]
    for _ in range(10):
        delays.append(backoff.after(delays[-1], lived=0.1))
    assert delays[1:] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0, 30.0]
    assert backoff.after(30.0, lived=29.9) == 30.0
    assert backoff.after(30.0, lived=30.0) == 0.5


def test_the_real_learner_ends_when_its_parent_is_killed(tmp_path: Path, environment_of):
    code = (
        "import time; from api import children; from api.supervise import Kept\n"
        "with Kept(children.learners(1)[0]) as learner:\n    print(learner.pid, flush=True); time.sleep(600)"
    )
    command, environment = [sys.executable, "-c", code], environment_of(home=tmp_path / "home")
    log = tmp_path / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=errors) as parent,
    ):
        assert parent.stdout is not None
        learner = int(parent.stdout.readline())
        eventually(lambda: b"learner_ready" in log.read_bytes())
        parent.kill()
    eventually(lambda: not lives(learner))
