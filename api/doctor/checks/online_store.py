"""Does Feast's online store answer, and how fast?"""

from __future__ import annotations

import asyncio
import math
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from api.doctor.untouched import untouched
from features.open import SQLITE
from features.plan import Plan
from features.redis.link import Asked, pack
from features.redis.open import REDIS, open_link

SLOW_MS = 20.0
REDIS_TIMEOUT_S = 1.0
ATTEMPTS = 3

_ONE_ROW = "SELECT timestamp_us FROM online_row WHERE project = ? LIMIT 1"
_GLANCE = Asked(b"doctor", pack("EXISTS", b"doctor"))
_SEE_PLAN = "mend `plan` first"


@dataclass(slots=True)
class Times:
    """How long each of some attempts took. The fastest counts: a busy machine delays any one of them."""

    fastest_s: float = math.inf

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Time one attempt."""
        started = time.perf_counter()
        yield
        self.fastest_s = min(self.fastest_s, time.perf_counter() - started)

    def sign(self, more: str) -> Sign:
        """Fast enough to decide with, or not."""
        took = f"answers in {self.fastest_s * 1e3:.3f} ms{more}"
        if self.fastest_s * 1e3 > SLOW_MS:
            return warn(f"{took}: too slow to decide with", "look at the store's disk or network")
        return ok(took)


def look(patient: Patient) -> Iterator[Sign]:
    """One row of the embedded store, or one question to Redis; decisions go on without either, knowing less."""
    plan = patient.plan
    if plan is None:
        yield warn("not asked: only the plan says where it is", _SEE_PLAN)
    elif plan.online_store.startswith(SQLITE):
        yield from _embedded(plan, Path(plan.online_store.removeprefix(SQLITE)))
    elif plan.online_store.startswith(REDIS):
        yield _redis(plan.online_store)
    else:
        yield ok(f"{plan.online_store}: not asked, only Feast itself can")


def _embedded(plan: Plan, path: Path) -> Iterator[Sign]:
    if not path.exists():
        yield warn(f"{path} does not exist yet", "`maitred features apply`")
        return
    try:
        with untouched(path) as connection:
            times = Times()
            for _ in range(ATTEMPTS):
                with times.taken():
                    found = connection.execute(_ONE_ROW, (plan.definitions.project,)).fetchone()
    except sqlite3.Error as error:
        yield fail(f"{path}: {error}", "move the file away, then `maitred features apply` and `materialize`")
        return
    yield times.sign("" if found else "; it has no rows yet")


def _redis(url: str) -> Sign:
    try:
        return asyncio.run(_pinged(url)).sign("")
    except OSError as error:
        why = str(error) or type(error).__name__
        where = url.partition("://")[2].rpartition("@")[2].partition("/")[0]
        return fail(f"Redis at {where} does not answer: {why}", "start it, or mend its URL")


async def _pinged(url: str) -> Times:
    link, times = open_link(url, REDIS_TIMEOUT_S), Times()
    try:
        await link.ask([_GLANCE])
        for _ in range(ATTEMPTS):
            with times.taken():
                await link.ask([_GLANCE])
    finally:
        await link.close()
    return times
