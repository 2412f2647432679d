"""Journals of every kind, each for one test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from engine.journal.base import Journal
from engine.journal.memory import MemoryJournal
from engine.journal.open import open_journal
from tests.contract.backends import DURABLE, Asked, Backend, SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(scope="session")
def durable_redis(run_redis: Callable[..., AbstractContextManager[int]]) -> Iterator[int]:
    with run_redis("--appendonly", "yes", "--appendfsync", "always") as port:
        yield port


@pytest.fixture(params=["memory", *sorted(DURABLE)])
def journal(request: Asked, tmp_path: Path, clock: SettableClock) -> Iterator[Journal]:
    """With time as the test sets it."""
    kind = request.param
    made = MemoryJournal(clock) if kind == "memory" else open_journal(DURABLE[kind].url(request, tmp_path), clock=clock)
    with closing(made) as journal:
        yield journal


@pytest.fixture(params=sorted(DURABLE))
def backend(request: Asked) -> Backend:
    return DURABLE[request.param]


@pytest.fixture
def url(backend: Backend, request: Asked, tmp_path: Path) -> str:
    """Of a journal that outlives its process."""
    return backend.url(request, tmp_path)
