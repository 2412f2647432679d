"""Mistakes in how processes start, answer together and end."""

from __future__ import annotations

from tests.faults.fault import Fault

SERVING = (
    Fault(
        name="whoever waits to be accepted is reset",
        breaks="clients see connections break when a service or one of its workers is stopped",
        file="api/drain.py",
        edits={"for connection in _accepted(listener)]": "for connection in _accepted(listener)[:0]]"},
        tests=("tests/api/test_drain.py",),
    ),
    Fault(
        name="kept-alive connections are not told to close",
        breaks="clients go on asking a service that ends",
        file="api/protocol.py",
        edits={"        if self._draining:\n            self.cycle.keep_alive = False\n": ""},
        tests=("tests/api/test_drain.py",),
    ),
    Fault(
        name="a second order drops what was taken",
        breaks="records taken when the service ends are not committed",
        file="api/drain.py",
        edits={
            "        await self.lifespan.shutdown()": (
                "        if not self._hurried:\n            await self.lifespan.shutdown()"
            )
        },
        tests=("tests/api/test_drain.py",),
    ),
    Fault(
        name="a dead worker's gauges speak on",
        breaks="the position of a model that nobody serves is told",
        file="api/supervisor.py",
        edits={'glob(f"gauge_live*_{number}.db")': 'glob(f"gauge_dead*_{number}.db")'},
        tests=("tests/api/test_shared_metrics.py",),
    ),
    Fault(
        name="a worker's successor counts from nothing",
        breaks="sums over all workers go back when one of them dies",
        file="api/shared_metrics.py",
        edits={'.open("ab") as file': '.open("wb") as file'},
        tests=("tests/api/test_shared_metrics.py",),
    ),
    Fault(
        name="each worker has a bucket of its own",
        breaks="a key may be used as often as its rate allows, times the workers",
        file="api/auth/shared_bucket.py",
        edits={"bucket = TokenBucket(self._rate, left, at or None)": "bucket = TokenBucket(self._rate)"},
        tests=("tests/api/test_shared_bucket.py",),
    ),
)
