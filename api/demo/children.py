"""Child processes of the demo: steps that must succeed, and the service itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from api.client import Client
from api.demo.errors import DemoFailed

LAST_LINES = 15
STOP_S = 10.0
READY_S = 60.0
POLL_S = 0.1


def run_step(module: str, arguments: Sequence[str], environment: Mapping[str, str]) -> None:
    """Run a module to its end. Raises ``DemoFailed`` with its last lines if it fails."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = last_lines(done.stdout + done.stderr)
        raise DemoFailed(f"`python -m {module} {' '.join(arguments)}` failed ({done.returncode}):\n{said}")


class Service:
    """``maitred serve`` as a child process in a process group of its own, stopped on leaving unless detached."""

    def __init__(self, port: int, environment: Mapping[str, str], log: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._log = log
        command = [sys.executable, "-m", "api.cli", "serve", "--port", str(port)]
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._detached = False

    @property
    def pid(self) -> int:
        """Process id; SIGTERM to it ends the service and its learner."""
        return self._process.pid

    def wait_until_ready(self, patience_s: float = READY_S) -> None:
        """Raises ``DemoFailed`` if the service ends, or is not ready in time."""
        deadline = time.monotonic() + patience_s
        with Client(self.url, timeout=1.0, attempts=1) as client:
            while not client.ready():
                self.check()
                if time.monotonic() > deadline:
                    raise DemoFailed(f"the service was not ready after {patience_s:.0f} s:\n{self._said()}")
                time.sleep(POLL_S)

    def check(self) -> None:
        """Raises ``DemoFailed`` if the service has ended."""
        code = self._process.poll()
        if code is not None:
            raise DemoFailed(f"the service ended ({code}):\n{self._said()}")

    def detach(self) -> None:
        """Leave it running."""
        self._detached = True

    def stop(self) -> None:
        """End the service, gently at first, and whatever it started."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        _end_group(self._process.pid)

    def __enter__(self) -> Service:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._detached:
            self.stop()

    def _said(self) -> str:
        return last_lines(self._log.read_text(errors="replace"))


def last_lines(text: str) -> str:
    """The end of what a process said."""
    return "\n".join(text.rstrip().splitlines()[-LAST_LINES:]) or "(it said nothing)"


def free_port(wanted: int | None, default: int) -> int:
    """``wanted`` if given, else ``default`` or, if that is taken, any free one. Raises ``DemoFailed``."""
    if wanted is not None:
        if wanted and _taken(wanted):
            raise DemoFailed(f"port {wanted} is taken")
        return wanted or _any_port()
    return _any_port() if _taken(default) else default


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _any_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return
