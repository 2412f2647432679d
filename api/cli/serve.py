"""``maitred serve``: the API and the learner, started together."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from api import children, supervisor
from api.auth.key_file import KeyFile
from api.auth.loopback import is_loopback
from api.cli.failure import reported
from api.doctor.children import Register
from api.service import Service
from api.serving import answer, end
from api.settings import EXAMPLE_CONFIG, Settings
from api.supervise import Child, Kept
from api.wiring import build_service, load_config
from engine.errors import ConfigError
from features.plan import load
from features.registry import control_plane

HOST = "127.0.0.1"
PORT = 8765
BACKLOG = 2_048
REDIS = ("redis", "rediss")
"""How the URLs of all that several processes can share begin."""


def serve(
    host: Annotated[str, typer.Option(help="address to listen on; any but loopback needs API keys")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = PORT,
    workers: Annotated[int, typer.Option(min=1, max=256, help="API processes; more than one needs Redis")] = 1,
    learner: Annotated[bool, typer.Option(help="start the learner, too")] = True,
) -> None:
    """Serve decisions and learn from their outcomes."""
    signal.signal(signal.SIGTERM, end)
    with reported():
        settings = Settings()
        _refuse_what_is_not_possible(settings, workers)
        settings = _with_keys_where_needed(settings, host)
        _prepare(settings, workers)
        with contextlib.closing(_listen(host, port)) as listener:
            service = build_service(settings)
            learners = len(service.journal.journals) if learner else 0
            if workers > 1:
                _become_supervisor(listener, service, workers, learners)
            with contextlib.ExitStack() as kept:
                _start_learners(kept, settings.home, learners)
                answer(listener, service)


def _refuse_what_is_not_possible(settings: Settings, workers: int) -> None:
    if workers == 1:
        return
    if not settings.journal_url.startswith(REDIS):
        raise typer.BadParameter("more than one worker needs a Redis journal; this one is embedded (SQLite)")
    if settings.features_reader == "sdk":
        why = "Feast's own client cannot replace a session's row only if nobody else did"
        raise typer.BadParameter(f"more than one worker needs MAITRED_FEATURES_READER=direct: {why}")


def _with_keys_where_needed(settings: Settings, host: str) -> Settings:
    """Whoever listens to other machines asks every caller for a key. Raises ``ConfigError`` if nobody has one."""
    keys = KeyFile(settings.api_keys_path).read()
    if is_loopback(host) and not settings.require_keys:
        return settings
    if not keys:
        why = "MAITRED_REQUIRE_KEYS is set" if is_loopback(host) else f"{host or 'any address'} is not loopback"
        raise ConfigError(f"{why}, and there are no API keys: make one with `maitred keys add NAME --role decide`")
    return settings.model_copy(update={"require_keys": True})


def _prepare(settings: Settings, workers: int) -> None:
    load_config(settings.config)
    if settings.config == EXAMPLE_CONFIG:
        print("MAITRED_CONFIG is not set: serving the example shop.", file=sys.stderr)
    if not settings.plan_path.exists():
        print("No feature plan yet: applying the Feast repository …", file=sys.stderr)
        control_plane.apply(settings.features_repo, settings.home)
    if workers > 1 and not load(settings.plan_path).online_store.startswith(REDIS):
        raise ConfigError(
            "more than one worker needs features on Redis: set MAITRED_FEATURES_REDIS, then `maitred features apply`"
        )


def _listen(host: str, port: int) -> socket.socket:
    """Before anything is started: a second service on this port must not touch the home of the first."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigError(f"cannot listen on {host} port {port}: {error.strerror}") from error


def _become_supervisor(listener: socket.socket, service: Service, workers: int, learners: int) -> None:
    """Does not return. What was opened to see that everything is there closes with this program."""
    listener.set_inheritable(True)
    if service.settings.require_keys:
        os.environ["MAITRED_REQUIRE_KEYS"] = "true"
    command = supervisor.command(listener.fileno(), service.settings.home, workers, learners)
    os.execv(command[0], command)


def _start_learners(kept: contextlib.ExitStack, home: Path, learners: int) -> None:
    every = children.learners(learners)
    register = Register(home, [child.name for child in every])

    def died(child: Child, code: int) -> None:
        register.note_death(child.name, code)

    for child in every:
        kept.enter_context(Kept(child, died=died))
