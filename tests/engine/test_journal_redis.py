"""The journal in Redis when its server is wrongly set, killed, full, read-only, silent or not there."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import pytest
import redis

from engine.errors import ConfigError, JournalError
from engine.journal.redis import RedisJournal
from engine.records.schema import OutcomeRecord

Run = Callable[..., AbstractContextManager[int]]
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


def outcome(id: str) -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id="d", metric="m", value=1.0)


def url(port: int) -> str:
    return f"redis://127.0.0.1:{port}/0"


@contextmanager
def killed(port: int, how: signal.Signals = signal.SIGKILL) -> Iterator[int]:
    """Signals the server; the block gets its process id."""
    with redis.Redis(port=port) as client:
        pid = int(client.info("server")["process_id"])
    os.kill(pid, how)
    yield pid


@pytest.mark.parametrize(
    ("options", "durability", "said"),
    [
        ((), "process", "appendonly yes"),
        (("--appendonly", "yes"), "power", "appendfsync always"),
        (("--appendonly", "yes", "--appendfsync", "no"), "power", "appendfsync always"),
    ],
)
def test_a_server_that_keeps_less_than_was_asked_for_is_refused(run_redis: Run, options, durability, said) -> None:
    with run_redis(*options) as port, pytest.raises(ConfigError, match=said):
        RedisJournal(url(port), durability=durability)


def test_less_durability_is_taken_when_it_is_asked_for(run_redis: Run) -> None:
    with run_redis("--appendonly", "yes") as port, closing(RedisJournal(url(port), durability="process")) as journal:
        assert not journal.append([outcome("a")])[0].duplicate


def test_what_was_acknowledged_survives_the_death_of_the_server(run_redis: Run, tmp_path: Path) -> None:
    with run_redis(*DURABLE, folder=tmp_path) as port, closing(RedisJournal(url(port))) as journal:
        kept = journal.append([outcome(f"o{i}") for i in range(100)])
        with killed(port), pytest.raises(JournalError, match="append"):
            journal.append([outcome("lost")])
    with run_redis(*DURABLE, at=port, folder=tmp_path), closing(RedisJournal(url(port))) as journal:
        assert [stored.position for stored in journal.read(0, 1_000)] == [place.position for place in kept]
        assert journal.append([outcome("o7")])[0] == kept[7]._replace(duplicate=True)
        assert journal.append([outcome("next")])[0].position > kept[-1].position


def test_a_full_server_refuses_and_keeps_what_it_has(run_redis: Run) -> None:
    with run_redis(*DURABLE, "--maxmemory-policy", "noeviction") as port, closing(RedisJournal(url(port))) as journal:
        journal.append([outcome("a")])
        with redis.Redis(port=port) as client:
            client.config_set("maxmemory", "1mb")
            with pytest.raises(JournalError, match="maxmemory"):
                journal.append([outcome("b"), outcome("c")])
            client.config_set("maxmemory", "0")
        assert [stored.record for stored in journal.read(0, 10)] == [outcome("a")]
        assert not journal.append([outcome("b")])[0].duplicate


def test_a_read_only_replica_refuses(run_redis: Run) -> None:
    with run_redis(*DURABLE) as port, closing(RedisJournal(url(port))) as journal:
        journal.append([outcome("a")])
        with redis.Redis(port=port) as client:
            client.replicaof("127.0.0.1", "1")
        with pytest.raises(JournalError, match="read only"):
            journal.append([outcome("b")])
        assert journal.find("outcome", "d/a") is not None


def test_a_silent_server_is_given_up_on(run_redis: Run) -> None:
    with run_redis(*DURABLE) as port, closing(RedisJournal(url(port), timeout_s=0.2)) as journal:
        journal.append([outcome("a")])
        with killed(port, signal.SIGSTOP) as pid:
            with pytest.raises(JournalError, match=r"[Tt]ime"):
                journal.append([outcome("b")])
            os.kill(pid, signal.SIGCONT)
        again = journal.append([outcome("b")])[0]
        assert [stored.position for stored in journal.read(0, 10)] == [1, again.position]


def test_no_server_is_said_at_once() -> None:
    with pytest.raises(JournalError, match="open the journal"):
        RedisJournal("redis://127.0.0.1:1/0")


def test_a_url_that_is_none_is_a_matter_of_configuration() -> None:
    with pytest.raises(ConfigError, match="Port"):
        RedisJournal("redis://127.0.0.1:none/0")


def test_journals_of_one_server_do_not_see_each_other(run_redis: Run) -> None:
    with (
        run_redis(*DURABLE) as port,
        closing(RedisJournal(url(port), name="one")) as one,
        closing(RedisJournal(url(port), name="two")) as two,
    ):
        one.append([outcome("a")])
        assert two.last_position() == 0
        assert not two.append([outcome("a")])[0].duplicate
