"""The doctor sees what waits for the journal, whoever left it there."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine.records.schema import ShownRecord
from engine.spool.folder import DAMAGED
from engine.spool.spool import Spool

LEAST_BYTES = 4_096


def left(home, records):
    """As by a process that ended while the journal was away."""
    with closing(Spool(home / "spool" / "0")) as spool:
        spool.append([ShownRecord(decision_id=str(n)) for n in range(records)])


@pytest.fixture
def bare_home(tmp_path):
    """Nothing else is there to examine."""
    home = tmp_path / "home"
    home.mkdir()
    return home


def test_an_empty_spool_is_no_news(bare_home, diagnose):
    [finding] = diagnose(bare_home)["spool"]
    assert (finding.status, finding.what) == ("ok", "nothing waits for the journal")


def test_what_waits_is_counted_and_left_where_it_is(bare_home, diagnose):
    left(bare_home, 3)
    [finding] = diagnose(bare_home)["spool"]
    assert finding.status == "warn"
    assert finding.what.startswith("3 records (")
    with closing(Spool(bare_home / "spool" / "0")) as spool:
        assert spool.adopt() == 3


def test_a_spool_that_is_full_fails(bare_home, diagnose):
    left(bare_home, 200)
    [finding] = diagnose(bare_home, settings={"spool_max_bytes": LEAST_BYTES})["spool"]
    assert finding.status == "fail"


def test_what_could_not_be_read_is_named(bare_home, diagnose):
    left(bare_home, 1)
    [file] = (bare_home / "spool" / "0").iterdir()
    file.with_suffix(DAMAGED).write_bytes(b"torn")
    waiting, damaged = diagnose(bare_home)["spool"]
    assert (waiting.status, damaged.status) == ("warn", "warn")
    assert file.with_suffix(DAMAGED).name in damaged.what
