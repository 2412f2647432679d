"""The doctor looks at a journal that Redis keeps."""

from __future__ import annotations

import pytest

from engine.journal.open import open_journal
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
