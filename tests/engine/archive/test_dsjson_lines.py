"""A line says what happened to one decision, laid out as the tools of Vowpal Wabbit and mwt-ds cut it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from engine.archive.dsjson import DsjsonExport
from engine.archive.files import LocalFiles
from engine.archive.history import History
from engine.archive.labels import Learned, Logged
from engine.archive.line_file import appearing
from engine.archive.write import Archiver
from engine.config import PolicySpec, TrafficSpec
from engine.errors import CorruptRecord
from engine.records.schema import DecisionRecord, SettlementRecord, ShownRecord
from engine.types import OfferedAction

FLAGS = "--cb_explore_adf --squarecb --epsilon 0.02 -q SA -b 12"
KEYS = ["_label_cost", "_label_probability", "_label_Action", "_labelIndex", "o", "_skipLearn", "Timestamp", "Version"]
KEYS += ["EventId", "a", "placement", "group", "_original_label_cost", "c", "p", "VWState"]


@pytest.fixture
def lines(tmp_path):
    """Exports a bot's journal, or another source; the lines, and what became of the rest."""

    def run(bot, labels=None, placement=None, source=None):
        path = tmp_path / "out.dsjson"
        with appearing(path) as file:
            done = DsjsonExport(source or bot.journal, bot.sealer, labels or Logged(), file, placement).run()
        found = path.read_bytes().splitlines(keepends=True)
        assert len(found) == done.lines
        return found, done

    return run


def settled(bot, **fields):
    decision = bot.ask(**fields)
    bot.tell(decision.id, 0.25, outcome_id="first")
    bot.tell(decision.id, 0.5, outcome_id="second")
    bot.settle(bot.learner())
    return decision, next(record for record in bot.records(DecisionRecord) if record.id == decision.id)


def test_a_line_says_what_happened(bot, lines):
    decision, record = settled(bot, context={"mood": "good"})
    found, _ = lines(bot)
    line = json.loads(found[0])
    chosen = record.chosen
    assert line["_label_cost"] == -0.75
    assert line["_label_probability"] == pytest.approx(record.pmf[chosen], rel=1e-8)
    assert (line["_label_Action"], line["_labelIndex"], line["a"][0]) == (chosen + 1, chosen, chosen + 1)
    assert [(o["v"], o["EventId"], o["ActionTaken"]) for o in line["o"]] == [
        (0.25, decision.id, False),
        (0.5, decision.id, False),
    ]
    assert (line["EventId"], line["Version"], line["placement"]) == (decision.id, "1", "greeting")
    assert line["Timestamp"] == "2026-09-21T12:00:00.0000000Z"
    assert [action["_tag"] for action in line["c"]["_multi"]] == list(record.candidates)
    assert line["c"]["_multi"][0]["A"]["id=plain"] == 1.0
    assert line["c"]["S"]["request.mood=good"] == 1.0
    assert sorted(line["a"]) == list(range(1, len(record.candidates) + 1))
    assert line["p"] == [pytest.approx(record.pmf[number - 1], rel=1e-8) for number in line["a"]]
    assert line["p"][0] == line["_label_probability"]
    assert line["VWState"] == {"m": record.model_version}
    assert "_skipLearn" not in line


def test_keys_are_in_the_order_and_without_the_spaces_that_other_tools_rely_on(bot, lines):
    settled(bot)
    settled(bot, explore=False)
    found, done = lines(bot)
    assert (done.lines, done.skipped) == (2, 1)
    for line, keys in zip(found, ([key for key in KEYS if key != "_skipLearn"], KEYS), strict=True):
        assert list(json.loads(line)) == keys
        assert line.startswith(b'{"_label_cost":')
        assert line.endswith(b'"}}\n')
        assert json.dumps(json.loads(line), separators=(",", ":"), ensure_ascii=False).count(" ") == line.count(b" ")


@pytest.mark.parametrize("count", [2, 15, 60, 200])
def test_probabilities_are_where_tools_look_for_them_however_many_there_are(make_bot, lines, count):
    """They look into the last 120 + 15 characters a candidate."""
    bot = make_bot(traffic=TrafficSpec(champion=0.0, random=1.0))
    settled(bot, actions=tuple(OfferedAction(f"action-{n}") for n in range(count)))
    found, _ = lines(bot)
    assert b'"p":[' in found[0][-120 - 15 * count :]


def test_the_logged_labels_skip_what_nobody_saw_and_what_was_no_chance(make_bot, lines):
    bot = make_bot(traffic=TrafficSpec(champion=0.0, random=0.0, control=1.0))
    settled(bot)
    found, done = lines(bot)
    assert json.loads(found[0])["_skipLearn"] is True
    bot = make_bot()
    settled(bot, deferred=True)
    assert json.loads(lines(bot)[0][0])["_skipLearn"] is True
    decision = bot.ask(deferred=True)
    bot.journal.append([ShownRecord(decision_id=decision.id)])
    bot.settle(bot.learner())
    assert "_skipLearn" not in json.loads(lines(bot)[0][1])
    assert (done.lines, done.skipped) == (1, 1)


def test_groups_that_are_not_trained_on_are_logged_but_were_not_learned(make_bot, lines):
    bot = make_bot(traffic=TrafficSpec(champion=0.0, random=1.0), policy=PolicySpec(train_on=("champion",)))
    settled(bot)
    logged, learned = (lines(bot, labels, "greeting")[1] for labels in (Logged(), Learned()))
    assert (logged.lines, logged.skipped, learned.lines) == (1, 0, 0)


def test_an_early_settlement_is_what_was_learned_and_the_final_one_what_happened(bot, lines):
    decision = bot.ask()
    position = bot.journal.last_position()
    learner = bot.learner()
    learner.step()
    early = SettlementRecord(
        decision_id=decision.id,
        decision_position=position,
        placement="greeting",
        reward=1.0,
        outcomes=1,
        learn=True,
        early=True,
    )
    final = msgspec.structs.replace(early, early=False, reward=0.0, outcomes=2, learn=False, why="learned early")
    bot.journal.append([early, final])
    learned, logged = lines(bot, Learned(), "greeting")[0], lines(bot, Logged())[0]
    assert [json.loads(line)["_label_cost"] for line in learned] == [-1.0]
    assert [json.loads(line)["_label_cost"] for line in logged] == [0.0]
    assert json.loads(learned[0])["_label_probability"] == 1.0
    assert json.loads(learned[0])["p"] == json.loads(logged[0])["p"]


def test_whoever_was_forgotten_is_left_out_and_counted(bot, lines):
    settled(bot, session_id="stays")
    settled(bot, session_id="goes")
    bot.keys.forget("session", "goes")
    found, done = lines(bot)
    assert (len(found), done.forgotten) == (1, 1)


def test_one_placement_or_all(lived, lines):
    every, greeting, offer = (lines(lived, placement=p)[1].lines for p in (None, "greeting", "offer"))
    assert every == greeting + offer == len(lived.records(SettlementRecord))
    assert min(greeting, offer) > 0


def test_the_archive_gives_the_same_lines_as_the_journal(lived, files, archive, lines):
    archive()
    from_journal, _ = lines(lived)
    assert lines(lived, source=History(files, 0, None))[0] == from_journal
    assert lines(lived, source=History(files, 0, lived.journal))[0] == from_journal


def test_a_decision_that_chose_nothing_has_no_line(bot, lines):
    settled(bot, exclude=("plain", "named", "gold", "shared"))
    assert lines(bot)[1].without_action == 1


def test_what_the_learner_had_to_refuse_is_counted_and_left_out(make_bot, lines):
    few = PolicySpec(params={"flags": FLAGS, "max_actions": 2})
    bot = make_bot(traffic=TrafficSpec(champion=0.0, random=1.0), policy=few)
    learner = bot.learner()
    settled(bot)
    bot.settle(learner)
    done = lines(bot, Learned(), "greeting")[1]
    assert (done.lines, done.unsafe) == (0, 1)
    assert lines(bot)[1].lines == 1


def test_a_settlement_of_another_decision_is_named(bot, lines):
    settled(bot)
    wrong = bot.copy(
        lambda s: (
            msgspec.structs.replace(s.record, decision_position=1)
            if isinstance(s.record, SettlementRecord)
            else s.record
        )
    )
    with pytest.raises(CorruptRecord, match="at position 1"):
        lines(bot, source=wrong)


def test_an_export_that_fails_leaves_the_file_of_the_last_one(bot, lines, tmp_path):
    settled(bot)
    lines(bot)
    before = (tmp_path / "out.dsjson").read_bytes()
    test_a_settlement_of_another_decision_is_named(bot, lines)
    assert (tmp_path / "out.dsjson").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*out*")] == ["out.dsjson"]


def test_archived_decisions_export_after_they_were_cut(lived, tmp_path, lines):
    files = LocalFiles(Path(tmp_path) / "kept")
    before, _ = lines(lived)
    Archiver(lived.journal, files).archive()
    lived.journal.cut(lived.journal.last_position())
    assert lines(lived, source=History(files, 0, lived.journal))[0] == before
