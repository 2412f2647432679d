"""``maitred serve``: the API and the learner, started together."""

from __future__ import annotations

import contextlib
import signal
import socket
import sys
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.auth.key_file import KeyFile
from api.auth.loopback import is_loopback
from api.cli.failure import reported
from api.protocol import BoundedProtocol
from api.settings import EXAMPLE_CONFIG, Settings
from api.supervise import LearnerProcess
from api.wiring import build_service, load_config
from engine.errors import ConfigError
from features import control_plane

HOST = "127.0.0.1"
PORT = 8765
GRACE_SECONDS = 5
"""How long requests under way may take after the order to stop."""


def serve(
    host: Annotated[str, typer.Option(help="address to listen on; any but loopback needs API keys")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = PORT,
    workers: Annotated[int, typer.Option(min=1, help="API processes; more than one needs Redis")] = 1,
    learner: Annotated[bool, typer.Option(help="start the learner, too")] = True,
) -> None:
    """Serve decisions and learn from their outcomes."""
    signal.signal(signal.SIGTERM, _end)
    with reported():
        _refuse_what_is_not_possible(workers)
        settings = _with_keys_where_needed(Settings(), host)
        _prepare(settings)
        with contextlib.closing(_listen(host, port)) as listener:
            service = build_service(settings)
            server = uvicorn.Server(_how(create_app(settings, lambda _: service)))
            with LearnerProcess(enabled=learner):
                server.run([listener])


def _refuse_what_is_not_possible(workers: int) -> None:
    if workers > 1:
        raise typer.BadParameter("more than one worker needs a Redis journal; this one is embedded (SQLite)")


def _with_keys_where_needed(settings: Settings, host: str) -> Settings:
    """Whoever listens to other machines asks every caller for a key. Raises ``ConfigError`` if nobody has one."""
    keys = KeyFile(settings.api_keys_path).read()
    if is_loopback(host) and not settings.require_keys:
        return settings
    if not keys:
        why = "MAITRED_REQUIRE_KEYS is set" if is_loopback(host) else f"{host or 'any address'} is not loopback"
        raise ConfigError(f"{why}, and there are no API keys: make one with `maitred keys add NAME --role decide`")
    return settings.model_copy(update={"require_keys": True})


def _prepare(settings: Settings) -> None:
    load_config(settings.config)
    if settings.config == EXAMPLE_CONFIG:
        print("MAITRED_CONFIG is not set: serving the example shop.", file=sys.stderr)
    if not settings.plan_path.exists():
        print("No feature plan yet: applying the Feast repository …", file=sys.stderr)
        control_plane.apply(settings.features_repo, settings.home)


def _listen(host: str, port: int) -> socket.socket:
    """Before anything is started: a second service on this port must not touch the home of the first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error


def _how(app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        http=BoundedProtocol,
        ws="none",
        access_log=False,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _end(_: int, __: FrameType | None) -> None:
    """SIGTERM leaves as a return does: through every context manager, with exit code 0."""
    raise SystemExit(0)
