"""The journal in a Redis Cluster: its URL, its shards, what it asks of every node, and slots that move."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import pytest
from redis.crc import key_slot

from engine.errors import ConfigError, JournalError
from engine.journal.cluster import shard_tag
from engine.journal.cluster_link import WAIT_MS
from engine.journal.cluster_url import Address, ClusterUrl, parse
from engine.journal.open import count_shards, open_journal, open_shard, open_shards
from engine.records.schema import OutcomeRecord
from tests.cluster import HOST, Cluster, Node, until


def outcome(id: str) -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id="d", metric="m", value=1.0)


def key_of(name: str, shard: int = 0, shards: int = 1) -> str:
    return f"{{{shard_tag(name, shard, shards)}}}"


@contextmanager
def configured(node: Node, setting: str, value: str, back: str) -> Iterator[None]:
    node.command("CONFIG SET", setting, value)
    try:
        yield
    finally:
        node.command("CONFIG SET", setting, back)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+cluster://a:7000", {"addresses": (Address("a", 7000),)}),
        ("redis+cluster://a,b:7001#shop", {"addresses": (Address("a", 6379), Address("b", 7001)), "name": "shop"}),
        ("redis+cluster://[::1]:7000/?shards=3&confirm=0", {"addresses": (Address("::1", 7000),), "shards": 3}),
        ("rediss+cluster://u:p%40ss@a:1", {"username": "u", "password": "p@ss", "tls": True}),
        ("redis+cluster://:secret@a:1", {"username": None, "password": "secret"}),
    ],
)
def test_what_a_url_says(url: str, expected: dict[str, object]) -> None:
    parsed = parse(url, "maitred")
    assert {name: getattr(parsed, name) for name in expected} == expected
    assert parsed.confirm == (0 if "confirm=0" in url else None)


@pytest.mark.parametrize(
    "url",
    [
        "redis+cluster://",
        "redis+cluster://a:none",
        "redis+cluster://a:70000",
        "redis+cluster://a:1,,b:2",
        "redis+cluster://a:1/0",
        "redis+cluster://a:1?shards=0",
        "redis+cluster://a:1?shards=1025",
        "redis+cluster://a:1?confirm=-1",
        "redis+cluster://a:1?confirm=",
        "redis+cluster://a:1?replicas=1",
        "redis+cluster://a:1#with}brace",
        "redis+cluster://u:hush@a:b",
    ],
)
def test_a_url_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        open_shards(url)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize("shards", [1, 2, 3, 7])
def test_shards_lie_evenly_over_the_slots(shards: int) -> None:
    slots = [key_slot(key_of("maitred", shard, shards).encode()) for shard in range(shards)]
    assert [slot * shards // 16_384 for slot in slots] == list(range(shards))


def test_by_default_there_is_a_shard_for_each_master_and_their_number_never_changes(cluster: Cluster) -> None:
    with closing(open_shards(cluster.url("default"))) as shards:
        assert [journal.append([outcome("a")])[0].position for journal in shards.journals] == [1, 1, 1]
        assert len({cluster.master(key_of("default", shard, 3)).port for shard in shards.everywhere}) == 3
    assert count_shards(cluster.url("default", shards=3)) == 3
    with pytest.raises(ConfigError, match="has 3 shards, not 2"):
        open_shards(cluster.url("default", shards=2))
    with pytest.raises(ConfigError, match="3 shards: one alone"):
        open_journal(cluster.url("default"))
    with pytest.raises(ConfigError, match="there is no shard 3"):
        open_shard(cluster.url("default"), 3)
    with closing(open_shard(cluster.url("default"), 2)) as shard:
        assert shard.last_position() == 1


def test_any_node_that_answers_leads_to_the_others(cluster: Cluster) -> None:
    for node in cluster.nodes:
        seeds = f"{HOST}:1,{HOST}:{node.port}"
        with closing(open_journal(f"redis+cluster://{seeds}?shards=1#seeds")) as journal:
            journal.append([outcome(f"{node.port}")])
            assert journal.find("outcome", f"d/{node.port}") is not None


def test_no_node_is_said_at_once() -> None:
    with pytest.raises(JournalError, match="no node of the cluster answers"):
        open_shards(f"redis+cluster://{HOST}:1,{HOST}:2")


@pytest.mark.parametrize("which", ["master", "replica"])
@pytest.mark.parametrize(
    ("setting", "value", "back", "durability"),
    [("appendfsync", "everysec", "always", "power"), ("appendonly", "no", "yes", "process")],
)
def test_a_node_that_keeps_less_than_was_asked_for_is_refused(
    cluster: Cluster, which: str, setting: str, value: str, back: str, durability: str
) -> None:
    master = cluster.master(key_of("durable"))
    node = master if which == "master" else cluster.replicas(master)[0]
    url = cluster.url("durable", shards=1)
    open_journal(url).close()
    with configured(node, setting, value, back), pytest.raises(ConfigError, match=f"{node.port} .*{setting} "):
        open_journal(url, durability=durability)


def test_more_confirmations_than_replicas_is_an_error_and_no_acknowledgement(cluster: Cluster) -> None:
    open_journal(cluster.url("most", shards=1)).close()
    with closing(open_journal(cluster.url("most", shards=1, confirm=0))) as journal:
        journal.append([outcome("kept")])
    with closing(open_shard(cluster.url("most", shards=1, confirm=2), 0)) as journal:
        with pytest.raises(JournalError, match="1 of 2 replicas confirmed"):
            journal.append([outcome("a")])
        assert journal.read(2, 10) == [], "nothing was read: nothing to confirm"


def test_a_reader_waits_for_a_replica_that_catches_up(cluster: Cluster) -> None:
    with closing(open_journal(cluster.url("behind", shards=1))) as journal:
        journal.append([outcome("a")])
        (replica,) = cluster.replicas(cluster.master(key_of("behind")))
        replica.signal(signal.SIGSTOP)
        threading.Timer(1.5 * WAIT_MS / 1_000, replica.signal, [signal.SIGCONT]).start()
        assert [stored.record for stored in journal.read(0, 10)] == [outcome("a")]
        assert journal.find_all("outcome", ["d/a", "d/b"]).keys() == {"d/a"}


def test_reading_writes_only_what_confirms_that_something_was_read(cluster: Cluster) -> None:
    def written() -> int:
        return int(cluster.master(key).client.info("persistence")["rdb_changes_since_last_save"])

    key = key_of("idle")
    with closing(open_journal(cluster.url("idle", shards=1))) as journal:
        journal.append([outcome("a")])
        before = written()
        for _ in range(20):
            assert journal.read(1, 10) == []
            assert journal.find("outcome", "d/b") is None
            assert journal.last_position() == 1
        assert written() == before
        assert len(journal.read(0, 10)) == 1
        assert written() == before + 1


def test_journals_of_one_cluster_do_not_see_each_other(cluster: Cluster) -> None:
    urls = (cluster.url(name, shards=1) for name in ("one", "two"))
    with closing(open_journal(next(urls))) as one, closing(open_journal(next(urls))) as two:
        one.append([outcome("a")])
        assert two.last_position() == 0
        assert not two.append([outcome("a")])[0].duplicate


def test_a_slot_moves_to_another_master_while_it_is_written_to(cluster: Cluster) -> None:
    key = key_of("moving")
    done = threading.Event()
    kept: list[int] = []

    def write(url: str) -> None:
        with closing(open_journal(url)) as journal:
            journal.lease("learner", 1)  # so that every key is there: Redis serves no absent ones on the way
            while not done.is_set():
                try:
                    kept.append(journal.append([outcome(str(len(kept)))])[0].position)
                except JournalError:
                    done.wait(0.01)  # a part of the keys is here, a part there

    writer = threading.Thread(target=write, args=(cluster.url("moving", shards=1),))
    writer.start()
    try:
        until(lambda: len(kept) > 20, "something is written")
        source = cluster.master(key)
        target = next(node for node in cluster.nodes if node.role == "master" and node is not source)
        _move(cluster, key_slot(key.encode()), source, target, before_it_is_told=lambda: _grows(kept))
        _grows(kept)
    finally:
        done.set()
        writer.join()

    assert cluster.master(key) is target
    with closing(open_journal(cluster.url("moving", shards=1))) as journal:
        stored = journal.read(0, 100_000)
    assert [each.position for each in stored] == list(range(1, len(stored) + 1))
    assert [each.record.id for each in stored][: len(kept)] == [str(n) for n in range(len(kept))]
    assert kept == list(range(1, len(kept) + 1))


def test_a_master_that_keeps_too_little_takes_nothing_when_a_slot_comes_to_it(cluster: Cluster) -> None:
    key = key_of("careless")
    source = cluster.master(key)
    target = next(node for node in cluster.nodes if node.role == "master" and node is not source)
    with closing(open_journal(cluster.url("careless", shards=1))) as journal:
        journal.append([outcome("a")])
        with configured(target, "appendfsync", "everysec", "always"):
            _move(cluster, key_slot(key.encode()), source, target, before_it_is_told=lambda: None)
            with pytest.raises(JournalError, match=f"{target.port} .*appendfsync everysec"):
                journal.append([outcome("b")])
        assert journal.append([outcome("b")])[0].position == 2


def _grows(kept: list[int]) -> None:
    before = len(kept)
    until(lambda: len(kept) > before + 10, "writing goes on")


def _move(cluster: Cluster, slot: int, source: Node, target: Node, before_it_is_told: Callable[[], None]) -> None:
    """As ``redis-cli --cluster reshard`` does; all keys are at the target before the cluster is told."""
    ids = {node: node.command("CLUSTER MYID").decode() for node in (source, target)}
    target.command("CLUSTER SETSLOT", slot, "IMPORTING", ids[source])
    source.command("CLUSTER SETSLOT", slot, "MIGRATING", ids[target])
    while keys := source.command("CLUSTER GETKEYSINSLOT", slot, 100):
        source.command("MIGRATE", HOST, target.port, "", 0, 5_000, "KEYS", *keys)
    before_it_is_told()
    for node in (target, source):
        node.command("CLUSTER SETSLOT", slot, "NODE", ids[target])
    cluster.settle()


def test_the_default_name_and_shards_are_left_to_whoever_opens() -> None:
    assert parse("redis+cluster://a:1", "maitred") == ClusterUrl(addresses=(Address("a", 1),), name="maitred")
