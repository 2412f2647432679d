"""Records find their shard, and what is asked for is found in whichever shard it is."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.announce import announce_to_shards
from engine.config import ActionSpec, PlacementSpec, RewardSpec
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.errors import ConfigError, JournalError
from engine.journal.base import Appended
from engine.journal.memory import MemoryJournal
from engine.journal.shards import Shards
from engine.records.codec import kind_of
from engine.records.schema import (
    AnyRecord,
    ControlRecord,
    EventRecord,
    OutcomeRecord,
    SettlementRecord,
    ShownRecord,
    TickRecord,
)
from tests.sample_decision import decision

COUNT = 3


@pytest.fixture
def shards() -> Shards:
    return Shards([MemoryJournal() for _ in range(COUNT)])


def placement_in(shards: Shards, shard: int) -> str:
    return next(name for name in map(str, range(1_000)) if shards.of(name) == shard)


def outcome(decision_id: str, id: str = "o") -> OutcomeRecord:
    return OutcomeRecord(id=id, decision_id=decision_id, metric="m", value=1.0)


def kinds(shards: Shards) -> list[list[str]]:
    """What is in each shard."""
    return [[kind_of(stored.record) for stored in journal.read(0, 1_000)] for journal in shards.journals]


def alone(kind: str, shard: int) -> list[list[str]]:
    return [[kind] if each == shard else [] for each in range(COUNT)]


class Refusing(MemoryJournal):
    """Appends nothing while ``refuses``."""

    refuses = True

    def append(self, records: Sequence[AnyRecord], **how: int | None) -> list[Appended]:
        if self.refuses:
            raise JournalError("this shard is away")
        return super().append(records, **how)


def test_a_placement_stays_in_its_shard_and_placements_spread_over_all() -> None:
    """The same for all time: these are in journals."""
    shards = Shards([MemoryJournal() for _ in range(COUNT)])
    assert [shards.of(name) for name in ("greeting", "offer", "recommendation", "")] == [2, 1, 2, 0]
    found = [shards.of(f"placement-{n}") for n in range(600)]
    assert all(150 <= found.count(shard) <= 250 for shard in range(COUNT)), "200 each, give or take four deviations"


@pytest.mark.parametrize("shard", range(COUNT))
def test_what_names_a_placement_goes_to_its_shard_alone(shards: Shards, shard: int) -> None:
    placement = placement_in(shards, shard)
    records = {
        "decision": decision("d", placement),
        "settlement": SettlementRecord(
            decision_id="d", decision_position=1, placement=placement, reward=0.0, outcomes=0, learn=True
        ),
        "control": ControlRecord(action="catalogue", placement=placement, version="v", payload={}),
    }
    assert [shards.route(record) for record in records.values()] == [(shard,)] * 3
    shards.append(list(records.values()))
    assert [bool(own) for own in kinds(shards)] == [each == shard for each in range(COUNT)]


def test_what_is_about_all_placements_goes_everywhere_and_an_event_to_one_shard_only(shards: Shards) -> None:
    shards.append([ControlRecord(action="encoder", placement="*", version="v", payload={}), TickRecord()])
    assert kinds(shards) == [["control", "tick"]] * COUNT
    shards.append([EventRecord(id="e", key_ref="k", sealed=b"")])
    assert sorted(len(own) for own in kinds(shards)) == [2, 2, 3]


@pytest.mark.parametrize("feedback", [outcome("d"), ShownRecord(decision_id="d")], ids=kind_of)
@pytest.mark.parametrize("remembered", [True, False])
def test_what_comes_of_a_decision_goes_where_the_decision_is(feedback: AnyRecord, remembered: bool) -> None:
    journals = [MemoryJournal() for _ in range(COUNT)]
    Shards(journals).append([decision("d", placement_in(Shards(journals), 2))])
    shards = Shards(journals)
    assert (shards.route(feedback), shards.find("decision", "d") is None) == (None, False)
    if not remembered:
        shards = Shards(journals)
    shards.append([feedback])
    assert kinds(shards) == [[], [], ["decision", kind_of(feedback)]]
    assert [stored.position for stored in shards.about("d")] == [1, 2]


def test_an_early_outcome_waits_in_every_shard_and_counts_once(shards: Shards) -> None:
    (early,) = shards.append([outcome("d")])
    shards.append([decision("d", placement_in(shards, 1))])
    (again,) = shards.append([outcome("d")])

    assert kinds(shards) == [["outcome"], ["outcome", "decision"], ["outcome"]]
    assert (early.duplicate, again.duplicate) == (False, True)
    assert [kind_of(stored.record) for stored in shards.about("d")] == ["outcome", "decision"]


def test_an_outcome_is_new_until_every_shard_it_is_for_has_it() -> None:
    away = Refusing()
    shards = Shards([MemoryJournal(), away, MemoryJournal()])
    with pytest.raises(JournalError, match="away"):
        shards.append([outcome("d")])
    away.refuses = False
    assert [place.duplicate for place in shards.append([outcome("d")])] == [False]
    assert [place.duplicate for place in shards.append([outcome("d")])] == [True]
    assert kinds(shards) == [["outcome"]] * COUNT


def test_what_one_shard_refused_is_completed_by_the_same_call_again() -> None:
    away = Refusing()
    shards = Shards([MemoryJournal(), away, MemoryJournal()])
    turn = [decision(f"d{shard}", placement_in(shards, shard)) for shard in (2, 1, 0)]
    with pytest.raises(JournalError, match="away"):
        shards.append(turn)
    away.refuses = False

    places = shards.append(turn)

    assert [place.duplicate for place in places] == [False, False, True], "shards are asked in their order"
    assert kinds(shards) == [["decision"]] * COUNT
    assert [shards.append(turn)[n].duplicate for n in range(3)] == [True] * 3


def test_records_are_answered_in_their_order(shards: Shards) -> None:
    placements = [placement_in(shards, shard) for shard in (2, 0, 1)]
    records = [decision(f"d{n}", placements[n % 3]) for n in range(30)]
    places = shards.append(records)
    assert [shards.journals[shards.of(record.placement)].find("decision", record.id) for record in records] == [
        (place.position, place.time_us, record) for place, record in zip(places, records, strict=True)
    ]
    assert shards.last_position() == 30


def test_what_is_nowhere_is_not_found_and_what_cannot_be_asked_is_not_nowhere(shards: Shards) -> None:
    class Unreadable(MemoryJournal):
        def find(self, kind: str, key: str) -> None:
            raise JournalError("away")

    assert shards.find("decision", "d") is None
    assert shards.about("d") == []
    with pytest.raises(JournalError):
        Shards([MemoryJournal(), Unreadable()]).find("decision", "d")


def test_every_shard_gets_the_encoder_and_the_catalogues_of_its_placements_also_after_a_failure() -> None:
    spec = PlacementSpec(
        reward=RewardSpec(metrics={"click": 1.0}, window="5s"),
        baseline="a",
        fallback={"en": "Hello"},
        actions=(ActionSpec(id="a", templates={"en": "Hi"}),),
    )
    away = Refusing()
    shards = Shards([MemoryJournal(), away, MemoryJournal()])
    names = [placement_in(shards, shard) for shard in range(COUNT)]
    specs = dict.fromkeys(names, spec)
    with pytest.raises(JournalError):
        announce_to_shards(shards, specs, RangeEncoder(RangeSpec()))
    away.refuses = False

    assert announce_to_shards(shards, specs, RangeEncoder(RangeSpec())) == names[1:]
    assert announce_to_shards(shards, specs, RangeEncoder(RangeSpec())) == []

    for name, journal in zip(names, shards.journals, strict=True):
        controls = [stored.record for stored in journal.read(0, 10)]
        assert [(c.action, c.placement) for c in controls] == [("encoder", "*"), ("catalogue", name)]


def test_a_journal_has_at_least_one_shard() -> None:
    with pytest.raises(ConfigError):
        Shards([])


def test_a_single_shard_takes_everything() -> None:
    shards = Shards([MemoryJournal()])
    shards.append([outcome("d"), decision("d", "p"), TickRecord()])
    assert kinds(shards) == [["outcome", "decision", "tick"]]
