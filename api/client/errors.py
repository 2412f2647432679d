"""What a call may raise.

ClientError
├── Unreachable     no answer: refused, broken or too slow; nothing is known about what the service did
└── ProblemError    the service refused the call (RFC 9457)
    ├── Unauthorized    the service wants a key, or does not know this one
    ├── Forbidden       the key lacks the role that the call needs
    └── RateLimited     the key was used too often; says when to call again
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


class Unauthorized(ProblemError):
    """The service wants a key, or does not know the one it got."""


class Forbidden(ProblemError):
    """The key lacks the role that the call needs, or this caller may not call without one."""


class RateLimited(ProblemError):
    """The key was used more often than its rate allows. Nothing was done: the call may be repeated.

    The client itself does not wait and repeat: what to do meanwhile is the bot's to say.

    Attributes:
        retry_after_s: seconds until it may be.
    """

    def __init__(self, status: int, problem: Problem, retry_after_s: float) -> None:
        super().__init__(status, problem)
        self.retry_after_s = retry_after_s


def refusal(status: int, problem: Problem, retry_after: str | None) -> ProblemError:
    """The error for a status; ``retry_after`` is the header of that name."""
    if status == 429:
        return RateLimited(status, problem, _seconds(retry_after))
    return {401: Unauthorized, 403: Forbidden}.get(status, ProblemError)(status, problem)


def _seconds(retry_after: str | None) -> float:
    """Ours are whole seconds; a proxy's may be a date, which clocks could disagree about."""
    return float(retry_after) if retry_after is not None and retry_after.isdecimal() else 1.0
