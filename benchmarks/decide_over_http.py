"""How many decisions a second over HTTP, durable log included, by an empty FastAPI endpoint's requests?"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.bot import write_config
from benchmarks.home import free_port, running
from benchmarks.load import CONNECTIONS, bodies, rate, write_script
from benchmarks.open_loop import latencies_ms
from benchmarks.question import Answer
from benchmarks.rounds import Rounds, in_turns
from benchmarks.size import Size

PROMISED_SHARE = 0.5
PROMISED_P99_MS = 10.0


def measure(home: Path, size: Size) -> list[Answer]:
    """Two lines: the share of the empty endpoint's rate, and p99 at half of our rate in an open loop."""
    with tempfile.TemporaryDirectory() as name, served(home, Path(name)) as (_, port), _empty() as empty_port:
        script = write_script(Path(name), size.users)
        sides = {
            "ours": lambda: 1e6 / rate(port, script, size.seconds),
            "empty": lambda: 1e6 / rate(empty_port, script, size.seconds),
        }
        rounds = in_turns(sides, size.http_rounds)
        half = 1e6 / rounds.median("ours") / 2
        latencies = sorted(asyncio.run(latencies_ms(port, bodies(size.users), half, size.seconds)))
    return [_rate_answer(rounds), _latency_answer(latencies)]


@contextmanager
def served(home: Path, folder: Path) -> Iterator[tuple[int, int]]:
    """The service and its learner over the measured bot, for a block; gives process id and port."""
    port = free_port()
    variables = {"MAITRED_HOME": str(home), "MAITRED_CONFIG": str(write_config(folder))}
    with running(["api.cli", "serve", "--port", str(port)], port, "/readyz", variables) as pid:
        yield pid, port


@contextmanager
def _empty() -> Iterator[int]:
    port = free_port()
    with running(["benchmarks.empty_endpoint", str(port)], port, "/readyz", {}):
        yield port


def _rate_answer(rounds: Rounds) -> Answer:
    ours, empty = 1e6 / rounds.median("ours"), 1e6 / rounds.median("empty")
    share = rounds.ratio("empty", "ours")
    return Answer(
        "decide over HTTP, by an empty FastAPI endpoint with the same schemas",
        f"≥ {PROMISED_SHARE:g} of its requests/s",
        f"{share:.2f}",
        share >= PROMISED_SHARE,
        f"{ours:,.0f} by {empty:,.0f} requests/s, {CONNECTIONS} connections; durable, learner running",
        {"ours_per_s": ours, "empty_per_s": empty, "share": share},
    )


def _latency_answer(latencies: list[float]) -> Answer:
    p50, p99 = latencies[len(latencies) // 2], latencies[int(len(latencies) * 0.99)]
    return Answer(
        "p99 of decisions at half that rate, open loop",
        f"≤ {PROMISED_P99_MS:g} ms",
        f"{p99:.1f} ms",
        p99 <= PROMISED_P99_MS,
        f"p50 {p50:.1f} ms, {len(latencies):,} requests; the load generator shares the cores",
        {"p50_ms": p50, "p99_ms": p99},
    )
