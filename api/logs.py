"""How a process of maitred logs: lines on standard error, leaving standard output to what a verb prints."""

from __future__ import annotations

import sys

import structlog


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
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
