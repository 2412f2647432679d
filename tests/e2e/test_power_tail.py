"""The end of the journal's file is damaged: what is read is a true beginning, or the damage is named; never a guess."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from api.settings import Settings
from api.wiring import open_histories
from engine.errors import CorruptRecord
from engine.journal.base import Stored
from tests.chaos.bot import write_config
from tests.chaos.deployment import Deployment
from tests.chaos.ledger import Ledger
from tests.power.load import under_load
from tests.power.recovery import learner_in_office

pytestmark = pytest.mark.alone
SEED = 20_260_601
DECISIONS = 300
LOG = "journal.db-wal"
LOG_HEADER = 32
FRAME_HEADER, FRAME = 24, 24 + 4_096
COMMITS = (2, 8, 16, 24)
"""Counted from the end."""


@pytest.fixture(scope="module")
def crashed(tmp_path_factory, feast_home) -> tuple[Deployment, list[Stored]]:
    """A deployment killed under load, its last records in the write-ahead log alone; and all of its records."""
    folder = tmp_path_factory.mktemp("crashed")
    write_config(folder / "bot.yaml")
    deployment = Deployment(folder / "home", folder / "bot.yaml", feast_home / "features" / "plan.json")
    deployment.start()
    deployment.wait_until_ready()
    asyncio.run(under_load(deployment, Ledger(), seed=SEED, customers=4, decisions=DECISIONS))
    deployment.kill_all()
    return deployment, _read(_copied(deployment.home, folder / "whole"))


def _copied(home: Path, to: Path) -> Path:
    return Path(shutil.copytree(home, to))


def _read(home: Path) -> list[Stored]:
    (journal,) = open_histories(Settings(home=home)).journals
    try:
        return journal.read(0, 1_000_000)
    finally:
        journal.close()


def _cut(log: Path, where: int) -> None:
    with log.open("r+b") as file:
        file.truncate(where)


def _flip(log: Path, where: int) -> None:
    content = bytearray(log.read_bytes())
    content[where] ^= 0x10
    log.write_bytes(content)


def _near_the_end(log: Path) -> Sequence[int]:
    """Places in some of the last commits: in the last byte of all, in pages, and in a frame's header."""
    luck, ends = random.Random(SEED), _commits(log.read_bytes())
    frames = [ends[-number] - FRAME for number in COMMITS]
    inside = [frame + luck.randrange(FRAME_HEADER, FRAME) for frame in frames]
    return [ends[-1] - 1, *inside, frames[-1] + FRAME_HEADER - 1]


def _commits(log: bytes) -> list[int]:
    """Where commits end. After a checkpoint the log begins anew, over what it had before.

    SQLite's file format, section 4: the log's header and each frame in use have the same salts, and the last frame of a
    commit says how many pages the database has then.
    """
    salts, start, ends = log[16:24], LOG_HEADER, []
    while log[start + 8 : start + 16] == salts:
        if any(log[start + 4 : start + 8]):
            ends.append(start + FRAME)
        start += FRAME
    return ends


@pytest.mark.parametrize("damage", [_cut, _flip])
def test_a_damaged_end_of_the_log_leaves_a_true_beginning_which_is_learned_once(crashed, tmp_path, damage):
    deployment, whole = crashed
    places = _near_the_end(deployment.home / LOG)
    lengths = set()
    for number, where in enumerate(places):
        home = _copied(deployment.home, tmp_path / str(number))
        damage(home / LOG, where)
        left = _read(home)
        assert left == whole[: len(left)]
        lengths.add(len(left))
        _goes_on_from(home)
        verified = deployment.run("verify", home=home)
        assert verified.returncode == 0, verified.stderr
        assert _read(home)[: len(left)] == left
    assert len(lengths) > 1, "the damage was in one commit only"
    assert max(lengths) < len(whole)


@pytest.mark.parametrize("kind", ["decision", "outcome", "settlement"])
def test_a_damaged_record_is_named_and_neither_learned_nor_passed_over(crashed, tmp_path, kind):
    deployment, _ = crashed
    home = _copied(deployment.home, tmp_path / "home")
    position = _damage_last(home / "journal.db", kind)
    with pytest.raises(CorruptRecord, match=rf"position {position}\b"):
        _goes_on_from(home)
    verified = deployment.run("verify", home=home)
    assert verified.returncode == 1
    assert f"position {position}" in verified.stderr


def _damage_last(journal: Path, kind: str) -> int:
    """Change one bit of the newest record of a kind, where the file keeps it; returns its position."""
    with closing(sqlite3.connect(journal)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        position, body = database.execute(
            "SELECT position, body FROM records WHERE kind = ? ORDER BY position DESC LIMIT 1", (kind,)
        ).fetchone()
    _flip(journal, journal.read_bytes().index(body) + len(body) - 3)
    return int(position)


def _goes_on_from(home: Path) -> None:
    learner = learner_in_office(Settings(home=home))
    learner.restore()
    while learner.step():
        pass
    learner.tenure.end()
