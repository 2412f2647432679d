"""Whatever is changed in a journal after the fact is found, at its position."""

from __future__ import annotations

import math
import shutil
import sqlite3
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from engine.errors import CorruptRecord, VerificationFailed
from engine.journal.base import Stored
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import AnyRecord, ControlRecord, DecisionRecord, OutcomeRecord, SettlementRecord
from engine.snapshots import MODEL
from engine.verify import verify

TURNS = 6
change = msgspec.structs.replace
Change = Callable[[Stored], AnyRecord | None]


@pytest.fixture
def told(bot):
    """A bot with settled, learned and published decisions, some of which nothing was learned from."""
    learner = bot.learner()
    for n in range(TURNS):
        decision = bot.ask(context={"n": n}, explore=n != 3)
        bot.tell(decision.id, float(n % 2))
        if n == 2:
            bot.settle(learner)
    bot.settle(learner)
    return bot


def check(bot, how: Change) -> Any:
    """Verify a copy of the journal with each record changed."""
    return verify(bot.copy(how), bot.vault, bot.snapshots)


def positions(bot, kind: type[Any], **fields: Any) -> list[int]:
    return [
        stored.position
        for stored in bot.journal.read(0, 1_000)
        if isinstance(stored.record, kind) and all(getattr(stored.record, k) == v for k, v in fields.items())
    ]


def at(position: int, how: Callable[[Any], AnyRecord | None]) -> Change:
    """Change one record, leave the others."""
    return lambda stored: how(stored.record) if stored.position == position else stored.record


def settlement_of(bot, decision_id: str) -> int:
    return positions(bot, SettlementRecord, decision_id=decision_id)[0]


def refused(bot, how: Change, position: int, words: str) -> None:
    with pytest.raises(VerificationFailed, match=words) as caught:
        check(bot, how)
    assert caught.value.position == position
    assert f"position {position}" in str(caught.value)


def test_an_honest_journal_is_verified_and_counted(told):
    verified = check(told, lambda stored: stored.record)
    assert (verified.decisions, verified.settlements) == (TURNS, TURNS)
    assert verified.records == told.journal.last_position()
    assert [placement for placement, _ in verified.snapshots] == ["greeting", "greeting"]
    assert (verified.files, verified.foreign) == (2, [])


@pytest.mark.parametrize("field", [{"reward": 0.25}, {"outcomes": 7}, {"learn": False}, {"why": "because"}])
@pytest.mark.parametrize("which", [0, -1])
def test_a_changed_settlement_is_found(told, field, which):
    position = positions(told, SettlementRecord)[which]
    refused(told, at(position, lambda record: change(record, **field)), position, "settled with reward")


@pytest.mark.parametrize("field", [{"value": 0.5}, {"metric": "none"}, {"decision_id": "another"}])
def test_a_changed_outcome_is_found_where_its_decision_was_settled(told, field):
    outcome = positions(told, OutcomeRecord, value=1.0)[0]
    decision_id = told.journal.read(outcome - 1, 1)[0].record.decision_id
    refused(told, at(outcome, lambda record: change(record, **field)), settlement_of(told, decision_id), decision_id)


def test_an_outcome_taken_away_is_found_where_its_decision_was_settled(told):
    outcome = positions(told, OutcomeRecord, value=1.0)[0]
    decision_id = told.journal.read(outcome - 1, 1)[0].record.decision_id
    refused(told, at(outcome, lambda _: None), settlement_of(told, decision_id) - 1, decision_id)


@pytest.mark.parametrize(
    ("pmf", "words"),
    [
        ((0.5, 0.3, 0.1), "not a pmf"),
        ((1.5, -0.5, 0.0), "not a pmf"),
        ((math.nan, 0.5, 0.5), "not a pmf"),
        ((math.inf, 0.0, 0.0), "not a pmf"),
        ((0.5, 0.5), "differ in length"),
        ((), "differ in length"),
    ],
    ids=repr,
)
def test_a_changed_pmf_that_is_none_is_found(told, pmf, words):
    position = positions(told, DecisionRecord)[1]
    refused(told, at(position, lambda record: change(record, pmf=pmf)), position, words)


def test_a_changed_pmf_that_the_draw_could_not_have_come_from_is_found(told):
    position = positions(told, DecisionRecord)[1]
    chosen = told.journal.read(position - 1, 1)[0].record.chosen
    pmf = tuple(0.0 if index == chosen else 0.5 for index in range(3))
    refused(told, at(position, lambda record: change(record, pmf=pmf)), position, "its pmf and its draw")


def test_another_chosen_action_is_found(told):
    position = positions(told, DecisionRecord)[0]
    chosen = told.journal.read(position - 1, 1)[0].record.chosen
    for other in {0, 1, 2, 3, -1, 99, None} - {chosen}:
        how = at(position, lambda record, other=other: change(record, chosen=other))
        refused(told, how, position, "chose candidate")


def test_a_published_hash_that_was_changed_is_found(told):
    position = positions(told, ControlRecord, action="publish")[0]
    payload = told.journal.read(position - 1, 1)[0].record.payload
    for wrong in ({"sha256": "0" * 64}, {"settled_position": 3}, {"lineage": "another"}):
        how = at(position, lambda record, wrong=wrong: change(record, payload={**payload, **wrong}))
        refused(told, how, position, "snapshot")
    refused(told, at(position, lambda record: change(record, payload={})), position, "snapshot")


def test_a_settlement_taken_away_is_found_at_the_next_one_even_if_nothing_was_learned_from_it(told):
    settled = positions(told, SettlementRecord)
    unlearned = positions(told, SettlementRecord, learn=False)[0]
    for gone in (settled[0], unlearned):
        following = next(position for position in settled if position > gone)
        refused(told, at(gone, lambda _: None), following - 1, "out of turn")


def test_swapped_settlements_are_found_at_the_first_of_them(told):
    first, second = positions(told, SettlementRecord)[-2:]
    records = {p: told.journal.read(p - 1, 1)[0].record for p in (first, second)}
    swapped = {first: records[second], second: records[first]}
    refused(told, lambda stored: swapped.get(stored.position, stored.record), first, "out of turn")


def test_a_settlement_before_its_window_is_over_is_found(told):
    decision = told.ask()
    early = SettlementRecord(
        decision_id=decision.id, decision_position=1, placement="greeting", reward=0.0, outcomes=0, learn=True
    )
    (place,) = told.journal.append([early])
    refused(told, lambda stored: stored.record, place.position, "before it was due")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"catalogue": "never announced"}, "never announced"),
        ({"candidates": ("plain", "named", "nobody's")}, "nobody offered"),
        ({"placement": "offer"}, "settled with reward"),
        ({"learnable": False}, "settled with reward"),
    ],
)
def test_a_decision_that_no_longer_fits_the_others_is_found(told, changes, words):
    position = positions(told, DecisionRecord)[0]
    with pytest.raises(VerificationFailed, match=words):
        check(told, at(position, lambda record: change(record, **changes)))


def test_a_catalogue_that_is_none_is_found(told):
    position = positions(told, ControlRecord, action="catalogue", placement="greeting")[0]
    refused(told, at(position, lambda record: change(record, payload={"actions": 7})), position, "actions|required")


def test_a_catalogue_with_other_weights_is_found_at_a_settlement(told):
    position = positions(told, ControlRecord, action="catalogue", placement="greeting")[0]
    spec = told.specs["greeting"]
    other = msgspec.to_builtins(change(spec, reward=change(spec.reward, metrics={"click": 2.0})))
    with pytest.raises(VerificationFailed, match="settled with reward"):
        check(told, at(position, lambda record: change(record, payload=other)))


def test_a_kept_snapshot_with_other_bytes_is_found_and_a_pruned_one_is_not_missed(told):
    first = next((told.folder / "snapshots" / "greeting").glob(f"*{MODEL}"))
    publishes = positions(told, ControlRecord, action="publish")
    first.write_bytes(first.read_bytes()[:-1])
    with pytest.raises(VerificationFailed, match="not what its manifest says") as caught:
        check(told, lambda stored: stored.record)
    assert caught.value.position in publishes
    for path in (first, first.with_suffix(".manifest")):
        path.unlink()
    assert check(told, lambda stored: stored.record).files == 1


def test_a_kept_snapshot_exchanged_together_with_its_manifest_is_found(told):
    folder = told.folder / "snapshots" / "greeting"
    one, other = (path.with_suffix("") for path in sorted(folder.glob(f"*{MODEL}")))
    exchanged = msgspec.json.decode(folder.joinpath(f"{other.name}.manifest").read_bytes())
    for suffix in (MODEL, ".manifest"):
        shutil.copy(folder / f"{other.name}{suffix}", folder / f"{one.name}{suffix}")
    (folder / f"{one.name}.manifest").write_bytes(msgspec.json.encode({**exchanged, "version": one.name}))
    with pytest.raises(VerificationFailed, match="its manifest names other bytes"):
        check(told, lambda stored: stored.record)


def test_a_decision_with_nothing_eligible_is_verified_too(told):
    told.ask(exclude=("plain", "named", "shared"))
    assert check(told, lambda stored: stored.record).decisions == TURNS + 1


def test_bytes_that_are_no_record_are_named_by_their_position(told, tmp_path):
    path = tmp_path / "journal.db"
    journal = SqliteJournal(path, "process", clock=told.clock)
    journal.append([stored.record for stored in told.journal.read(0, 1_000)])
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE records SET body = x'01c1' WHERE position = 5")
    connection.close()
    with pytest.raises(CorruptRecord, match="position 5: "):
        verify(journal, told.vault, told.snapshots)
    journal.close()
