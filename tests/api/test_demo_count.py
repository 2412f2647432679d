"""Results are counted from the journal alone: what was shown in time and settled, in journal order."""

from __future__ import annotations

from itertools import count

import msgspec
import pytest

from api.demo.count import JournalCount, count_when_settled
from api.demo.rate import favourite, rate
from engine.journal.memory import MemoryJournal
from engine.records.schema import AnyRecord, DecisionRecord, SettlementRecord, ShownRecord

ACTIONS = ("red", "green")


def decided(id: str, chosen: int | None = 0, *, deferred: bool = True) -> DecisionRecord:
    return DecisionRecord(
        id=id,
        placement="offer",
        catalogue="c",
        unit=id,
        group="champion",
        candidates=ACTIONS,
        pmf=(0.5, 0.5),
        chosen=chosen,
        policy="vw",
        model_version="none",
        encoder_version="e",
        reason="policy",
        learnable=True,
        deferred=deferred,
        request_digest=b"",
        key_ref="k",
        sealed=b"",
    )


def settled(id: str, reward: float) -> SettlementRecord:
    return SettlementRecord(
        decision_id=id, decision_position=1, placement="offer", reward=reward, outcomes=1, learn=True
    )


def counted(*records: AnyRecord) -> JournalCount:
    ticks = count(1)
    journal = MemoryJournal(clock=lambda: next(ticks))
    for record in records:
        journal.append([record])
    return count_when_settled(journal, patience_s=0.0)


def test_only_what_was_shown_and_settled_counts() -> None:
    result = counted(
        decided("shown"),
        decided("unseen", 1),
        decided("open"),
        ShownRecord(decision_id="shown"),
        ShownRecord(decision_id="open"),
        settled("shown", 1.0),
        settled("unseen", 0.0),
    )
    assert [(each.action, each.earned) for each in result.decisions] == [("red", 1.0), ("green", None), ("red", None)]
    assert (result.earned(), result.unsettled, result.late) == ([1.0], 1, 0)


def test_what_was_reported_shown_after_its_settlement_is_late_and_does_not_count() -> None:
    result = counted(decided("d"), settled("d", 0.0), ShownRecord(decision_id="d"))
    assert (result.earned(), result.late) == ([], 1)


def test_what_is_learned_early_counts_when_its_window_has_closed() -> None:
    early = msgspec.structs.replace(settled("d", 0.25), early=True)
    assert counted(decided("d", deferred=False), early).unsettled == 1
    final = counted(decided("d", deferred=False), early, settled("d", 1.0))
    assert (final.earned(), final.unsettled) == ([1.0], 0)


def test_a_decision_that_is_not_deferred_counts_without_being_reported_shown() -> None:
    result = counted(decided("d", deferred=False), decided("n", None, deferred=False), settled("d", 0.5))
    assert result.earned() == [0.5]


def test_records_about_other_decisions_change_nothing() -> None:
    result = counted(ShownRecord(decision_id="elsewhere"), settled("elsewhere", 1.0))
    assert (result.decisions, result.unsettled) == ([], 0)


def test_a_rate_has_its_interval_or_says_why_not() -> None:
    many = counted(
        *(decided(f"d{n}", deferred=False) for n in range(100)), *(settled(f"d{n}", n % 4 == 0) for n in range(100))
    )
    result = rate(many.decisions)
    assert (result.mean, result.matched) == (0.25, 100)
    assert result.interval is not None
    assert result.interval[0] < 0.25 < result.interval[1]
    refused = rate(many.decisions[:10])
    assert (refused.mean, refused.interval) == (None, None)
    assert refused.line == "not evaluable: there are 10 units, a mean needs 30"


def test_the_favourite_is_what_was_chosen_most_often_shown_or_not() -> None:
    result = counted(decided("a", 1), decided("b", 1), decided("c", 0), decided("d", None))
    assert favourite(result.decisions) == ("green", pytest.approx(2 / 3))
    assert favourite([]) == ("", 0.0)
