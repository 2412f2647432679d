"""The whole engine in this process: no HTTP, no disk but for the keys."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from api.wiring import load_config
from benchmarks.bot import CONTEXT, PLACEMENT, write_config
from benchmarks.people import keys_of, write_rows
from benchmarks.without_waiting import result_of
from engine.catalog import Catalogue
from engine.config import PlacementSpec, PrivacySpec
from engine.decide import Decider
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.journal.base import Appended
from engine.journal.lookup import InlineLookup
from engine.journal.memory import MemoryJournal
from engine.models import cold
from engine.placement import Placement
from engine.privacy import Vault
from engine.records.keys import KeyTable
from engine.records.schema import AnyRecord, DecisionRecord
from engine.types import Decision, DecisionRequest
from features.assemble import Assembler
from features.clock import wall_clock
from features.memory import MemoryStore
from features.plan import load
from features.repository import plan_path
from features.state import StateWriter

KEPT = 1_000


class RecentRecords:
    """``Commits`` that keep the newest records only: a heap that grows is not a decision's cost."""

    def __init__(self) -> None:
        self.newest: deque[AnyRecord] = deque(maxlen=KEPT)
        self._appended = 0

    def start(self) -> None:
        """Nothing to start."""

    async def append(self, records: Sequence[AnyRecord], *, wait_s: float | None = None) -> list[Appended]:
        """See ``Commits.append``."""
        self.newest.extend(records)
        first = self._appended + 1
        self._appended += len(records)
        return [Appended(position, wall_clock(), duplicate=False) for position in range(first, self._appended + 1)]

    def in_reach(self, placement: str) -> bool:
        """Always."""
        return True

    async def close(self) -> None:
        """Nothing to stop."""


@contextmanager
def as_after_warm_up() -> Iterator[None]:
    """What is alive is not looked at by the collector, as in a service that is ready."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@dataclass(frozen=True, slots=True)
class InProcess:
    """A decider with everything it needs; ``users`` people have rows."""

    decider: Decider
    placement: Placement
    commits: RecentRecords
    vault: Vault
    users: int

    @property
    def spec(self) -> PlacementSpec:
        """What the bot's YAML says of the placement."""
        return self.placement.catalogue.spec

    def decide(self, number: int) -> Decision:
        """One decision for one of the people."""
        keys = keys_of(number % self.users)
        context = {**CONTEXT, "message_length": number % 200}
        request = DecisionRequest(PLACEMENT, keys["session_id"], keys["user_id"], context, consent=True)
        return result_of(self.decider.decide(request))

    def records(self, numbers: Iterable[int]) -> list[DecisionRecord]:
        """What the journal gets of such decisions, of which there may be ``KEPT``."""
        self.commits.newest.clear()
        for number in numbers:
            self.decide(number)
        return [record for record in self.commits.newest if isinstance(record, DecisionRecord)]


def engine_in(folder: Path, home: Path, users: int, window: str | None = None) -> InProcess:
    """An engine with the plan of ``home``; configuration (``bot.write_config``) and keys are put into ``folder``."""
    config, plan = load_config(write_config(folder, window)), load(plan_path(home))
    spec, encoder = config.placements[PLACEMENT], StandardEncoder(StandardSpec.of(plan))
    catalogue = Catalogue(PLACEMENT, spec, encoder.action, config.default_locale)
    placement = Placement(PLACEMENT, catalogue, Assembler(plan, PLACEMENT), cold(spec.policy, encoder))
    commits, store, vault = RecentRecords(), MemoryStore(), Vault(KeyTable(folder / "keys.db"))
    result_of(write_rows(store, users))
    decider = Decider(
        placements={PLACEMENT: placement},
        features=store,
        states=StateWriter(store, wall_clock),
        lookup=InlineLookup(MemoryJournal()),
        commits=commits,
        vault=vault,
        privacy=PrivacySpec(),
        clock=wall_clock,
    )
    return InProcess(decider, placement, commits, vault, users)
