"""``maitred serve``: the API and the learner, started together."""

from __future__ import annotations

import sys
from typing import Annotated

import structlog
import typer
import uvicorn

from api.app import create_app
from api.cli.failure import reported
from api.settings import EXAMPLE_CONFIG, Settings
from api.supervise import LearnerProcess
from api.wiring import build_service, load_config
from features import control_plane

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
PORT = 8765


def serve(
    host: Annotated[str, typer.Option(help="address to listen on; only loopback is allowed without API keys")] = HOST,
    port: Annotated[int, typer.Option(min=1, max=65_535)] = PORT,
    workers: Annotated[int, typer.Option(min=1, help="API processes; more than one needs Redis")] = 1,
    learner: Annotated[bool, typer.Option(help="start the learner, too")] = True,
) -> None:
    """Serve decisions and learn from their outcomes."""
    with reported():
        settings = Settings()
        _refuse_what_is_not_possible(host, workers)
        load_config(settings.config)
        if settings.config == EXAMPLE_CONFIG:
            print("MAITRED_CONFIG is not set: serving the example shop.", file=sys.stderr)
        if not settings.plan_path.exists():
            print("No feature plan yet: applying the Feast repository …", file=sys.stderr)
            control_plane.apply(settings.features_repo, settings.home)
        app = create_app(settings, build_service)
        server = uvicorn.Server(uvicorn.Config(app, host=host, port=port, access_log=False, log_level="warning"))
        with LearnerProcess(enabled=learner):
            server.run()
        if not server.started:
            raise typer.Exit(1)


def _refuse_what_is_not_possible(host: str, workers: int) -> None:
    if workers > 1:
        raise typer.BadParameter("more than one worker needs a Redis journal; this one is embedded (SQLite)")
    if host not in ("127.0.0.1", "::1", "localhost"):
        raise typer.BadParameter("there are no API keys yet: listen on a loopback address (127.0.0.1, ::1)")
