"""What each ``appendfsync`` of a Redis really keeps, as the docstring of ``engine.journal.redis`` says."""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
import redis

from engine.errors import ConfigError, JournalError
from engine.journal.redis import RedisJournal
from engine.records.schema import OutcomeRecord

Run = Callable[..., AbstractContextManager[int]]
APPENDONLY = ("--appendonly", "yes", "--appendfsync")
WRITER = Path(__file__).parents[1] / "contract" / "journal_writer.py"
SLOW_SYNC_US = 1_500_000
POSTPONED_S = 2.0
"""So long Redis puts off writing while a sync is under way (``appendfsync everysec``)."""

MARGIN_S = 1.0
PATIENCE_S = 5.0


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


def outcome(id: object) -> OutcomeRecord:
    return OutcomeRecord(id=str(id), decision_id="d", metric="m", value=1.0)


def pid_of(port: int) -> int:
    with redis.Redis(port=port) as client:
        return int(client.info("server")["process_id"])


@contextmanager
def traced(port: int, *options: str) -> Iterator[None]:
    """Has strace attached to the server for a block, which may kill the server."""
    if shutil.which("strace") is None:
        pytest.skip("strace is missing")
    command = ["strace", "-f", *options, "-p", str(pid_of(port))]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as strace:
        assert strace.stderr is not None
        said = strace.stderr.readline()
        if "attached" not in said:
            strace.terminate()
            if os.environ.get("CI") == "true":
                pytest.fail(f"strace cannot trace: {said}")
            pytest.skip(f"strace cannot trace: {said}")
        yield
        strace.send_signal(signal.SIGINT)
        try:
            strace.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            strace.kill()  # it waits for ever for a server that was killed in the midst of a call that it holds


@pytest.mark.parametrize(
    ("options", "durability", "said"),
    [
        ((), "process", "appendonly yes"),
        (("--appendonly", "yes"), "power", "`appendfsync everysec`: set `appendfsync always`"),
        ((*APPENDONLY, "no"), "power", "appendfsync always"),
        ((*APPENDONLY, "always", "--no-appendfsync-on-rewrite", "yes"), "power", "no-appendfsync-on-rewrite"),
        ((*APPENDONLY, "always", "--maxmemory-policy", "allkeys-lru"), "process", "noeviction"),
    ],
)
def test_a_server_that_keeps_less_than_was_asked_for_is_refused(run_redis: Run, options, durability, said) -> None:
    with run_redis(*options) as port, pytest.raises(ConfigError, match=said):
        RedisJournal(url(port), durability=durability)


@pytest.mark.parametrize("how", ["everysec", "no", "always"])
def test_less_durability_is_taken_when_it_is_asked_for(run_redis: Run, how: str) -> None:
    with (
        run_redis(*APPENDONLY, how) as port,
        closing(RedisJournal(url(port), durability="process")) as journal,
    ):
        assert not journal.append([outcome("a")])[0].duplicate


@pytest.mark.parametrize("how", ["always", "no"])
def test_a_server_killed_at_any_moment_under_load_keeps_what_it_acknowledged_and_no_torn_batch(
    run_redis: Run, tmp_path: Path, how: str
) -> None:
    chance, port = random.Random(11), 0
    acknowledged = {}
    for life in range(5):
        with run_redis(*APPENDONLY, how, at=port, folder=tmp_path) as port, writer(port, f"w{life}") as told:
            heard = [told.stdout.readline() for _ in range(chance.randrange(1, 100))]
            os.kill(pid_of(port), signal.SIGKILL)
            acknowledged[f"w{life}"] = len(heard) + told.communicate()[0].count("\n")
    with run_redis(*APPENDONLY, how, at=port, folder=tmp_path), closing(journal_of(port)) as journal:
        for name, batches in acknowledged.items():
            kept = [stored.record.id for stored in journal.about(name)]
            assert len(kept) in (2 * batches, 2 * batches + 2), "at most the one batch that was not acknowledged"
            assert kept == [f"{name}-{i}-{half}" for i in range(len(kept) // 2) for half in "ab"]
        assert len(journal.read(0, 1_000_000)) == journal.last_position()


def journal_of(port: int) -> RedisJournal:
    return RedisJournal(url(port), durability="process")


@contextmanager
def writer(port: int, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process that appends pairs until its server dies, and says which were acknowledged."""
    command = [sys.executable, str(WRITER), url(port), name, "1000000", "process"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        yield process


def test_always_syncs_before_it_answers(run_redis: Run, tmp_path: Path) -> None:
    appends, trace = 40, tmp_path / "trace"
    calls = ("-y", "-s", "0", "-e", "trace=fdatasync,write,writev", "-o", str(trace))
    with run_redis(*APPENDONLY, "always") as port, closing(RedisJournal(url(port))) as journal:
        journal.append([outcome("warm")])
        with traced(port, *calls):
            for i in range(appends):
                journal.append([outcome(i)])
    syncs_and_answers = r"(fdatasync)\(\d|writev?\(\d+<(?:socket)"
    story = "".join("s" if sync else "a" for sync in re.findall(syncs_and_answers, trace.read_text()))
    assert story.count("s") >= appends
    assert re.fullmatch(r"(s+a)+s*", story), "between two answers there is a sync"


def test_with_everysec_a_kill_while_the_disk_hangs_loses_only_the_last_seconds(run_redis: Run, tmp_path: Path) -> None:
    slow = ("-e", "trace=fdatasync", "-e", f"inject=fdatasync:delay_enter={SLOW_SYNC_US}", "-o", os.devnull)
    acknowledged: list[float] = []
    with (
        run_redis(*APPENDONLY, "everysec", folder=tmp_path) as port,
        closing(RedisJournal(url(port), durability="process", timeout_s=60.0)) as journal,
        traced(port, *slow),
    ):
        end = time.monotonic() + 2 * POSTPONED_S
        while time.monotonic() < end:
            journal.append([outcome(len(acknowledged))])
            acknowledged.append(time.monotonic())
        killed = time.monotonic()
        os.kill(pid_of(port), signal.SIGKILL)
    with run_redis(*APPENDONLY, "everysec", at=port, folder=tmp_path), closing(journal_of(port)) as journal:
        kept = journal.last_position()
        assert len(journal.read(0, len(acknowledged))) == kept
    assert kept >= sum(when < killed - POSTPONED_S - MARGIN_S for when in acknowledged)


@pytest.mark.parametrize("lost", [1, 30, 333, 2_000])
def test_a_file_that_lost_its_end_with_the_power_gives_whole_batches_up_to_there(
    run_redis: Run, tmp_path: Path, lost: int
) -> None:
    with run_redis(*APPENDONLY, "no", folder=tmp_path) as port, closing(journal_of(port)) as journal:
        for i in range(50):
            journal.append([outcome(f"{i}-{half}") for half in "ab"])
        os.kill(pid_of(port), signal.SIGKILL)
    (log,) = tmp_path.glob("appendonlydir/*.incr.aof")
    os.truncate(log, log.stat().st_size - lost)
    with run_redis(*APPENDONLY, "no", at=port, folder=tmp_path), closing(journal_of(port)) as journal:
        left = [stored.record.id for stored in journal.read(0, 1_000)]
        assert left == [f"{i}-{half}" for i in range(len(left) // 2) for half in "ab"]
        assert 0 < len(left) < 100
        assert journal.last_position() == len(left)
        assert journal.append([outcome("next")])[0].position == len(left) + 1
        assert journal.append([outcome("0-a")])[0].duplicate


def test_the_same_journal_goes_on_after_its_server_was_killed_and_started_again(run_redis: Run, tmp_path: Path) -> None:
    options = (*APPENDONLY, "always")
    with run_redis(*options, folder=tmp_path) as port:
        journal = RedisJournal(url(port))
        lease = journal.lease("ada", 60_000_000)
        journal.append([outcome("a")], fence=lease.epoch)
        os.kill(pid_of(port), signal.SIGKILL)
        asks: list[Callable[[], object]] = [
            lambda: journal.append([outcome("b")]),
            lambda: journal.read(0, 10),
            lambda: journal.lease("ben", 1),
        ]
        for ask in asks:
            with pytest.raises(JournalError):
                ask()
    with run_redis(*options, at=port, folder=tmp_path), closing(journal):
        assert journal.lease("ben", 1).holder == "ada"
        assert journal.append([outcome("a"), outcome("b")], fence=lease.epoch)[0].duplicate
        assert [stored.record.id for stored in journal.read(0, 10)] == ["a", "b"]
