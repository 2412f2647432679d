"""How a process of maitred logs: lines on standard error, leaving standard output to what a verb prints."""

from __future__ import annotations

import contextlib
import sys
from typing import Any, TextIO, cast

import structlog


class _StandardError:
    """Standard error, as it is at each line. A full disk behind it must not become the answer to a bot."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()


def configure() -> None:
    """Tracebacks are plain: a frame's variables, which the default shows, are bodies, persons and keys."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=_factory,
        cache_logger_on_first_use=True,
    )


def _factory(*_: Any) -> structlog.PrintLogger:
    return structlog.PrintLogger(cast(TextIO, _StandardError()))
