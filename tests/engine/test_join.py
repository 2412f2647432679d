"""The joiner: what must hold for all orderings. ``test_join_table`` has the orderings themselves."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import PlacementSpec
from engine.errors import CorruptRecord
from engine.join import Joiner
from engine.journal.base import Stored
from engine.records.schema import AnyRecord, SettlementRecord, ShownRecord, TickRecord
from tests.engine.join_words import CLOSE, At, S, catalogue, decision, joined, outcome, placement, stored

ORDER_FREE = ("sum", "mean", "median", "min", "max")
CLICK, BUY, DISMISS = outcome("click"), outcome("buy"), outcome("dismiss")


def settled(spec: PlacementSpec, *timeline: At, **decided: Any) -> SettlementRecord:
    """Decide at 0, then the timeline, then a tick after the close."""
    joiner = joined(spec, [(0, decision(spec, **decided)), *timeline, (CLOSE + 1, TickRecord())])
    (settlement,) = joiner.pending()
    return settlement


@pytest.mark.parametrize(
    ("decided", "why"),
    [
        ({"deferred": True}, "not shown"),
        ({"not_shown": True}, "not rendered"),
        ({"learnable": False}, "deterministic"),
        ({"group": "random"}, "group"),
        ({"group": "challenger:new"}, "group"),
        ({"group": "control", "learnable": False}, "deterministic"),
        ({"chosen": None, "candidates": (), "pmf": (), "learnable": False}, "no action"),
        ({"not_shown": True, "deferred": True, "learnable": False, "group": "random"}, "not rendered"),
    ],
)
def test_what_cannot_teach_is_settled_with_its_reward_and_says_why(decided: dict[str, Any], why: str) -> None:
    settlement = settled(placement(), (S, CLICK), **decided)
    assert (settlement.learn, settlement.why, settlement.reward) == (False, why, 1.0)


@pytest.mark.parametrize(("shown_at", "learn"), [(0, True), (CLOSE, True), (CLOSE + 1, False)])
def test_a_deferred_decision_teaches_if_shown_before_it_closes(shown_at: int, learn: bool) -> None:
    shown = (shown_at, ShownRecord(decision_id="d"))
    assert settled(placement(), shown, deferred=True).learn is learn


@pytest.mark.parametrize("decided", [{"chosen": 0}, {"candidates": ("plain", "brought by the bot")}, {"chosen": None}])
def test_an_action_without_a_cost_in_the_catalogue_costs_nothing(decided: dict[str, Any]) -> None:
    assert settled(placement(cost_on="buy"), (S, BUY), **decided).reward == 5.0


@pytest.mark.parametrize("last", [TickRecord(), outcome("click", about="other"), catalogue(placement(default=1.0))])
def test_any_record_after_the_close_makes_a_settlement_due_and_none_at_it_does(last: AnyRecord) -> None:
    spec = placement()
    assert joined(spec, [(0, decision(spec)), (CLOSE, last)]).pending() == []
    assert len(joined(spec, [(0, decision(spec)), (CLOSE + 1, last)]).pending()) == 1


def test_settlements_are_due_in_order_of_closing_then_of_decision() -> None:
    slow, quick = placement(), placement(window="1s", grace="0s")
    timeline: list[At] = [
        (0, catalogue(quick)),
        (0, decision(slow, "slow")),
        (1, decision(quick, "b")),
        (1, decision(quick, "a")),
        (11 * S, decision(quick, "same close as slow")),
        (60 * S, TickRecord()),
    ]
    pending = joined(slow, timeline).pending()
    assert [settlement.decision_id for settlement in pending] == ["b", "a", "slow", "same close as slow"]


def test_early_outcomes_wait_for_their_decision_and_keep_journal_order() -> None:
    spec = placement(aggregation="earliest")
    timeline: list[At] = [(1, DISMISS), (2, CLICK), (3, decision(spec)), (4, BUY), (CLOSE + 4, TickRecord())]
    joiner = joined(spec, timeline)
    (settlement,) = joiner.pending()
    assert (settlement.reward, settlement.outcomes, joiner.orphans) == (-2.0, 3, 0)


@pytest.mark.parametrize(("age_us", "reward", "orphans"), [(5 * S, 1.0, 0), (5 * S + 1, 0.0, 1)])
def test_an_outcome_that_waited_too_long_is_an_orphan(age_us: int, reward: float, orphans: int) -> None:
    spec = placement()
    timeline: list[At] = [(7, CLICK), (7 + age_us, decision(spec)), (60 * S, TickRecord())]
    joiner = joined(spec, timeline, early_wait_us=5 * S)
    assert [settlement.reward for settlement in joiner.pending()] == [reward]
    assert joiner.orphans == orphans


def test_late_outcomes_are_counted_and_not_used_before_and_after_the_settlement_is_journaled() -> None:
    spec = placement()
    joiner = joined(spec, [(0, decision(spec)), (CLOSE + 1, CLICK)])
    (settlement,) = joiner.pending()
    joiner.observe(Stored(4, CLOSE + 2, settlement))
    joiner.observe(Stored(5, CLOSE + 3, BUY))
    assert (settlement.reward, joiner.late, joiner.orphans, joiner.pending()) == (0.0, 2, 0, [])


def test_a_settlement_is_pending_until_its_record_is_observed() -> None:
    spec = placement()
    joiner = joined(spec, [(0, decision(spec)), (CLOSE + 1, TickRecord())])
    (settlement,) = joiner.pending()
    joiner.observe(Stored(4, CLOSE + 2, TickRecord()))
    assert joiner.pending() == [settlement]
    assert joiner.due("d") == settlement
    joiner.observe(Stored(5, CLOSE + 3, settlement))
    assert joiner.pending() == []
    assert joiner.due("d") is None


def test_open_decisions_are_counted_until_they_close() -> None:
    spec = placement()
    joiner = joined(spec, [(0, decision(spec, "a")), (S, decision(spec, "b"))])
    assert joiner.open_count == 2
    joiner.observe(Stored(4, CLOSE + 1, TickRecord()))
    assert joiner.open_count == 1


def test_the_low_watermark_is_the_first_record_that_still_matters() -> None:
    spec = placement()
    joiner = joined(spec, [(0, TickRecord())])
    marks = [joiner.low_watermark]
    for entry in stored([(0, TickRecord())] * 2 + [(0, CLICK), (1, decision(spec)), (2, outcome("click", about="e"))])[
        2:
    ]:
        joiner.observe(entry)
        marks.append(joiner.low_watermark)
    joiner.observe(Stored(6, CLOSE + 2, TickRecord()))
    marks.append(joiner.low_watermark)
    joiner.observe(Stored(7, CLOSE + 3, joiner.pending()[0]))
    assert [*marks, joiner.low_watermark] == [None, 3, 3, 3, 3, 5]
    assert joined(spec, []).low_watermark is None


def test_records_observed_again_change_nothing() -> None:
    spec = placement(aggregation="sum")
    entries = stored(
        [(0, catalogue(spec)), (0, decision(spec)), (S, CLICK), (CLOSE + 1, TickRecord()), (CLOSE + 2, BUY)]
    )
    once, twice = Joiner(), Joiner()
    for entry in entries:
        once.observe(entry)
    for entry in [e for e in entries for _ in range(2)] + entries:
        twice.observe(entry)
    assert (twice.pending(), twice.late, twice.open_count) == (once.pending(), once.late, once.open_count)


def test_a_decision_of_an_unannounced_catalogue_is_corrupt() -> None:
    with pytest.raises(CorruptRecord, match="never announced"):
        Joiner().observe(Stored(1, 0, decision(placement())))


@pytest.mark.parametrize("aggregation", ORDER_FREE)
@given(values=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12), seed=st.integers(0, 2**32))
def test_duplicates_and_order_within_the_window_do_not_change_the_reward(
    aggregation: str, values: list[float], seed: int
) -> None:
    spec = placement(aggregation=aggregation)
    outcomes = [outcome("click", value, id=str(i)) for i, value in enumerate(values)]
    again = [*outcomes, *random.Random(seed).choices(outcomes, k=5)]
    random.Random(seed).shuffle(again)

    plain = settled(spec, *[(S, one) for one in outcomes])
    shuffled = settled(spec, *[(S + i, one) for i, one in enumerate(again)])

    assert shuffled == plain
