"""``maitred work``: one of several processes that answer requests on a listener they share."""

from __future__ import annotations

import signal
import socket
from typing import Annotated

import typer

from api import shared_metrics
from api.auth.shared_bucket import shared_in
from api.cli.failure import reported
from api.serving import answer
from api.settings import Settings
from api.wiring import build_service

HURRY = frozenset({signal.SIGINT})
"""SIGTERM may come twice: from the supervisor, and from whoever stops all processes of a service at once."""


def work(
    listener: Annotated[int, typer.Option(min=0, help="descriptor of the listening socket")],
    worker: Annotated[int, typer.Option(min=1, help="which of the workers this is")],
    parent: Annotated[int, typer.Option(min=1, help="end when this process is no longer the parent")],
) -> None:
    """Answer requests. `maitred serve --workers` starts this."""
    with reported():
        folder = shared_metrics.share(worker)
        service = build_service(Settings(), first=worker == 1)
        with socket.socket(fileno=listener) as shared:
            answer(shared, service, bucket=shared_in(folder), hurried_by=HURRY, parent=parent)
