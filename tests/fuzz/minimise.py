"""The smallest request that still shows a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.fuzz.request import Request

MOST_TRIES = 400
Shows = Callable[[Request], bool]


def minimised(request: Request, shows: Shows, most_tries: int = MOST_TRIES) -> Request:
    """``request`` with all left out that its fault does not need (Zeller's delta debugging, with a bound)."""
    tries = iter(range(most_tries))

    def still(smaller: Request) -> bool:
        return next(tries, None) is not None and shows(smaller)

    for header in request.headers:
        fewer = replace(request, headers=tuple(other for other in request.headers if other is not header))
        request = fewer if still(fewer) else request
    if request.raw is not None:
        return replace(request, raw=_shrunk(request.raw, lambda raw: still(replace(request, raw=raw))))
    return request.with_body(_shrunk(request.body, lambda body: still(request.with_body(body))))


def _shrunk(content: bytes, still: Callable[[bytes], bool]) -> bytes:
    size = max(1, len(content) // 2)
    while content:
        start, before = 0, len(content)
        while start < len(content):
            smaller = content[:start] + content[start + size :]
            if still(smaller):
                content = smaller
            else:
                start += size
        if size == 1 and len(content) == before:
            break
        size = max(1, size // 2)
    return content
