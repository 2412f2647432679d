"""The whole history folded anew: nothing is taken from snapshots but what was imported, which nothing else can give."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.fold import Fold
from engine.join import Joiner
from engine.journal.base import Reads, Stored
from engine.records.sealing import Sealer
from engine.skip import skipped
from engine.snapshots import SnapshotStore
from engine.sqlite_parking import SqliteParking
from engine.states import FoldedStates, StoredStates, wanted_states

BATCH = 1_000

Watch = Callable[[int], None]
"""Is told how many records have been read."""


def unwatched(_: int) -> None:
    """For those whom nobody watches."""


def records_of(history: Reads, watch: Watch = unwatched) -> Iterator[Stored]:
    """Every record, in order. Raises ``JournalError``."""
    for batch in batches_of(history, watch):
        yield from batch


def batches_of(history: Reads, watch: Watch = unwatched) -> Iterator[list[Stored]]:
    """Every record, in order, some at a time. Raises ``JournalError``."""
    position, passed = 0, 0
    while batch := history.read(position, BATCH):
        yield batch
        position = batch[-1].position
        passed += len(batch)
        watch(passed)


@contextmanager
def new_fold(history: Reads, sealer: Sealer, imports: SnapshotStore) -> Iterator[Fold]:
    """A fold to feed with a history, which it has looked through once to know what rollbacks will ask for.

    Args:
        imports: where imported models are kept.
    """
    wanted = wanted_states(records_of(history))
    with tempfile.TemporaryDirectory() as folder:
        states = FoldedStates(wanted, StoredStates(imports), Path(folder))
        yield Fold(
            sealer,
            history,
            states,
            joiner=Joiner(parking=SqliteParking(Path(folder))),
            skip=skipped(history),
        )
