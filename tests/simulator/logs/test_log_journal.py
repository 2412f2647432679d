"""What our journal holds is a log: the pmf that was sampled from, the features that were used, the final reward."""

from __future__ import annotations

import pytest

from engine.archive.files import LocalFiles
from engine.archive.history import History
from engine.archive.write import Archiver
from engine.example import ExampleMaker
from engine.records.schema import ControlRecord, DecisionRecord
from simulator.logs.faults import Faults
from simulator.logs.journal import JournalReader
from simulator.logs.log import Log
from tests.engine.conftest import bot, declared_plan, make_bot

__all__ = ["bot", "declared_plan", "make_bot"]


@pytest.fixture
def lived(bot):
    """Twelve decisions, some without chance, some never shown; published in between."""
    learner = bot.learner()
    for n in range(12):
        decision = bot.ask(session_id="t" if n == 2 else "s", context={"n": n}, explore=n % 4 != 3, deferred=n == 5)
        if n % 2:
            bot.tell(decision.id, 0.5, outcome_id=f"o{n}")
        if n == 6:
            bot.settle(learner)
    bot.ask("offer")
    bot.settle(learner)
    return bot


def rows_of(bot, past=None, columns=None):
    faults = Faults()
    log = Log(JournalReader(past or bot.journal, bot.sealer, "greeting"))
    return [row for batch in log.batches(faults, columns) for row in batch.rows.to_pylist()], faults


def test_rows_say_what_the_records_say(lived):
    rows, faults = rows_of(lived)
    records = {record.id: record for record in lived.records() if record.placement == "greeting"}
    assert faults.count == 0
    assert [row["id"] for row in rows] == list(records)
    for row in rows:
        record = records[row["id"]]
        assert (tuple(row["candidates"]), tuple(row["pmf"]), row["chosen"]) == (
            record.candidates,
            record.pmf,
            record.chosen,
        )
        assert row["propensity"] == record.pmf[record.chosen]
        assert (row["unit"], row["group"], row["policy"]) == (record.unit, record.group, record.model_version)
    assert [row["reward"] > 0 for row in rows] == [bool(n % 2) for n in range(12)]
    assert [row["learnable"] for row in rows] == [n % 4 != 3 and n != 5 for n in range(12)]


def test_features_are_those_that_were_learned(lived):
    maker = ExampleMaker(lived.sealer)
    for record in lived.records(ControlRecord):
        maker.observe(record)
    records = {record.id: record for record in lived.records(DecisionRecord)}
    for row in rows_of(lived)[0]:
        record = records[row["id"]]
        example = maker.make(record, lived.personal(record), 0.0)
        assert dict(row["context"]) == dict(example.shared)
        assert [dict(each) for each in row["features"]] == [dict(each.features) for each in example.candidates]


def test_batches_give_the_examples_that_were_learned(lived):
    (batch,) = Log(JournalReader(lived.journal, lived.sealer, "greeting")).batches(Faults())
    assert [example.propensity for example in batch.decisions()] == batch.propensity.tolist()


def test_an_archive_gives_the_same_rows(lived, tmp_path):
    archiver = Archiver(lived.journal, LocalFiles(tmp_path / "archive"), part_rows=10)
    while archiver.archive():
        pass
    assert rows_of(lived, History(LocalFiles(tmp_path / "archive"), 0, None)) == rows_of(lived)


def test_erased_persons_have_no_features_and_still_count_where_none_are_wanted(lived):
    lived.keys.forget("session", "t")
    rows, faults = rows_of(lived)
    assert (len(rows), faults.count) == (11, 1)
    assert faults.named[0].field == "sealed"
    rows, faults = rows_of(lived, columns=("id", "candidates", "chosen", "propensity", "reward"))
    assert (len(rows), faults.count) == (12, 0)
