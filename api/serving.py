"""Answering requests on a listener, from the first to the last."""

from __future__ import annotations

import signal
import socket
from collections.abc import Collection
from types import FrameType

from api.app import create_app
from api.auth.bucket import MakeBucket, own_bucket
from api.drain import ANY_SECOND_ORDER, DrainingServer, configuration
from api.service import Service


def answer(
    listener: socket.socket,
    service: Service,
    *,
    bucket: MakeBucket = own_bucket,
    hurried_by: Collection[int] = ANY_SECOND_ORDER,
    parent: int | None = None,
) -> None:
    """Serve until told to end. Raises ``KeyboardInterrupt`` if it was by SIGINT, ``SystemExit`` if by SIGTERM.

    Args:
        bucket: makes what remembers how often the holder of a key called.
        hurried_by, parent: see ``DrainingServer``.
    """
    signal.signal(signal.SIGTERM, end)
    app = create_app(service.settings, lambda _: service, bucket)
    DrainingServer(configuration(app), service.end, hurried_by=hurried_by, parent=parent).run([listener])


def end(_: int, __: FrameType | None) -> None:
    """SIGTERM leaves as a return does: through every context manager, with exit code 0."""
    raise SystemExit(0)
