"""Whatever happens, in whatever order: the joiner gives what the rules give, however it is run."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.join import Joiner
from engine.journal.base import Stored
from engine.journal.memory import MemoryJournal
from engine.open_decision import Terms
from engine.parking import MemoryParking, Parking
from engine.records.schema import AnyRecord, SettlementRecord
from engine.sqlite_parking import SqliteParking
from tests.engine.join_model import Rules
from tests.engine.join_words import TICK, At, S, catalogue, decision, outcome, placement, shown, stored

EARLY_WAIT_US = 3 * S
SPECS = [
    placement(window="1s", grace="0s", aggregation="sum"),
    placement(window="5s", grace="1s", aggregation="earliest", cost_on="buy"),
    placement(window="5s", grace="0s", aggregation="max", settle="earliest", default=0.25),
    placement(window="5s", grace="1s", aggregation="median", settle="earliest", cost_on="dismiss"),
    placement(window="90d", grace="1s", aggregation="mean"),
    placement(window="90d", aggregation="min", settle="earliest", default=-1.0),
]
START = 10 * S
"""Nothing is reported before the catalogues are there."""


@st.composite
def told(draw: Any, id: str) -> list[At]:
    """A decision and what is reported about it: often at the very moments at which it begins or ceases to count."""
    spec, at_us = draw(st.sampled_from(SPECS)), START + draw(st.integers(0, 12)) * S // 2
    deferred, group = draw(st.sampled_from([False, False, True])), draw(st.sampled_from(["champion"] * 4 + ["random"]))
    hold_us = Terms.of(spec).hold_us
    offsets = st.sampled_from([-3 * S - 1, -3 * S, -S, 0, 0, 1, S // 2, S, hold_us, hold_us, hold_us + 1, hold_us + S])
    outcomes = st.builds(
        outcome,
        st.sampled_from(["click", "buy", "dismiss", "hover"]),
        st.sampled_from([-1.0, 0.0, 0.5, 1.0]),
        id=st.sampled_from("abcd"),
        about=st.just(id),
        corrects=st.none() | st.sampled_from("abcd"),
    )
    reports = draw(st.lists(st.tuples(offsets, st.one_of(outcomes, outcomes, st.just(shown(id)))), max_size=8))
    made = decision(spec, id, deferred=deferred, group=group, chosen=draw(st.sampled_from([0, 1])))
    return [(at_us, made), *((at_us + offset_us, report) for offset_us, report in reports)]


@st.composite
def happenings(draw: Any) -> list[At]:
    """Several decisions at once; what happens in the same instant happens in any order."""
    ticks = draw(st.lists(st.tuples(st.integers(0, 40).map(lambda half: half * S // 2), st.just(TICK)), max_size=4))
    events = [at for id in "123456"[: draw(st.integers(1, 6))] for at in draw(told(id))]
    in_order = sorted(draw(st.permutations([*events, *ticks])), key=lambda at: at[0])
    known = [(0, msgspec.structs.replace(catalogue(spec), serial=serial)) for serial, spec in enumerate(SPECS)]
    return [*known, *in_order]


@dataclass
class Life:
    """A learner's loop over a journal: reads in batches, settles now and then, dies and starts again."""

    rng: random.Random
    make: Callable[[], Joiner]
    now_us: int = 0
    journal: MemoryJournal = field(init=False)
    joiner: Joiner = field(init=False)
    position: int = 0

    def __post_init__(self) -> None:
        self.journal = MemoryJournal(lambda: self.now_us)
        self.joiner = self.make()

    def live(self, timeline: list[At], *, dies: bool = False) -> None:
        """Everything happens, and in the end everything is settled."""
        for time_us, record in [*timeline, (timeline[-1][0] + 91 * 86_400 * S, TICK)]:
            self.now_us = time_us
            self.journal.append([record])
            if dies and self.rng.random() < 0.2:
                self._start_again()
            if self.rng.random() < 0.5:
                self._settle(all_of_it=False)
        while self._settle(all_of_it=True):
            pass

    def _start_again(self) -> None:
        watermark, last = self.joiner.low_watermark, self.position
        self.joiner, self.position = self.make(), 0
        if self.rng.random() < 0.5:
            for spec in SPECS:
                self.joiner.know(spec.version, spec)
            self.position = last if watermark is None else watermark - 1

    def _settle(self, *, all_of_it: bool) -> int:
        """Some of what is pending may stay so: the learner dies in between."""
        self._read()
        pending = self.joiner.pending()
        self.journal.append(pending if all_of_it else pending[: self.rng.randint(0, len(pending))])
        self._read()
        return len(pending)

    def _read(self) -> None:
        while batch := self.journal.read(self.position, self.rng.randint(1, 7)):
            for entry in batch:
                self.joiner.observe(entry)
            self.position = batch[-1].position

    def everything(self) -> list[Stored]:
        return self.journal.read(0, 1_000_000)

    def settlements(self) -> list[SettlementRecord]:
        return [entry.record for entry in self.everything() if isinstance(entry.record, SettlementRecord)]


def rules(most_early: int = 1_000) -> Rules:
    return Rules({spec.version: spec for spec in SPECS}, EARLY_WAIT_US, most_early)


def close(settlements: list[SettlementRecord]) -> list[SettlementRecord]:
    """But for what floating-point numbers make of a different order of adding up."""
    return [msgspec.structs.replace(each, reward=round(each.reward, 9)) for each in settlements]


def on_disk() -> Parking:
    return SqliteParking(Path(tempfile.gettempdir()))


@given(happenings(), st.integers(0, 2**32))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_every_settlement_is_what_the_rules_say_whenever_it_is_asked_for(timeline: list[At], seed: int) -> None:
    life = Life(random.Random(seed), lambda: Joiner(early_wait_us=EARLY_WAIT_US))
    life.live(timeline)
    assert close(life.settlements()) == close(rules().settlements(life.everything()))
    assert (life.joiner.open_count, life.joiner.pending()) == (0, [])
    assert life.joiner.late == rules().late(life.everything())


@given(happenings(), st.integers(0, 2**32), st.integers(1, 5))
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_starting_again_anywhere_changes_no_settlement_and_no_order(
    timeline: list[At], seed: int, most_early: int
) -> None:
    """From the journal's start or from the low watermark, in whatever batches, with few or many things in memory."""
    rng = random.Random(seed)

    def make() -> Joiner:
        return Joiner(
            early_wait_us=EARLY_WAIT_US,
            most_early=most_early,
            parking=MemoryParking(),
            most_in_memory=rng.choice([1, 3, 1_000]),
            most_due=rng.choice([1, 2, 1_000]),
        )

    life = Life(rng, make)
    life.live(timeline, dies=True)
    assert close(life.settlements()) == close(rules(most_early).settlements(life.everything()))


@pytest.mark.parametrize("park", [MemoryParking, on_disk])
@given(timeline=happenings(), most=st.integers(1, 6))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_parked_settles_as_if_it_had_stayed_in_memory(
    park: Callable[[], Parking], timeline: list[At], most: int
) -> None:
    plain, parked = Joiner(), Joiner(parking=park(), most_in_memory=most)
    for entry in stored(timeline):
        plain.observe(entry)
        parked.observe(entry)
        assert parked.pending() == plain.pending()
        assert parked.low_watermark == plain.low_watermark
    assert (parked.open_count, parked.late, parked.orphans) == (plain.open_count, plain.late, plain.orphans)


@given(happenings(), st.integers(1, 3))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_of_many_that_are_due_the_first_ones_are_given(timeline: list[At], most: int) -> None:
    whole, bounded = Joiner(), Joiner(most_due=most)
    for entry in stored(timeline):
        whole.observe(entry)
        bounded.observe(entry)
        assert bounded.pending() == whole.pending()[:most]
        assert bounded.next_due == whole.next_due
    assert bounded.late == whole.late


def test_the_model_is_not_the_joiner_in_disguise() -> None:
    """Both are given the same journal, and the model notices every change of a reward that counted."""
    spec = SPECS[0]
    records: list[AnyRecord] = [catalogue(spec), decision(spec), outcome("click"), outcome("buy")]
    journal = stored([(0, record) for record in records] + [(2 * S, TICK)])
    (settlement,) = rules().settlements(journal)
    assert (settlement.reward, settlement.outcomes, settlement.decision_position) == (6.0, 2, 2)
