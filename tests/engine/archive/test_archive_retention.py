"""Nothing is cut that is not archived, that is young, or that a learner would still have to read."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.archive.history import History
from engine.archive.manifest import MANIFEST, folder_of, read_manifest
from engine.archive.retention import checked_archive, cuttable
from engine.archive.write import Archiver
from engine.config import PolicySpec
from engine.errors import ArchiveError, CorruptRecord
from engine.orders import Orders, Reason
from engine.records.schema import DecisionRecord, SettlementRecord, TickRecord

DAY_US = 86_400_000_000


def position(lived, files, age_us: int = 0) -> tuple[int, str]:
    return cuttable(lived.journal, lived.snapshots, read_manifest(files, 0), age_us)


def pass_time(lived, days: float) -> None:
    """Something is recorded after so many days."""
    lived.clock.advance(days * 86_400)
    lived.journal.append([TickRecord()])


def test_everything_old_archived_and_learned_may_go(lived, files, archive):
    last = archive().position
    pass_time(lived, 100)
    assert position(lived, files, 90 * DAY_US) == (last, "the rest is not archived yet")
    archive()
    assert position(lived, files, 90 * DAY_US) == (last, "the rest is younger")
    assert position(lived, files, 101 * DAY_US) == (0, "the rest is younger")


def test_age_is_counted_in_journal_time_from_the_newest_record(lived, files, archive):
    archive()
    decisions = [s for s in lived.journal.read(0, 1_000) if isinstance(s.record, DecisionRecord)]
    newest = lived.journal.read(lived.journal.last_position() - 1, 1)[0].time_us
    age = newest - decisions[5].time_us
    older = [s.position for s in lived.journal.read(0, 1_000) if s.time_us < decisions[5].time_us]
    assert position(lived, files, age) == (older[-1], "the rest is younger")


def test_an_unsettled_decision_stays_and_so_does_an_outcome_that_came_before_its_decision(lived, files, archive):
    last = lived.journal.last_position()
    lived.tell("not-yet-there")
    lived.ask(decision_id="not-yet-there")
    archive()
    pass_time(lived, 1 / 86_400)
    assert position(lived, files) == (last, "the next decision is not settled yet")


def test_what_no_snapshot_has_stays(lived, files, archive):
    before = lived.snapshots.current("greeting")
    decided = lived.journal.last_position() + 1
    lived.ask()
    lived.settle(lived.learner())
    archive()
    assert lived.snapshots.current("greeting").settled_position > before.settled_position
    pass_time(lived, 1)
    assert position(lived, files)[0] == read_manifest(files, 0).position
    for manifest in lived.snapshots.versions("greeting"):
        if manifest.settled_position > before.settled_position:
            lived.snapshots.path(manifest).write_bytes(b"nothing")
    assert position(lived, files) == (decided - 1, "the next decision was learned, and no snapshot has it yet")


@pytest.mark.parametrize("lose", [Path.unlink, lambda path: path.write_bytes(b"nothing")], ids=["lost", "damaged"])
def test_without_a_good_snapshot_all_that_the_lineage_learned_stays(lived, files, archive, lose):
    archive()
    pass_time(lived, 1)
    for manifest in lived.snapshots.versions("greeting"):
        lose(lived.snapshots.path(manifest))
    first = min(r.decision_position for r in lived.records(SettlementRecord) if r.learn and r.placement == "greeting")
    assert position(lived, files) == (first - 1, "the next decision was learned, and no snapshot has it yet")


def test_a_lineage_that_starts_anew_needs_nothing_of_the_old_one(lived, files, archive):
    for manifest in lived.snapshots.versions("greeting"):
        lived.snapshots.path(manifest).unlink()
    Orders(lived.journal, lived.snapshots, lived.clock).reset("greeting", Reason("me", "a test"))
    pass_time(lived, 1)
    archive()
    assert position(lived, files)[1] == "the rest is younger"


def test_a_model_that_does_not_resume_exactly_keeps_what_it_learned_since_its_origin(make_bot, files):
    bot = make_bot(policy=PolicySpec(params={"flags": "--cb_explore_adf --bag 3 --epsilon 0.1 -q SA -b 12"}))
    first = bot.journal.last_position() + 1
    bot.ask()
    bot.settle(bot.learner())
    pass_time(bot, 1)
    Archiver(bot.journal, files).archive()
    assert bot.snapshots.current("greeting") is not None
    assert position(bot, files)[0] <= first + 1
    assert "no snapshot" in position(bot, files)[1]


def test_without_an_archive_what_is_old_and_not_needed_may_go(lived):
    last = lived.journal.last_position()
    pass_time(lived, 1)
    assert cuttable(lived.journal, lived.snapshots, None, 0) == (last, "the rest is younger")


def test_a_damaged_file_of_what_would_be_cut_stops_it(lived, files, archive, tmp_path):
    archive()
    assert checked_archive(files, 0, lived.journal) == read_manifest(files, 0)
    part = tmp_path / "archive" / read_manifest(files, 0).records[1].name
    part.write_bytes(part.read_bytes()[:-1])
    with pytest.raises(CorruptRecord, match=f"{part.name} is missing or damaged: nothing is cut"):
        checked_archive(files, 0, lived.journal)


def test_nothing_is_cut_where_nothing_is_archived(lived, files):
    with pytest.raises(ArchiveError, match="nothing of shard 0 is archived"):
        checked_archive(files, 0, lived.journal)


def test_after_a_cut_history_has_everything_and_the_archiver_goes_on(lived, files, archive):
    archive()
    expected = lived.journal.read(0, 1_000)
    pass_time(lived, 1)
    lived.journal.cut(position(lived, files)[0])
    assert len(lived.journal.read(0, 1_000)) < len(expected)
    lived.ask(decision_id="afterwards")
    archive()
    for history in (History(files, 0, lived.journal), History(files, 0, None)):
        assert [stored.position for stored in history.read(0, len(expected))] == [s.position for s in expected]
        assert history.find("decision", "afterwards") is not None
        assert history.last_position() == lived.journal.last_position()


def test_after_a_cut_the_learner_goes_on_from_its_snapshots(lived, files, archive):
    archive()
    pass_time(lived, 1)
    lived.journal.cut(position(lived, files)[0])
    again = lived.learner()
    learned = again.fold.lineages["greeting"].learned
    assert again.fold.lineages["greeting"].settled_position == lived.snapshots.current("greeting").settled_position
    decision = lived.ask()
    lived.tell(decision.id)
    lived.settle(again)
    assert lived.records(SettlementRecord)[-1].decision_id == decision.id
    assert again.fold.lineages["greeting"].learned == learned + 1


def test_a_decision_cut_from_the_journal_while_its_settlement_waits_is_archived_all_the_same(lived, files, tmp_path):
    """The archiver stopped between the two; retention came in between."""
    lived.settle(lived.learner())
    decision = lived.ask()
    archiver = Archiver(lived.journal, files, part_rows=1_000)
    archiver.archive()
    archived = archiver.position
    lived.tell(decision.id)
    lived.settle(lived.learner())
    lived.journal.cut(archived)
    Archiver(lived.journal, files).archive()
    assert History(files, 0, None).last_position() == lived.journal.last_position()
    rows = [part for part in read_manifest(files, 0).decisions if part.first > archived]
    assert sum(part.rows for part in rows) == 1


@pytest.mark.parametrize("how", ["lost", "an older one"])
def test_a_manifest_that_is_lost_after_a_cut_takes_no_file_with_it(lived, files, archive, how):
    """Without its manifest a file looks like the leftover of a killed archiver; here it is the only copy."""
    Archiver(lived.journal, files, part_rows=10).archive()
    name = f"{folder_of(0)}/{MANIFEST}"
    older = files.get(name)
    archive()
    kept = files.names("")
    lived.journal.cut(lived.journal.last_position())
    files.drop(name) if how == "lost" else files.put(name, older)
    with pytest.raises(ArchiveError, match="is in no manifest"):
        Archiver(lived.journal, files)
    assert set(files.names("")) | {name} == set(kept)


def test_leftovers_of_a_killed_archiver_are_removed_while_the_journal_has_everything(lived, files, archive):
    archive()
    files.drop(f"{folder_of(0)}/{MANIFEST}")
    archive()
    assert History(files, 0, None).last_position() == lived.journal.last_position()
