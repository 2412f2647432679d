"""Catalogues are announced once each time they change, so that records can name a hash and readers know what it was."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from engine.announce import announce
from engine.config import ActionSpec, PlacementSpec, RewardSpec
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.journal.base import Appended
from engine.journal.memory import MemoryJournal
from engine.journal.sqlite import SqliteJournal
from engine.records.schema import ALL_PLACEMENTS, AnyRecord, ControlRecord

A = PlacementSpec(
    reward=RewardSpec(metrics={"click": 1.0}, window="5s"),
    baseline="a",
    fallback={"en": "Hello"},
    actions=(ActionSpec(id="a", templates={"en": "Hi"}, features={"n": 1, "x": 1.5, "yes": True, "t": "z"}, cost=0.5),),
)
SPEC = RangeSpec(ranges={"request.n": (0.0, 1.0)}, texts=("request.text",))
ENCODER = RangeEncoder(SPEC)
B = msgspec.structs.replace(A, epsilon=0.5)


def announced(journal: MemoryJournal | SqliteJournal, placement: str = "greeting") -> list[tuple[str, int]]:
    records = [stored.record for stored in journal.read(0, 1_000)]
    return [(r.version, r.serial) for r in records if isinstance(r, ControlRecord) and r.placement == placement]


def test_each_placement_is_announced_once() -> None:
    journal = MemoryJournal()
    assert announce(journal, {"greeting": A, "offer": A}, ENCODER) == ["greeting", "offer"]
    assert announce(journal, {"greeting": A, "offer": A}, ENCODER) == []
    assert announced(journal) == announced(journal, "offer") == [(A.version, 0)]


def test_every_change_is_announced_and_so_is_going_back() -> None:
    journal = MemoryJournal()
    for spec in (A, B, B, A, A, B):
        announce(journal, {"greeting": spec, "offer": A}, ENCODER)
    assert announced(journal) == [(A.version, 0), (B.version, 1), (A.version, 2), (B.version, 3)]
    assert len(announced(journal, "offer")) == 1


def test_what_is_announced_is_the_whole_specification() -> None:
    journal = MemoryJournal()
    announce(journal, {"greeting": A}, ENCODER)
    encoder, catalogue = (stored.record for stored in journal.read(0, 10))
    assert isinstance(encoder, ControlRecord)
    assert isinstance(catalogue, ControlRecord)
    assert msgspec.convert(encoder.payload, RangeSpec) == SPEC
    assert msgspec.convert(catalogue.payload, PlacementSpec) == A


class Overtaken(MemoryJournal):
    """Another process announces B just before the first announcement arrives."""

    overtaken = False

    def append(self, records: Sequence[AnyRecord]) -> list[Appended]:
        if not self.overtaken:
            self.overtaken = True
            announce(self, {"greeting": B}, ENCODER)
        return super().append(records)


def test_whoever_is_overtaken_looks_again_and_is_announced_after_the_other() -> None:
    journal = Overtaken()
    assert announce(journal, {"greeting": A}, ENCODER) == ["greeting"]
    assert announced(journal) == [(B.version, 0), (A.version, 1)]
    assert announced(journal, ALL_PLACEMENTS) == [(ENCODER.version, 0)]


def test_another_encoder_is_announced_and_so_is_going_back() -> None:
    journal = MemoryJournal()
    other = RangeEncoder(RangeSpec())
    for encoder in (ENCODER, other, other, ENCODER):
        announce(journal, {"greeting": A}, encoder)
    versions = [ENCODER.version, other.version, ENCODER.version]
    assert announced(journal, ALL_PLACEMENTS) == list(zip(versions, range(3), strict=True))
    assert len(announced(journal)) == 1


@pytest.mark.parametrize("callers", [6])
def test_processes_that_start_at_once_announce_once(tmp_path: Path, callers: int) -> None:
    """Connections of their own, as separate processes have; A was announced before, all bring B."""
    path = tmp_path / "journal.db"
    journals = [SqliteJournal(path, "process") for _ in range(callers)]
    announce(journals[0], {"greeting": A}, ENCODER)
    results: list[list[str]] = []
    together = threading.Barrier(callers)

    def start(journal: SqliteJournal) -> None:
        together.wait()
        results.append(announce(journal, {"greeting": B}, ENCODER))

    threads = [threading.Thread(target=start, args=(journal,)) for journal in journals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [[]] * (callers - 1) + [["greeting"]]
    assert announced(journals[0]) == [(A.version, 0), (B.version, 1)]
    for journal in journals:
        journal.close()
