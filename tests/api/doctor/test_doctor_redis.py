"""The doctor looks at a journal that Redis keeps."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine.journal.open import count_shards, open_journal, open_shards
from engine.records.schema import TickRecord

DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


def test_a_journal_in_redis_is_read_to_its_end(home, diagnose, run_redis):
    with run_redis(*DURABLE) as port:
        url = f"redis://127.0.0.1:{port}/0"
        journal = open_journal(url)
        journal.append([TickRecord(), TickRecord()])
        journal.close()
        [finding] = diagnose(home, settings={"journal": url})["journal"]
    assert finding.status == "ok"
    assert finding.what.startswith("2 records in Redis, the newest ")
    assert finding.what.endswith("the last 2 read")


def test_an_empty_journal_in_redis_is_no_fault(home, diagnose, run_redis):
    with run_redis(*DURABLE) as port:
        [finding] = diagnose(home, settings={"journal": f"redis://127.0.0.1:{port}/0"})["journal"]
    assert finding.status == "ok"
    assert finding.what == "0 records in Redis; the last 0 read"


def test_a_redis_that_keeps_too_little_is_found(home, diagnose, run_redis):
    with run_redis() as port:
        [finding] = diagnose(home, settings={"journal": f"redis://127.0.0.1:{port}/0"})["journal"]
    assert finding.status == "fail"
    assert "appendonly yes" in finding.what


@pytest.mark.parametrize("scheme", ["redis", "mysql"])
def test_a_journal_that_does_not_answer_is_found_without_its_password_being_told(home, diagnose, free_port, scheme):
    found = diagnose(home, settings={"journal": f"{scheme}://:secret@127.0.0.1:{free_port}/0"})
    [finding] = found["journal"]
    assert finding.status == "fail"
    texts = [text for findings in found.values() for each in findings for text in (each.what, each.mend)]
    assert not any("secret" in text or "cannot be examined" in text for text in texts)


def test_every_shard_of_a_journal_in_a_cluster_is_examined(home, diagnose, cluster):
    url = cluster.url("doctor", shards=2)
    settings = {"journal": url}
    assert [finding.what for finding in diagnose(home, settings=settings)["journal"]] == ["there is no journal yet"]
    assert count_shards(url, make=False) == 0, "the doctor makes nothing"

    with closing(open_shards(url)) as shards:
        for records, journal in enumerate(shards.journals, start=1):
            journal.append([TickRecord()] * records)
        found = diagnose(home, settings=settings)

    assert [finding.status for finding in found["journal"]] == ["ok", "ok"]
    for shard, finding in enumerate(found["journal"]):
        assert finding.what.startswith(f"shard {shard}: {shard + 1} records in Redis, the newest ")
    assert {finding.what.partition(":")[0] for finding in found["learner"]} == {"shard 0", "shard 1"}


def test_a_cluster_whose_replicas_do_not_confirm_is_found(home, diagnose, cluster):
    url = cluster.url("unconfirmed", shards=1, confirm=0)
    with closing(open_shards(url)) as shards:
        shards.append([TickRecord()])
    [finding] = diagnose(home, settings={"journal": url.replace("confirm=0", "confirm=2")})["journal"]
    assert finding.status == "fail"
    assert "1 of 2 replicas confirmed" in finding.what
