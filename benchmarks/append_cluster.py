"""What does it cost that a replica confirms every append, on a Redis Cluster?"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from pathlib import Path

import uvloop

from benchmarks.append_journal import CALLERS, Callers, appending
from benchmarks.home import program
from benchmarks.in_process import engine_in
from benchmarks.question import NOT_PROMISED, Answer
from benchmarks.rounds import Rounds, in_turns
from benchmarks.size import Size
from engine.journal.open import open_journal
from engine.records.codec import encode
from tests.cluster import Cluster, running_cluster

CONFIRM = (0, 1)


def measure(home: Path, size: Size) -> list[Answer]:
    """A line for each number of callers. Every node writes its log with a sync, confirmed or not."""
    folder = Path(tempfile.mkdtemp(dir=home))
    try:
        with (
            running_cluster(program("redis-server", "redis-server"), folder) as cluster,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            [record] = engine_in(folder, home, 1).records([0])
            groups = {
                (number, confirm): Callers(number, open_journal(_url(cluster, number, confirm)), record)
                for number in CALLERS
                for confirm in CONFIRM
            }
            for group in groups.values():
                runner.run(group.start())
            sides = {str(key): appending(runner, group, size.appends) for key, group in groups.items()}
            rounds = in_turns(sides, size.rounds)
            for group in groups.values():
                runner.run(group.close())
    finally:
        shutil.rmtree(folder)
    return [_answer(rounds, number, groups[number, 1].per_sync, len(encode(record))) for number in CALLERS]


def _url(cluster: Cluster, callers: int, confirm: int) -> str:
    return cluster.url(f"callers-{callers}-{confirm}", shards=1, confirm=confirm)


def _answer(rounds: Rounds, callers: int, per_append: float, size: int) -> Answer:
    without, confirmed = (rounds.median(str((callers, confirm))) for confirm in CONFIRM)
    slower = rounds.ratio(str((callers, 1)), str((callers, 0)))
    return Answer(
        f"durable appends on a cluster, {callers} caller{'s' if callers > 1 else ''} at once: time with a replica's "
        "confirmation (`confirm=1`), by the time without (`confirm=0`)",
        NOT_PROMISED,
        f"{slower:.2f} ×",
        None,
        f"{confirmed:.0f} by {without:.0f} µs a record of {size:,} bytes, {1e6 / confirmed:,.0f} by "
        f"{1e6 / without:,.0f} a second, {per_append:.1f} records an append; six nodes on one machine",
        {"confirmed_us": confirmed, "without_us": without, "records_per_append": per_append, "ratio": slower},
    )
