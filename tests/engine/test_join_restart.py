"""A joiner rebuilt anywhere goes on as the one before it: the learner may be killed at any record."""

from __future__ import annotations

import random

import msgspec
import pytest

from engine.config import ActionSpec, PlacementSpec, RewardSpec
from engine.join import Joiner
from engine.journal.base import Stored
from engine.journal.memory import MemoryJournal
from engine.open_decision import Terms
from engine.records.schema import AnyRecord, ControlRecord, DecisionRecord, OutcomeRecord, SettlementRecord, TickRecord

S = 1_000_000
SPEC = PlacementSpec(
    reward=RewardSpec(metrics={"click": 1.0}, window="5s", grace="1s", aggregation="sum"),
    baseline="a",
    fallback={"en": "Hello"},
    actions=(ActionSpec(id="a", templates={"en": "Hi"}),),
)


def decision(id: str) -> DecisionRecord:
    return DecisionRecord(
        id=id,
        placement="offer",
        catalogue=SPEC.version,
        unit="u",
        group="champion",
        candidates=("a",),
        pmf=(1.0,),
        chosen=0,
        policy="vw",
        model_version="1",
        encoder_version="1",
        reason="policy",
        learnable=True,
        request_digest=b"",
        key_ref="k",
        sealed=b"",
    )


def traffic(seed: int, turns: int) -> list[AnyRecord]:
    """Decisions, early, timely and late outcomes, duplicates and orphans, in a random order."""
    rng = random.Random(seed)
    records: list[AnyRecord] = [
        ControlRecord(action="catalogue", placement="offer", version=SPEC.version, payload=msgspec.to_builtins(SPEC))
    ]
    for i in range(turns):
        about = str(max(0, i + rng.randint(-20, 3)))
        click = OutcomeRecord(id=f"o{rng.randint(0, 2 * turns)}", decision_id=about, metric="click", value=rng.random())
        records += rng.sample([decision(str(i)), click, TickRecord()], k=3)
    return records


def learn(records: list[AnyRecord], *, restart_every: int | None, seed: int = 0) -> list[SettlementRecord]:
    """A learner's loop, rebuilt from the low watermark every so often; the settlements in the journal at the end."""
    rng = random.Random(seed)
    time_us = 0

    def clock() -> int:
        return time_us

    journal, joiner, position = MemoryJournal(clock), Joiner(), 0
    for i, record in enumerate(records):
        time_us += 200_000
        journal.append([record])
        if restart_every is not None and i % restart_every == restart_every - 1:
            watermark = joiner.low_watermark
            joiner, position = Joiner(), position if watermark is None else watermark - 1
            joiner.know(SPEC.version, SPEC)
        while batch := journal.read(position, 3):
            for stored in batch:
                joiner.observe(stored)
            position = batch[-1].position
        pending = joiner.pending()
        killed_before_the_last = rng.random() < 0.3 and restart_every is not None
        journal.append(pending[:-1] if killed_before_the_last else pending)
    return _settlements(journal)


def _settlements(journal: MemoryJournal) -> list[SettlementRecord]:
    stored = journal.read(0, 1_000_000)
    settlements = [entry.record for entry in stored if isinstance(entry.record, SettlementRecord)]
    return [msgspec.structs.replace(settlement, decision_position=0) for settlement in settlements]


@pytest.mark.parametrize("restart_every", [1, 2, 7, 50])
def test_restarts_change_no_settlement_and_no_order(restart_every: int) -> None:
    records = traffic(seed=1, turns=200)
    without = learn(records, restart_every=None)
    with_restarts = learn(records, restart_every=restart_every)

    assert len(without) > 150
    assert sum(settlement.outcomes for settlement in without) > 50
    assert with_restarts == without[: len(with_restarts)]
    assert len(with_restarts) >= len(without) - 1


def test_whoever_folds_the_journal_again_finds_every_settlement_due_with_the_same_reward() -> None:
    journal = MemoryJournal(clock=iter(range(0, 10**12, 200_000)).__next__)
    joiner, position = Joiner(), 0
    for record in traffic(seed=2, turns=200):
        journal.append([record])
        for stored in journal.read(position, 100):
            joiner.observe(stored)
            position = stored.position
        journal.append(joiner.pending())

    verifier, checked = Joiner(), 0
    for entry in journal.read(0, 1_000_000):
        if isinstance(entry.record, SettlementRecord):
            assert verifier.due(entry.record.decision_id) == entry.record
            checked += 1
        verifier.observe(entry)
    assert checked > 150


def test_a_decision_that_is_recorded_twice_is_settled_once_from_its_first_time() -> None:
    """No journal of ours does so; one restored from two backups might."""
    (catalogue,) = traffic(seed=0, turns=0)
    joiner, due = Joiner(), Terms.of(SPEC).hold_us + 1
    times = [(0, catalogue), (0, decision("d")), (due - 2, decision("d")), (due, decision("d"))]
    for position, (time_us, record) in enumerate(times, start=1):
        joiner.observe(Stored(position, time_us, record))
    (settlement,) = joiner.pending()
    assert settlement.decision_position == 2
    joiner.observe(Stored(5, due, settlement))
    assert (joiner.open_count, joiner.pending()) == (0, [])


def test_a_batch_boundary_never_matters() -> None:
    entries = [Stored(i, i * 200_000, record) for i, record in enumerate(traffic(seed=3, turns=100), start=1)]
    joiner = Joiner()
    for entry in entries:
        joiner.observe(entry)
    again = Joiner()
    for entry in entries[:50] + entries[20:]:
        again.observe(entry)
    assert again.pending() == joiner.pending()
    assert len(joiner.pending()) > 50
