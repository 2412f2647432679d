"""Whatever is missing: an answer in time, marked, and recorded with the probabilities it was really drawn from."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from api.metrics import Metrics
from engine.errors import PolicyError, SpoolFull
from engine.feedback import Outcome
from engine.journal.memory import MemoryJournal
from engine.models import ModelWatch
from engine.pmf import draw, sample
from engine.policies.base import Policy
from engine.records.schema import DecisionRecord, PersonalPart
from engine.snapshots import CURRENT
from engine.types import Candidate, Decision, DecisionRequest
from features.declared import VIEWS
from features.memory import MemoryStore
from features.state import StateWriter
from tests.engine.outages import Recording, UnsteadyJournal

DEADLINE_MS = 1_000
GENEROUS_S = 5.0
"""For a busy machine, beyond the deadline."""
KNOWN = {"user_id": "ada", "consent": True}
TURNS = (("greeting", "offer"), ("offer",))
STORED = [view.name for view in VIEWS if view.join_key is not None]
UNREAD = tuple(f"features:{view}" for view in STORED)


class Lopsided(Policy):
    """Prefers the last candidate."""

    name = "lopsided"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [(1.0 + 3.0 * (each is candidates[-1])) / (len(candidates) + 3.0) for each in candidates]


class Raising(Lopsided):
    """A plug-in with a mistake."""

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        raise PolicyError("no")


class SlowStore(MemoryStore):
    """Never answers; ``writes`` False: to writes only."""

    def __init__(self, *, reads: bool) -> None:
        super().__init__()
        self._reads = reads

    async def read(self, keys: Mapping[str, str]) -> Any:
        return await (super().read(keys) if self._reads else _never())

    async def write(self, *args: Any) -> list[bool]:
        return list(await _never())


async def _never() -> Any:
    await asyncio.Event().wait()


@dataclass(slots=True)
class Case:
    """A bot that records through a spool, over a journal that can be taken away."""

    bot: Any
    recording: Recording

    def use(self, store: MemoryStore) -> None:
        decider = self.bot.decider
        decider._features, decider._states = store, StateWriter(store, self.bot.clock)

    def ask(self, before: Callable[[Case], None] = lambda case: None, times: int = 1) -> list[Decision]:
        """The answers to the same request, asked one after the other once ``before`` has happened."""
        answers: list[Decision] = []
        request = DecisionRequest("greeting", "s", decision_id="d", **KNOWN)

        async def scenario() -> None:
            before(self)
            for _ in range(times):
                began = time.perf_counter()
                answers.append(await self.bot.decider.decide(request))
                assert time.perf_counter() - began < DEADLINE_MS / 1_000 + GENEROUS_S
            self.recording.journal.recover()
            await self.recording.drained()

        self.recording.run(scenario)
        return answers


@pytest.fixture
def case(make_bot: Callable[..., Any], tmp_path: Path) -> Iterator[Case]:
    """Everything works yet."""
    bot = make_bot(deadline_ms=DEADLINE_MS)
    bot.serve(Lopsided())
    recording = Recording(tmp_path / "spool", UnsteadyJournal(bot.clock), before_append=bot.keys.flush)
    bot.use(recording.journal, recording.commits)
    bot.decider._lookup = recording.lookup(threaded=True)
    yield Case(bot, recording)
    bot.decider._lookup.close()


def features_slow(case: Case) -> None:
    case.use(SlowStore(reads=False))


def features_down(case: Case) -> None:
    case.bot.store.down = True


def journal_slow(case: Case) -> None:
    case.recording.journal.freeze()


def journal_down(case: Case) -> None:
    case.recording.journal.refuse()


def journal_known_to_be_down(case: Case) -> None:
    case.recording.journal.refuse()
    case.recording.commits.breaker.trip("known")


def snapshot_refused(case: Case) -> None:
    bot = case.bot
    folder = bot.folder / "snapshots" / "greeting"
    folder.mkdir(parents=True)
    (folder / CURRENT).write_text("{")
    assert ModelWatch(bot.snapshots, bot.placements).refresh() == []


def policy_raising(case: Case) -> None:
    case.bot.serve(Raising())


def deadline_passed(case: Case) -> None:
    """Between reading and deciding, as when the machine stands still."""

    def stand_still() -> int:
        time.sleep(DEADLINE_MS / 1_000)
        return case.bot.clock()

    case.bot.decider._clock = stand_still


@dataclass(frozen=True, slots=True)
class Mode:
    """What is missing, and how the record says so. ``told`` is what only the answer can say."""

    arrange: Callable[[Case], None]
    reason: str = "policy"
    recorded: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        return self.reason != "policy"


MODES = {
    "features slow": Mode(features_slow, recorded=UNREAD),
    "features down": Mode(features_down, recorded=UNREAD),
    "journal slow": Mode(journal_slow, told=("journal",)),
    "journal down": Mode(journal_down, reason="journal out of reach", recorded=("journal",)),
    "journal known to be down": Mode(journal_known_to_be_down, reason="journal out of reach", recorded=("journal",)),
    "snapshot refused": Mode(snapshot_refused, recorded=("model",)),
    "policy raising": Mode(policy_raising, reason="policy failed", recorded=("policy",)),
    "deadline passed": Mode(deadline_passed, reason="deadline", recorded=("deadline",), told=("journal",)),
}


@pytest.mark.parametrize("name", MODES)
def test_every_degraded_mode_logs_the_probabilities_it_was_drawn_from(case: Case, name: str) -> None:
    mode = MODES[name]
    first, again = case.ask(mode.arrange, times=2)
    (record,) = [s.record for s in MemoryJournal.read(case.recording.journal, 0, 100)]
    assert isinstance(record, DecisionRecord)
    assert record.chosen == sample(record.pmf, draw(case.bot.vault.salts.draw, "d"))
    assert math.isclose(math.fsum(record.pmf), 1.0, abs_tol=1e-12)
    assert first.propensity == record.pmf[record.chosen]
    assert sorted(first.ranking) == sorted(zip(record.candidates, record.pmf, strict=True))
    assert first.action_id == record.candidates[record.chosen]
    assert (max(record.pmf) == 1.0, record.learnable) == (mode.certain, not mode.certain)
    assert (record.reason, set(record.degraded)) == (mode.reason, set(mode.recorded))
    assert set(first.degraded) == {*mode.recorded, *mode.told}
    assert first.recorded
    same = ("action_id", "propensity", "ranking", "content", "reason", "recorded")
    assert [getattr(again, name) for name in same] == [getattr(first, name) for name in same]


@pytest.mark.parametrize("name", MODES)
def test_every_degraded_mode_is_counted_by_its_part(case: Case, name: str) -> None:
    mode, metrics = MODES[name], Metrics()
    metrics.count(case.ask(mode.arrange))
    for part in (*mode.recorded, *mode.told):
        assert f'maitred_degraded_total{{part="{part}"}} 1.0' in metrics.text().decode()


def test_what_was_logged_is_what_was_known_when_features_were_late(case: Case) -> None:
    case.ask(features_slow)
    (record,) = [s.record for s in MemoryJournal.read(case.recording.journal, 0, 100)]
    assert isinstance(record, DecisionRecord)
    personal = case.bot.sealer.open(record.key_ref, record.sealed, PersonalPart, b"d")
    assert personal.freshness == dict.fromkeys(STORED, "error")


def test_without_consent_no_user_view_is_said_to_be_missing(case: Case) -> None:
    unread = case.bot.placements["greeting"].assemble.unread({"session_id": "s"})
    assert set(unread) == {"session_state"}


def test_a_session_that_cannot_be_written_in_time_is_counted_and_the_answer_comes(case: Case) -> None:
    metrics = Metrics()
    (answer,) = case.ask(lambda case: case.use(SlowStore(reads=True)))
    metrics.count([answer])
    assert answer.recorded
    assert not answer.remembered
    assert not answer.degraded
    assert "maitred_session_writes_missed_total 1.0" in metrics.text().decode()


def test_when_neither_journal_nor_disk_take_it_the_answer_says_that_it_is_not_recorded(
    make_bot: Callable[..., Any], tmp_path: Path
) -> None:
    bot = make_bot(deadline_ms=DEADLINE_MS)
    recording = Recording(tmp_path, UnsteadyJournal(bot.clock), max_bytes=1)
    bot.use(recording.journal, recording.commits)

    async def scenario() -> None:
        recording.journal.refuse()
        answer = await bot.decider.decide(DecisionRequest("greeting", "s"))
        assert (answer.recorded, answer.degraded) == (False, ("journal",))
        with pytest.raises(SpoolFull):
            await bot.feedback.outcomes([Outcome(answer.id, "click", 1.0)])

    recording.run(scenario)


def test_the_least_deadline_of_a_turn_counts(make_bot: Callable[..., Any]) -> None:
    bot = make_bot(deadline_ms=DEADLINE_MS // 10)
    both, other = (bot.decider._deadline([DecisionRequest(name, "s") for name in names]) for names in TURNS)
    assert both.left_s() <= DEADLINE_MS / 10_000 < other.left_s()
