"""What differs between the backends: where the journal is, and who can be killed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.servers import RedisServer, Server, one_redis, six_nodes

NAMES = ("sqlite", "redis", "cluster")
OF_MAITRED = ("api", "learner", "everything")


def _nothing() -> None:
    """There is nothing to wait for."""


@dataclass(frozen=True, slots=True)
class Backend:
    """A journal's home, and the features' if several processes read them.

    Attributes:
        url: of the journal; empty for the file in the deployment's home.
        servers: that keep it and may be killed.
        settle: waits until a server may be killed again.
        workers: processes that answer.
        features: the store that they share; ``None`` for the embedded one.
    """

    name: str
    url: str
    servers: tuple[Server, ...] = ()
    settle: Callable[[], None] = _nothing
    workers: int = 1
    features: RedisServer | None = None

    @property
    def victims(self) -> tuple[str, ...]:
        """Who can be killed."""
        servers = ("server",) if self.servers else ()
        return (*OF_MAITRED, *servers, *(("worker", "features") if self.workers > 1 else ()))

    @property
    def options(self) -> tuple[str, ...]:
        """Of ``maitred serve``."""
        return ("--workers", str(self.workers)) if self.workers > 1 else ()


@contextlib.contextmanager
def opened(name: str, folder: Path, workers: int = 1) -> Iterator[Backend]:
    """The backend of this name, for a block. Several workers need Redis for everything."""
    with contextlib.ExitStack() as stack:
        features = stack.enter_context(one_redis(folder / "features")) if workers > 1 else None
        if name == "redis":
            server = stack.enter_context(one_redis(folder / "redis"))
            yield Backend(name, server.url, (server,), server.wait, workers, features)
        elif name == "cluster":
            nodes = stack.enter_context(six_nodes(folder / "cluster"))
            yield Backend(name, nodes.url("chaos"), tuple(nodes.nodes), nodes.settle, workers, features)
        else:
            yield Backend(name, "")
