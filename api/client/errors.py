"""What a call may raise.

ClientError
├── Unreachable     no answer: refused, broken or too slow; nothing is known about what the service did
└── ProblemError    the service refused the call (RFC 9457)
"""

from __future__ import annotations

import msgspec


class ClientError(Exception):
    """Root of everything the client raises on purpose."""


class Unreachable(ClientError):
    """The service did not answer."""


class Problem(msgspec.Struct, frozen=True):
    """An ``application/problem+json`` document; members it lacks are empty."""

    type: str = "about:blank"
    title: str = ""
    detail: str = ""
    field: str | None = None


class ProblemError(ClientError):
    """The service refused the call.

    Attributes:
        status: HTTP status.
        problem: what it said about why.
    """

    def __init__(self, status: int, problem: Problem) -> None:
        super().__init__(f"{status} {problem.title or problem.type}: {problem.detail}")
        self.status = status
        self.problem = problem
