"""The learner: reads the journal in order, settles what is due, learns it, publishes snapshots.

Everything it does is in the journal before it has an effect: a settlement is learned from there, a snapshot
becomes current after its ``publish`` record. So it may be killed anywhere and started again. Every append carries the
fence of its lease: one that slept too long writes nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import structlog

from engine.alarms import untold
from engine.attempts import Attempts
from engine.calibrate import Calibrator
from engine.config import PlacementSpec
from engine.errors import Diverged, Incomplete, SnapshotError
from engine.fold import Fold, unattempted
from engine.join import Joiner
from engine.journal.base import Appended, Journal, Reads, Stored
from engine.journal.identity import identity_of
from engine.lineage import Origin, Resumed
from engine.policies import registry
from engine.publications import resumable
from engine.publish import Publisher
from engine.records.schema import AnyRecord, ControlRecord, TickRecord
from engine.records.sealing import Sealer
from engine.refusal import Note, unnoted
from engine.skip import skip_record, skipped
from engine.snapshots import SnapshotStore
from engine.states import FoldedStates, States, StoredStates, wanted_states
from engine.tenure import Tenure, steady_clock
from features.clock import Clock

log = structlog.get_logger(__name__)

BATCH = 500
APPENDED = 256
"""Records in one append: while it lasts, some milliseconds, no decision can be recorded in an embedded journal. What is
learned in between gives way to those that wait."""
TICK_US = 1_000_000


@dataclass(slots=True, kw_only=True)
class Learner:
    """One learner per journal. ``step`` does a bounded amount of work and says whether there is more.

    Attributes:
        tenure: taken already. ``Fenced`` is raised by whatever finds that it was lost: the process must end.
        history: opens what has the records, too, that were cut from the journal.
        clock, pace: the wall's, for what people read; and one that nobody sets, for what is done once in a while.
        make_joiner: of every fold, one.
        attempts: knows which settlement killed the processes before this one.
        fold: all that was read.
    """

    journal: Journal
    snapshots: SnapshotStore
    sealer: Sealer
    clock: Clock
    tenure: Tenure
    history: Callable[[], Reads] | None = None
    pace: Clock = steady_clock
    publish_every_us: int = 1_000_000
    note: Note = unnoted
    make_joiner: Callable[[], Joiner] = Joiner
    attempts: Attempts | None = None
    fold: Fold = field(init=False)
    _publisher: Publisher = field(init=False)
    _calibrator: Calibrator = field(init=False)
    _skip: frozenset[int] = frozenset()
    _publish_at_us: int = 0
    _tick_at_us: int = 0
    _last: Stored | None = None
    _last_read_us: int = field(init=False)
    _in_doubt: bool = False

    def __post_init__(self) -> None:
        self.fold = self._new_fold(self.journal, StoredStates(self.snapshots), {})
        self._publisher = Publisher(self.snapshots, self.clock)
        self._calibrator = Calibrator()
        self._last_read_us = self.pace()

    def restore(self) -> None:
        """Fold the journal from its start, going on from the newest good snapshots instead of learning anew.

        Where that is not possible, because what a snapshot should tell is lost or was cut, everything is learned anew.
        """
        self._skip_what_kills()
        stored = StoredStates(self.snapshots)
        try:
            self._fold_anew(self.journal, stored, resumable(self.journal, self.snapshots))
        except (SnapshotError, Incomplete) as error:
            log.warning("learning_from_the_start", error=str(error))
            past = self.journal if self.history is None else self.history()
            with tempfile.TemporaryDirectory() as folder:
                wanted = wanted_states(stored for batch in self._batches(past) for stored in batch)
                self._fold_anew(past, FoldedStates(wanted, stored, Path(folder)), {})
            self.fold.states = stored

    def step(self) -> bool:
        """Read, settle, learn, publish. True if there is more to read right now.

        Raises:
            Fenced: another learner is in office.
            Diverged: the journal is not what it was. Whoever starts again, starts from the truth.
        """
        if self._in_doubt:
            self._ensure_same_journal()
        self._in_doubt = True
        busy = self._step()
        self._in_doubt = False
        return busy

    def _step(self) -> bool:
        if self._read() == BATCH:
            return True
        self._append([*self._origins(), *self.fold.joiner.pending()])
        self._append([*self._calibrator.due(self.fold.lineages), *untold(self.fold.lineages)])
        self._tick()
        self._publish()
        last = self.journal.last_position()
        if last < self.fold.position:
            raise Diverged(f"the journal ends at position {last}; it was at {self.fold.position} before")
        return self.fold.position < last or self.fold.joiner.next_due is not None

    def _skip_what_kills(self) -> None:
        """A settlement that killed the learner several times in a row is left out, by this fold and every other."""
        deadly = None if self.attempts is None else self.attempts.begin()
        record = None if deadly is None else skip_record(self.journal, deadly)
        if record is not None:
            log.error("settlement_skipped", **record.payload)
            self.journal.append([record], fence=self.tenure.epoch)
        self._skip = skipped(self.journal)

    def _new_fold(self, past: Reads, states: States, resume: Mapping[str, Resumed]) -> Fold:
        return Fold(
            self.sealer,
            past,
            states,
            resume=resume,
            joiner=self.make_joiner(),
            note=self.note,
            skip=self._skip,
            attempt=unattempted if self.attempts is None else self.attempts.note,
        )

    def _fold_anew(self, past: Reads, states: States, resume: Mapping[str, Resumed]) -> None:
        self.fold = self._new_fold(past, states, resume)
        for batch in self._batches(past):
            self._take_in(batch)

    def _batches(self, past: Reads) -> Iterator[list[Stored]]:
        position = 0
        while batch := past.read(position, BATCH):
            self._keep_office()
            if not position:
                self._publisher.journal = identity_of(batch[0])
            yield batch
            position = batch[-1].position

    def _read(self) -> int:
        self._keep_office()
        batch = self.journal.read(self.fold.position, BATCH)
        if batch and self._last is None:
            self._publisher.journal = identity_of(batch[0])
        self._take_in(batch)
        return len(batch)

    def _take_in(self, batch: Sequence[Stored]) -> None:
        if not batch:
            return
        self.fold.prepare(batch)
        for stored in batch:
            self.fold.apply(stored)
        self._last = batch[-1]
        self._last_read_us = self.pace()

    def _keep_office(self) -> None:
        if self.tenure.keep():
            self._ensure_same_journal()

    def _ensure_same_journal(self) -> None:
        """After an outage, and now and then: a server that lost its end may have grown beyond it again."""
        last = self._last
        if last is not None and self.journal.read(last.position - 1, 1)[:1] != [last]:
            raise Diverged(f"position {last.position} of the journal is not what it was")

    def _append(self, records: Sequence[AnyRecord]) -> None:
        for start in range(0, len(records), APPENDED):
            some = records[start : start + APPENDED]
            places = self.journal.append(some, fence=self.tenure.epoch)
            if not self._take_in_own(some, places):
                while self._read() == BATCH:
                    pass

    def _take_in_own(self, records: Sequence[AnyRecord], places: Sequence[Appended]) -> bool:
        """What was appended just after what was read need not be read back. False if it was not."""
        follow = range(self.fold.position + 1, self.fold.position + 1 + len(places))
        if any(place.duplicate or place.position != next_ for place, next_ in zip(places, follow, strict=True)):
            return False
        self._take_in([Stored(at.position, at.time_us, record) for at, record in zip(places, records, strict=True)])
        return True

    def _tick(self) -> None:
        """Let journal time go on while it matters and nothing else does: by either clock, at most once a second."""
        now_us = self.pace()
        quiet_us = max(now_us - self._last_read_us, self.clock() - self.fold.time_us)
        if self.fold.joiner.open_count and quiet_us >= TICK_US and now_us >= self._tick_at_us:
            self._tick_at_us = now_us + TICK_US
            self._append([TickRecord()])

    def _origins(self) -> list[ControlRecord]:
        wanted = {name: self._origin(spec) for name, (_, spec) in self.fold.catalogues.items()}
        return [
            self._origin_record(name, origin)
            for name, origin in wanted.items()
            if origin is not None and not self._goes_on(name, origin)
        ]

    def _origin(self, spec: PlacementSpec) -> Origin | None:
        if not (self.fold.encoder and registry.learns(spec.policy.name)):
            return None
        return Origin(spec.policy.name, spec.policy.params, self.fold.encoder)

    def _goes_on(self, placement: str, origin: Origin) -> bool:
        lineage = self.fold.lineages.get(placement)
        return lineage is not None and lineage.origin == origin

    def _origin_record(self, placement: str, origin: Origin) -> ControlRecord:
        position, _ = self.fold.catalogues[placement]
        replaced = self.fold.lineages.get(placement)
        content = msgspec.json.encode([placement, position, origin, replaced and replaced.id], order="deterministic")
        version = hashlib.sha256(content).hexdigest()[:12]
        return ControlRecord(action="origin", placement=placement, version=version, payload=msgspec.to_builtins(origin))

    def _publish(self) -> None:
        """A lineage may end between the staging of its snapshot and its record: then another one's is served."""
        now_us = self.pace()
        if now_us < self._publish_at_us:
            return
        for placement, lineage in list(self.fold.lineages.items()):
            if lineage.has_news and (record := self._publisher.stage(placement, lineage)):
                self._append([record])
            self._publisher.serve(placement, self.fold.lineages[placement])
        self._publish_at_us = now_us + self.publish_every_us
