"""Orderings of events, and what the joiner makes of each. Times are seconds of journal time.

The window is 10 s, the grace 2 s; a click is worth 1, a purchase 5, a dismissal −2. Unless a row says otherwise the
decision is made at 0 and the greatest counts; where rows end, journal time goes on until everything has closed.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from engine.records.schema import AnyRecord, SettlementRecord
from tests.engine.join_words import TICK, decision, joined, outcome, placement, shown


class Ask(NamedTuple):
    """The decision is made; ``deferred`` ones are learned only if shown."""

    deferred: bool = False


class Settled(NamedTuple):
    """What a settlement says: the reward, how many outcomes counted, whether it is learned, or why not."""

    reward: float
    outcomes: int
    learn: bool = True
    why: str = ""
    early: bool = False


def early(reward: float, outcomes: int) -> Settled:
    return Settled(reward, outcomes, early=True)


def after_early(reward: float, outcomes: int) -> Settled:
    return Settled(reward, outcomes, learn=False, why="learned early")


def unseen(reward: float, outcomes: int) -> Settled:
    return Settled(reward, outcomes, learn=False, why="not shown")


Happens = tuple[float, AnyRecord | Ask]
Row = tuple[str, dict[str, Any], list[Happens], list[Settled]]

ASK, LATER = (0.0, Ask()), (0.0, Ask(deferred=True))
CLICK, BUY, DISMISS, SHOWN = outcome("click"), outcome("buy"), outcome("dismiss"), shown()
HALF, TWICE, NOTHING, HOVER = outcome("click", 0.5), outcome("click", 2.0), outcome("click", 0.0), outcome("hover")
NO_BUY = outcome("buy", 0.0, id="no buy", corrects=BUY.id)
TWICE_AFTER_ALL = outcome("click", 2.0, id="twice after all", corrects=CLICK.id)
HALF_AFTER_ALL = outcome("click", 0.5, id="half after all", corrects=CLICK.id)
BUY_AFTER_ALL = outcome("buy", id="buy after all", corrects="half after all")
TAKEN_BACK = outcome("hover", id="taken back", corrects=CLICK.id)
SUM, FIRST, QUICK = {"aggregation": "sum"}, {"aggregation": "earliest"}, {"settle": "earliest"}

ORDERINGS: list[Row] = [
    ("nothing happened", {}, [ASK], [Settled(0, 0)]),
    ("nothing happened, default", {"default": -1}, [ASK], [Settled(-1, 0)]),
    ("an outcome stands in for the default", {"default": 9}, [ASK, (1, CLICK)], [Settled(1, 1)]),
    ("in the same instant as the decision", {}, [ASK, (0, CLICK)], [Settled(1, 1)]),
    ("in the grace", {}, [ASK, (11, CLICK)], [Settled(1, 1)]),
    ("in the last microsecond of the grace", {}, [ASK, (12, CLICK)], [Settled(1, 1)]),
    ("one microsecond late", {}, [ASK, (12.000001, CLICK)], [Settled(0, 0)]),
    ("one in time, one late", {}, [ASK, (1, CLICK), (12.000001, BUY)], [Settled(1, 1)]),
    ("late after a tick, in time by the sender", {}, [ASK, (13, TICK), (13, CLICK)], [Settled(0, 0)]),
    ("no grace", {"grace": "0s"}, [ASK, (10, CLICK), (10.000001, BUY)], [Settled(1, 1)]),
    ("a tick at the close changes nothing", {}, [ASK, (12, TICK), (12, CLICK)], [Settled(1, 1)]),
    ("an undeclared metric", {"default": 0.25}, [ASK, (1, HOVER)], [Settled(0.25, 0)]),
    ("another decision's outcome", {}, [ASK, (1, outcome("click", about="other"))], [Settled(0, 0)]),
    # aggregations
    ("max, rising", {}, [ASK, (1, CLICK), (2, BUY)], [Settled(5, 2)]),
    ("max, falling", {}, [ASK, (1, BUY), (2, CLICK)], [Settled(5, 2)]),
    ("max of negatives only", {"default": 3}, [ASK, (1, DISMISS)], [Settled(-2, 1)]),
    ("max of a zero and a negative", {}, [ASK, (1, NOTHING), (2, DISMISS)], [Settled(0, 2)]),
    ("min", {"aggregation": "min"}, [ASK, (1, CLICK), (2, DISMISS), (3, BUY)], [Settled(-2, 3)]),
    ("min of positives", {"aggregation": "min", "default": -9}, [ASK, (1, CLICK), (3, BUY)], [Settled(1, 2)]),
    ("sum", SUM, [ASK, (1, CLICK), (2, DISMISS), (3, BUY)], [Settled(4, 3)]),
    ("sum that cancels out is no default", {**SUM, "default": 7}, [ASK, (1, TWICE), (2, DISMISS)], [Settled(0, 2)]),
    ("sum of weight × value", SUM, [ASK, (1, HALF), (2, outcome("buy", 0.1))], [Settled(1, 2)]),
    ("negative weight × negative value", SUM, [ASK, (1, outcome("dismiss", -1.5))], [Settled(3, 1)]),
    ("weight zero counts", {"metrics": {"click": 0.0}, "default": 1}, [ASK, (1, CLICK)], [Settled(0, 1)]),
    ("mean", {"aggregation": "mean"}, [ASK, (1, CLICK), (2, BUY)], [Settled(3, 2)]),
    ("mean below zero", {"aggregation": "mean"}, [ASK, (1, CLICK), (2, DISMISS)], [Settled(-0.5, 2)]),
    ("mean counts no undeclared metric", {"aggregation": "mean"}, [ASK, (1, BUY), (1, HOVER)], [Settled(5, 1)]),
    ("median of two", {"aggregation": "median"}, [ASK, (1, BUY), (2, CLICK)], [Settled(3, 2)]),
    ("median of three", {"aggregation": "median"}, [ASK, (1, BUY), (2, DISMISS), (3, CLICK)], [Settled(1, 3)]),
    (
        "median of four",
        {"aggregation": "median"},
        [ASK, (1, BUY), (1, DISMISS), (1, CLICK), (1, TWICE)],
        [Settled(1.5, 4)],
    ),
    ("earliest", FIRST, [ASK, (1, DISMISS), (2, BUY)], [Settled(-2, 2)]),
    ("earliest in the same instant: journal order", FIRST, [ASK, (1, CLICK), (1, BUY)], [Settled(1, 2)]),
    ("earliest that counts", FIRST, [ASK, (1, HOVER), (2, BUY)], [Settled(5, 1)]),
    # duplicates, and what is no number
    ("the same outcome twice", SUM, [ASK, (1, CLICK), (2, CLICK)], [Settled(1, 1)]),
    ("the same outcome in time and late", SUM, [ASK, (1, CLICK), (13, CLICK)], [Settled(1, 1)]),
    ("another outcome of the same id", SUM, [ASK, (1, CLICK), (2, outcome("buy", 9, CLICK.id))], [Settled(1, 1)]),
    ("two outcomes of the same metric", SUM, [ASK, (1, CLICK), (2, TWICE)], [Settled(3, 2)]),
    ("the decision twice, settled from its first time", {}, [ASK, (5, Ask()), (13, CLICK)], [Settled(0, 0)]),
    ("not a number", {"default": 0.5}, [ASK, (1, outcome("click", float("nan")))], [Settled(0.5, 0)]),
    ("infinite, beside a good one", SUM, [ASK, (1, outcome("click", float("inf"))), (1, CLICK)], [Settled(1, 1)]),
    ("absurdly large", SUM, [ASK, (1, outcome("click", 1e308)), (1, outcome("buy", 1e308))], [Settled(0, 0)]),
    # cost: 0.5, if what it depends on happens
    ("cost", {"cost_on": "buy"}, [ASK, (1, BUY)], [Settled(4.5, 1)]),
    ("cost makes a negative worse", {"cost_on": "dismiss"}, [ASK, (1, DISMISS)], [Settled(-2.5, 1)]),
    ("cost once", {"cost_on": "buy"}, [ASK, (1, BUY), (2, outcome("buy", 2.0))], [Settled(9.5, 2)]),
    ("no cost without its metric", {"cost_on": "buy"}, [ASK, (1, CLICK)], [Settled(1, 1)]),
    ("no cost for what came late", {"cost_on": "buy"}, [ASK, (1, CLICK), (12.000001, BUY)], [Settled(1, 1)]),
    ("no cost for what did not happen", {"cost_on": "buy"}, [ASK, (1, outcome("buy", 0.0))], [Settled(0, 1)]),
    ("cost of an undeclared metric", {"cost_on": "hover", "default": 1}, [ASK, (1, HOVER)], [Settled(0.5, 0)]),
    # before the decision
    ("an outcome that overtook its decision", {}, [(0, CLICK), (1, Ask())], [Settled(1, 1)]),
    ("early ones keep journal order", FIRST, [(0, DISMISS), (0, CLICK), (1, Ask()), (2, BUY)], [Settled(-2, 3)]),
    ("early and repeated", SUM, [(0, CLICK), (1, Ask()), (2, CLICK)], [Settled(1, 1)]),
    ("a day early is early enough", {}, [(0, CLICK), (86_400, Ask())], [Settled(1, 1)]),
    ("more than a day early is given up", {}, [(0, CLICK), (86_400.000001, Ask())], [Settled(0, 0)]),
    # deferred decisions: learned if shown before they close
    ("deferred, never shown", {}, [LATER, (1, CLICK)], [unseen(1, 1)]),
    ("deferred, shown", {}, [LATER, (1, SHOWN), (2, CLICK)], [Settled(1, 1)]),
    ("deferred, shown after its outcome", {}, [LATER, (1, CLICK), (2, SHOWN)], [Settled(1, 1)]),
    ("deferred, shown at the very end", {}, [LATER, (12, SHOWN)], [Settled(0, 0)]),
    ("deferred, shown too late", {}, [LATER, (1, CLICK), (12.000001, SHOWN)], [unseen(1, 1)]),
    ("deferred, shown before its decision was recorded", {}, [(0, SHOWN), (1, Ask(deferred=True))], [Settled(0, 0)]),
    ("deferred, shown twice", {}, [LATER, (1, SHOWN), (2, SHOWN)], [Settled(0, 0)]),
    # corrections: they take the place of what they correct
    ("corrected", SUM, [ASK, (1, CLICK), (2, TWICE_AFTER_ALL)], [Settled(2, 1)]),
    ("corrected downwards", {}, [ASK, (1, CLICK), (2, HALF_AFTER_ALL)], [Settled(0.5, 1)]),
    ("a correction in its place", FIRST, [ASK, (1, CLICK), (2, BUY), (3, HALF_AFTER_ALL)], [Settled(0.5, 2)]),
    ("the latest correction", SUM, [ASK, (1, CLICK), (2, TWICE_AFTER_ALL), (3, HALF_AFTER_ALL)], [Settled(0.5, 1)]),
    ("the latest by journal order", SUM, [ASK, (1, CLICK), (3, HALF_AFTER_ALL), (4, TWICE_AFTER_ALL)], [Settled(2, 1)]),
    ("a correction corrected", SUM, [ASK, (1, CLICK), (2, HALF_AFTER_ALL), (3, BUY_AFTER_ALL)], [Settled(5, 1)]),
    ("a chain from its end", SUM, [ASK, (1, BUY_AFTER_ALL), (2, HALF_AFTER_ALL), (3, CLICK)], [Settled(5, 1)]),
    ("a correction before what it corrects", SUM, [ASK, (1, TWICE_AFTER_ALL), (2, CLICK)], [Settled(2, 1)]),
    ("its place is where the original came", FIRST, [ASK, (1, TWICE_AFTER_ALL), (2, BUY), (3, CLICK)], [Settled(5, 2)]),
    ("a correction before its decision", SUM, [(0, TWICE_AFTER_ALL), (0, CLICK), (1, Ask())], [Settled(2, 1)]),
    ("a correction of nothing", SUM, [ASK, (1, TWICE_AFTER_ALL), (2, BUY)], [Settled(7, 2)]),
    ("two corrections of nothing", SUM, [ASK, (1, TWICE_AFTER_ALL), (2, HALF_AFTER_ALL)], [Settled(0.5, 1)]),
    ("a correction twice", SUM, [ASK, (1, CLICK), (2, TWICE_AFTER_ALL), (3, TWICE_AFTER_ALL)], [Settled(2, 1)]),
    ("its original again after it", SUM, [ASK, (1, CLICK), (2, TWICE_AFTER_ALL), (3, CLICK)], [Settled(2, 1)]),
    ("a late correction", SUM, [ASK, (1, CLICK), (12.000001, TWICE_AFTER_ALL)], [Settled(1, 1)]),
    ("a late correction of a late one", SUM, [ASK, (12.000001, CLICK), (13, TWICE_AFTER_ALL)], [Settled(0, 0)]),
    ("in time, of one that came late", SUM, [ASK, (12, TWICE_AFTER_ALL), (12.000001, CLICK)], [Settled(2, 1)]),
    ("taken back: the default again", {"default": 7}, [ASK, (1, CLICK), (2, TAKEN_BACK)], [Settled(7, 0)]),
    ("corrected to zero: no default", {"default": 7}, [ASK, (1, BUY), (2, NO_BUY)], [Settled(0, 1)]),
    ("corrected to zero: no cost", {"cost_on": "buy"}, [ASK, (1, BUY), (2, CLICK), (3, NO_BUY)], [Settled(1, 2)]),
    # settle: earliest
    ("early, then nothing more", QUICK, [ASK, (1, CLICK)], [early(1, 1), after_early(1, 1)]),
    ("early bad news, then good", QUICK, [ASK, (1, DISMISS), (2, BUY)], [early(-2, 1), after_early(5, 2)]),
    ("early with a value of 0", QUICK, [ASK, (1, NOTHING), (2, BUY)], [early(0, 1), after_early(5, 2)]),
    ("early, silence", {**QUICK, "default": 0.5}, [ASK], [Settled(0.5, 0)]),
    ("early only by what counts", QUICK, [ASK, (1, HOVER), (2, CLICK)], [early(1, 1), after_early(1, 1)]),
    ("early never by what is late", QUICK, [ASK, (12.000001, CLICK)], [Settled(0, 0)]),
    ("early with cost", {**QUICK, "cost_on": "buy"}, [ASK, (1, BUY)], [early(4.5, 1), after_early(4.5, 1)]),
    ("early, corrected too late for learning", QUICK, [ASK, (1, BUY), (2, NO_BUY)], [early(5, 1), after_early(0, 1)]),
    ("early, repeated", QUICK, [ASK, (1, CLICK), (2, CLICK)], [early(1, 1), after_early(1, 1)]),
    ("early by what overtook", QUICK, [(0, DISMISS), (0, CLICK), (1, Ask())], [early(1, 2), after_early(1, 2)]),
    ("early, deferred: when shown", QUICK, [LATER, (1, CLICK), (2, BUY), (3, SHOWN)], [early(5, 2), after_early(5, 2)]),
    ("early, deferred, never shown", QUICK, [LATER, (1, CLICK)], [unseen(1, 1)]),
]  # fmt: skip

STILL_OPEN: list[Row] = [
    ("no decision", {}, [(0, CLICK), (99, TICK)], []),
    ("the clock stands still", {}, [ASK, (0, CLICK), (0, TICK), (0, TICK)], []),
    ("the clock stands still at the close", {}, [ASK, (12, TICK), (12, CLICK), (12, TICK)], []),
    ("the clock is set back after it", {}, [ASK, (5, TICK), (1, TICK), (12, CLICK)], []),
    ("early though the clock stands still", QUICK, [ASK, (0, CLICK)], [early(1, 1)]),
]


@pytest.mark.parametrize("row", ORDERINGS, ids=[row[0] for row in ORDERINGS])
def test_each_ordering_gives_its_settlements(row: Row) -> None:
    _, reward, events, expected = row
    assert settlements(reward, [*events, (1e6, TICK)]) == expected


@pytest.mark.parametrize("row", STILL_OPEN, ids=[row[0] for row in STILL_OPEN])
def test_nothing_is_final_before_the_window_has_closed(row: Row) -> None:
    _, reward, events, expected = row
    assert settlements(reward, events) == expected


def settlements(reward: dict[str, Any], events: list[Happens]) -> list[Settled]:
    spec = placement(**reward)
    timeline = [
        (round(seconds * 1e6), decision(spec, deferred=what.deferred) if isinstance(what, Ask) else what)
        for seconds, what in events
    ]
    return [said_by(record) for record in joined(spec, timeline).pending()]


def said_by(record: SettlementRecord) -> Settled:
    assert (record.decision_id, record.placement) == ("d", "offer")
    return Settled(record.reward, record.outcomes, record.learn, record.why, record.early)
