"""The joiner: a table of orderings against the reward each must give, and what must hold for all of them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.config import ActionSpec, PlacementSpec, PolicySpec, RewardSpec
from engine.errors import CorruptRecord
from engine.join import Joiner
from engine.journal.base import Stored
from engine.records.schema import (
    AnyRecord,
    ControlRecord,
    DecisionRecord,
    OutcomeRecord,
    SettlementRecord,
    ShownRecord,
    TickRecord,
)

S = 1_000_000
CLOSE = 12 * S  # window 10 s + grace 2 s
ORDER_FREE = ("sum", "mean", "median", "min", "max")

At = tuple[int, AnyRecord]


def placement(**reward: Any) -> PlacementSpec:
    settings: dict[str, Any] = {"metrics": {"click": 1.0, "buy": 5.0, "dismiss": -2.0}, "window": "10s", "grace": "2s"}
    return PlacementSpec(
        reward=RewardSpec(**{**settings, **reward}),
        baseline="plain",
        fallback={"en": "Hello"},
        actions=(
            ActionSpec(id="plain", templates={"en": "Hi"}),
            ActionSpec(id="gift", templates={"en": "!"}, cost=0.5),
        ),
        policy=PolicySpec(train_on=("champion",)),
    )


def catalogue(spec: PlacementSpec) -> ControlRecord:
    payload = msgspec.to_builtins(spec)
    return ControlRecord(action="catalogue", placement="offer", version=spec.version, payload=payload)


def decision(spec: PlacementSpec, id: str = "d", **changes: Any) -> DecisionRecord:
    record = DecisionRecord(
        id=id,
        placement="offer",
        catalogue=spec.version,
        unit="u",
        group="champion",
        candidates=("plain", "gift"),
        pmf=(0.5, 0.5),
        chosen=1,
        policy="vw",
        model_version="1",
        encoder_version="1",
        reason="policy",
        learnable=True,
        request_digest=b"",
        key_ref="k",
        sealed=b"",
    )
    return msgspec.structs.replace(record, **changes)


def outcome(metric: str, value: float = 1.0, id: str | None = None, about: str = "d") -> OutcomeRecord:
    return OutcomeRecord(id=id or f"{metric}/{value}/{about}", decision_id=about, metric=metric, value=value)


def stored(timeline: Sequence[At]) -> list[Stored]:
    return [Stored(position, time_us, record) for position, (time_us, record) in enumerate(timeline, start=1)]


def joined(spec: PlacementSpec, timeline: Sequence[At], **settings: Any) -> Joiner:
    joiner = Joiner(**settings)
    for entry in stored([(0, catalogue(spec)), *timeline]):
        joiner.observe(entry)
    return joiner


def settled(spec: PlacementSpec, *timeline: At, **decided: Any) -> SettlementRecord:
    """Decide at 0, then the timeline, then a tick after the close."""
    joiner = joined(spec, [(0, decision(spec, **decided)), *timeline, (CLOSE + 1, TickRecord())])
    (settlement,) = joiner.pending()
    return settlement


CLICK, BUY, DISMISS = outcome("click"), outcome("buy"), outcome("dismiss")
HALF, TWICE = outcome("click", 0.5), outcome("click", 2.0)

ORDERINGS: list[tuple[str, dict[str, Any], list[At], float, int]] = [
    ("nothing happened", {}, [], 0.0, 0),
    ("nothing happened, default", {"default": -1.0}, [], -1.0, 0),
    ("one outcome", {}, [(S, CLICK)], 1.0, 1),
    ("an outcome stands in for the default", {"default": 9.0}, [(S, CLICK)], 1.0, 1),
    ("in the same instant as the decision", {}, [(0, CLICK)], 1.0, 1),
    ("in the last microsecond of the grace", {}, [(CLOSE, CLICK)], 1.0, 1),
    ("in the grace", {}, [(11 * S, CLICK)], 1.0, 1),
    ("one microsecond late", {}, [(CLOSE + 1, CLICK)], 0.0, 0),
    ("one in time, one late", {}, [(S, CLICK), (CLOSE + 1, BUY)], 1.0, 1),
    ("an undeclared metric", {"default": 0.25}, [(S, outcome("hover"))], 0.25, 0),
    ("another decision's outcome", {}, [(S, outcome("click", about="other"))], 0.0, 0),
    ("max, rising", {}, [(S, CLICK), (2 * S, BUY)], 5.0, 2),
    ("max, falling", {}, [(S, BUY), (2 * S, CLICK)], 5.0, 2),
    ("max of negatives only", {"default": 3.0}, [(S, DISMISS)], -2.0, 1),
    ("min", {"aggregation": "min"}, [(S, CLICK), (2 * S, DISMISS), (3 * S, BUY)], -2.0, 3),
    ("sum", {"aggregation": "sum"}, [(S, CLICK), (2 * S, DISMISS), (3 * S, BUY)], 4.0, 3),
    ("sum of weight × value", {"aggregation": "sum"}, [(S, HALF), (2 * S, outcome("buy", 0.1))], 1.0, 2),
    ("mean", {"aggregation": "mean"}, [(S, CLICK), (2 * S, BUY)], 3.0, 2),
    ("mean counts no undeclared metric", {"aggregation": "mean"}, [(S, BUY), (S, outcome("hover"))], 5.0, 1),
    ("median of one", {"aggregation": "median"}, [(S, BUY)], 5.0, 1),
    ("median of two", {"aggregation": "median"}, [(S, BUY), (2 * S, CLICK)], 3.0, 2),
    ("median of three", {"aggregation": "median"}, [(S, BUY), (2 * S, DISMISS), (3 * S, CLICK)], 1.0, 3),
    ("median of four", {"aggregation": "median"}, [(S, BUY), (S, DISMISS), (S, CLICK), (S, TWICE)], 1.5, 4),
    ("earliest", {"aggregation": "earliest"}, [(S, DISMISS), (2 * S, BUY)], -2.0, 2),
    ("earliest in the same instant: journal order", {"aggregation": "earliest"}, [(S, CLICK), (S, BUY)], 1.0, 2),
    ("earliest that counts", {"aggregation": "earliest"}, [(S, outcome("hover")), (2 * S, BUY)], 5.0, 1),
    ("the same outcome twice", {"aggregation": "sum"}, [(S, CLICK), (2 * S, CLICK)], 1.0, 1),
    ("two outcomes of the same metric", {"aggregation": "sum"}, [(S, CLICK), (2 * S, TWICE)], 3.0, 2),
    ("cost", {"cost_on": "buy"}, [(S, BUY)], 4.5, 1),
    ("cost once", {"cost_on": "buy"}, [(S, BUY), (2 * S, outcome("buy", 2.0))], 9.5, 2),
    ("no cost without its metric", {"cost_on": "buy"}, [(S, CLICK)], 1.0, 1),
    ("no cost for what came late", {"cost_on": "buy"}, [(S, CLICK), (CLOSE + 1, BUY)], 1.0, 1),
    ("no cost for what did not happen", {"cost_on": "buy"}, [(S, outcome("buy", 0.0))], 0.0, 1),
    ("cost of an undeclared metric", {"cost_on": "ship", "default": 1.0}, [(S, outcome("ship"))], 0.5, 0),
    ("not a number", {"default": 0.5}, [(S, outcome("click", float("nan")))], 0.5, 0),
    ("infinite, beside a good one", {"aggregation": "sum"}, [(S, outcome("click", float("inf"))), (S, CLICK)], 1.0, 1),
    ("absurdly large", {"aggregation": "sum"}, [(S, outcome("click", 1e308)), (S, outcome("buy", 1e308))], 0.0, 0),
]


@pytest.mark.parametrize(
    ("reward", "timeline", "expected", "counted"), [row[1:] for row in ORDERINGS], ids=[row[0] for row in ORDERINGS]
)
def test_each_ordering_gives_its_reward(
    reward: dict[str, Any], timeline: list[At], expected: float, counted: int
) -> None:
    settlement = settled(placement(**reward), *timeline)
    assert (settlement.reward, settlement.outcomes) == (pytest.approx(expected, abs=1e-12), counted)
    assert (settlement.learn, settlement.why) == (True, "")
    assert (settlement.decision_id, settlement.decision_position, settlement.placement) == ("d", 2, "offer")


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
