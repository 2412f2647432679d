"""What comes back while the journal is out of reach: taken on the disk, followed by the session, journaled later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.errors import JournalError, NotFound, OutOfReach
from engine.explain import Explainer
from engine.feedback import Outcome, SessionEvent
from engine.journal.lookup import ThreadedLookup
from engine.journal.memory import ImmediateCommits, MemoryJournal
from engine.models import ModelWatch
from engine.records.schema import EventRecord, OutcomeRecord, ShownRecord
from engine.spool.lookup import SpoolLookup
from engine.types import Decision, DecisionRequest
from tests.engine.outages import Recording, UnsteadyJournal

SOON_S = 0.02


@dataclass(slots=True)
class Outage:
    """A bot whose journal can be taken away, and what it is asked and told meanwhile."""

    bot: Any
    recording: Recording
    lookup: SpoolLookup

    def run(self, scenario: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """The scenario; afterwards the journal is back and has everything."""

        async def whole() -> None:
            await scenario()
            self.recording.journal.recover()
            await self.recording.drained()

        self.recording.run(whole)

    async def ask(self, **fields: Any) -> Decision:
        decision: Decision = await self.bot.decider.decide(DecisionRequest("greeting", "s", **fields))
        return decision

    async def session(self) -> dict[str, Any]:
        return dict((await self.bot.store.read({"session_id": "s"}))["session_state"].values)

    def journaled(self, kind: type[Any]) -> list[Any]:
        records = [stored.record for stored in MemoryJournal.read(self.recording.journal, 0, 1_000)]
        return [record for record in records if isinstance(record, kind)]


@pytest.fixture
def outage(make_bot: Callable[..., Any], tmp_path: Path) -> Iterator[Outage]:
    """The journal is there yet."""
    bot = make_bot()
    recording = Recording(tmp_path / "spool", UnsteadyJournal(bot.clock), before_append=bot.keys.flush)
    threaded = ThreadedLookup(recording.journal, recording.commits.breaker, SOON_S)
    lookup = SpoolLookup(threaded, [recording.spool])
    bot.use(recording.journal, recording.commits)
    bot.decider._lookup = bot.feedback._lookup = lookup
    yield Outage(bot, recording, lookup)
    lookup.close()


def test_outcomes_and_events_are_taken_and_move_the_session(outage: Outage) -> None:
    async def scenario() -> None:
        outage.recording.journal.refuse()
        decision = await outage.ask()
        assert await outage.bot.feedback.outcomes([Outcome(decision.id, "click", 0.5, "o")]) == 0
        viewed = SessionEvent("product_viewed", {"category": "shoes"}, "m")
        assert await outage.bot.feedback.events("s", [viewed], user_id=None, consent=False) == 0
        state = await outage.session()
        assert (state["turn"], state["last_reward"], state["viewed_category"]) == (1, 0.5, "shoes")

    outage.run(scenario)
    assert [record.value for record in outage.journaled(OutcomeRecord)] == [0.5]
    assert len(outage.journaled(EventRecord)) == 1


def test_shown_is_taken_for_whatever_cannot_be_looked_up(outage: Outage) -> None:
    async def scenario() -> None:
        with pytest.raises(NotFound):
            await outage.bot.feedback.shown("somewhere")
        outage.recording.journal.refuse()
        assert await outage.bot.feedback.shown("somewhere") is False

    outage.run(scenario)
    assert outage.journaled(ShownRecord) == [ShownRecord(decision_id="somewhere")]


def test_a_retry_hears_the_same_and_appends_nothing(outage: Outage) -> None:
    async def scenario() -> None:
        outage.recording.journal.refuse()
        first = await outage.ask(decision_id="d")
        assert await outage.ask(decision_id="d") == first
        assert outage.recording.counts.spooled == 1

    outage.run(scenario)


def test_a_journal_that_hangs_is_asked_for_one_session_not_for_each(outage: Outage) -> None:
    """Their look-ups would come one after the other, and each would wait its time."""

    async def scenario() -> None:
        outage.bot.feedback._commits = ImmediateCommits(MemoryJournal())
        outage.recording.journal.freeze()
        outcomes = [Outcome(f"d-{n}", "click", 1.0) for n in range(100)]
        assert await outage.bot.feedback.outcomes(outcomes) == 0
        assert outage.recording.journal.asked == 1

    outage.run(scenario)


def test_nobody_else_waits_while_somebody_waits_for_the_journal(outage: Outage) -> None:
    async def scenario() -> None:
        outage.recording.journal.freeze()
        waiting = asyncio.ensure_future(outage.bot.feedback.shown("d"))
        steps = 0
        while not waiting.done():
            await asyncio.sleep(0)
            steps += 1
        assert steps > 10

    outage.run(scenario)


def test_an_old_decision_cannot_be_explained_meanwhile(outage: Outage) -> None:
    watch = ModelWatch(outage.bot.snapshots, outage.bot.placements)
    explainer = Explainer(outage.lookup, outage.bot.sealer, outage.bot.placements, watch)

    async def scenario() -> None:
        await outage.ask(decision_id="d")
        assert (await explainer.explain("d")).action is not None
        outage.recording.journal.freeze()
        with pytest.raises(OutOfReach) as error:
            await explainer.explain("d")
        assert isinstance(error.value, JournalError), "a 503 that says when to ask again"

    outage.run(scenario)
