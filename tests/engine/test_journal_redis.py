"""The journal in Redis when its server is read-only, silent, not there, or has lost what it should have."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager

import pytest
import redis

from engine.errors import ConfigError, CorruptRecord, JournalError
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


def test_a_read_only_replica_refuses(run_redis: Run) -> None:
    with run_redis(*DURABLE) as port, closing(RedisJournal(url(port))) as journal:
        journal.append([outcome("a")])
        with redis.Redis(port=port) as client:
            client.replicaof("127.0.0.1", "1")
        with pytest.raises(JournalError, match="read only"):
            journal.append([outcome("b")])
        assert journal.find("outcome", "d/a") is not None
        with redis.Redis(port=port) as client:
            client.replicaof("NO", "ONE")
        assert journal.append([outcome("b")])[0].position == 2


def test_a_server_whose_replicas_are_gone_refuses_where_it_must_have_them(run_redis: Run) -> None:
    with run_redis(*DURABLE) as port, closing(RedisJournal(url(port))) as journal:
        journal.append([outcome("a")])
        with redis.Redis(port=port) as client:
            client.config_set("min-replicas-to-write", 1)
            with pytest.raises(JournalError, match="replicas"):
                journal.append([outcome("b")])
            assert [stored.position for stored in journal.read(0, 10)] == [1]
            client.config_set("min-replicas-to-write", 0)
        assert journal.append([outcome("b")])[0].position == 2


def test_a_record_that_is_known_but_gone_is_no_record_that_never_was(run_redis: Run) -> None:
    with run_redis(*DURABLE) as port, closing(RedisJournal(url(port), name="j")) as journal:
        journal.append([outcome("a"), outcome("b")])
        with redis.Redis(port=port) as client:
            client.xdel("{j}:log", "2-0")
        with pytest.raises(CorruptRecord, match="position 2 is missing"):
            journal.find("outcome", "d/b")
        with pytest.raises(CorruptRecord, match="position 2 is missing"):
            journal.about("d")


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
