"""What comes back is counted once, is durable before it is acknowledged, and moves the session."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import JournalError, NotFound
from engine.feedback import Outcome, SessionEvent
from engine.records.schema import EventRecord, OutcomeRecord, ShownRecord


def session(bot, session_id: str = "s") -> dict:
    return dict(asyncio.run(bot.store.read({"session_id": session_id}))["session_state"].values)


def happened(bot, *events: SessionEvent, session_id: str = "s", user_id: str | None = None) -> int:
    return asyncio.run(bot.feedback.events(session_id, events, user_id=user_id, consent=user_id is not None))


def test_an_outcome_is_recorded_once_by_its_id(bot):
    decision = bot.ask()
    assert bot.tell(decision.id, 0.5, outcome_id="o", at_us=7) == 0
    assert bot.tell(decision.id, 0.9, outcome_id="o") == 1
    (record,) = bot.records(OutcomeRecord)
    assert (record.id, record.decision_id, record.metric, record.value, record.at) == (
        "o",
        decision.id,
        "click",
        0.5,
        7,
    )
    assert session(bot)["clicks"] == 1, "a duplicate moves nothing"


def test_a_correction_is_recorded_as_such_and_is_no_second_event_of_the_session(bot):
    decision = bot.ask()
    bot.tell(decision.id, 0.5, outcome_id="o")
    bot.tell(decision.id, 0.25, outcome_id="p", corrects="o")
    assert [(record.id, record.value, record.corrects) for record in bot.records(OutcomeRecord)] == [
        ("o", 0.5, None),
        ("p", 0.25, "o"),
    ]
    assert (session(bot)["clicks"], session(bot)["last_reward"]) == (1, 0.5)


def test_duplicates_within_one_report_count_once(bot):
    decision = bot.ask()
    outcomes = [Outcome(decision.id, "click", 1.0, "o"), Outcome(decision.id, "click", 1.0, "o")]
    assert asyncio.run(bot.feedback.outcomes(outcomes)) == 1
    assert len(bot.records(OutcomeRecord)) == 1


def test_outcomes_without_an_id_all_count(bot):
    decision = bot.ask()
    assert [bot.tell(decision.id) for _ in range(3)] == [0, 0, 0]
    assert len({record.id for record in bot.records(OutcomeRecord)}) == 3


def test_an_outcome_for_a_decision_nobody_knows_is_kept_and_moves_no_session(bot):
    assert bot.tell("not yet", outcome_id="o") == 0
    assert len(bot.records(OutcomeRecord)) == 1
    assert not session(bot)


def test_an_outcome_moves_the_session_of_its_decision(bot):
    decision = bot.ask(session_id="mine", user_id="ada", consent=True)
    bot.tell(decision.id, 0.5)
    assert session(bot, "mine")["last_reward"] == 0.5


@pytest.mark.parametrize("call", ["outcomes", "shown", "events"])
def test_what_the_journal_cannot_take_is_not_acknowledged(bot, call):
    decision = bot.ask()
    before = bot.journal.last_position()
    bot.journal.down = {"append"}
    calls = {
        "outcomes": lambda: bot.tell(decision.id),
        "shown": lambda: asyncio.run(bot.feedback.shown(decision.id)),
        "events": lambda: happened(bot, SessionEvent("clicked", {})),
    }
    with pytest.raises(JournalError):
        calls[call]()
    assert bot.journal.last_position() == before
    assert "clicks" not in session(bot), "what is not recorded did not happen"


@pytest.mark.parametrize("lost", ["journal", "keys"])
def test_an_outcome_that_is_recorded_is_acknowledged_even_if_its_session_cannot_be_found(bot, lost):
    """A refusal would make the sender report it again, and without an id of its own it would count twice."""
    decision = bot.ask()
    if lost == "journal":
        bot.journal.down = {"find"}
    else:
        bot.keys.close()
    assert bot.tell(decision.id) == 0
    assert len(bot.records(OutcomeRecord)) == 1


def test_outcomes_for_a_person_erased_since_are_recorded(bot):
    decision = bot.ask(user_id="ada", consent=True)
    bot.keys.flush()
    bot.keys.forget("user", "ada")
    assert bot.tell(decision.id) == 0
    assert len(bot.records(OutcomeRecord)) == 1


def test_shown_is_recorded_once_and_only_for_decisions_there_are(bot):
    decision = bot.ask(deferred=True)
    assert [asyncio.run(bot.feedback.shown(decision.id)) for _ in range(2)] == [False, True]
    assert len(bot.records(ShownRecord)) == 1
    with pytest.raises(NotFound):
        asyncio.run(bot.feedback.shown("nobody"))


def test_events_move_the_session_in_their_order_and_once(bot):
    viewed = SessionEvent("product_viewed", {"category": "shoes", "seconds_on_page": 12}, "m1")
    clicked = SessionEvent("clicked", {}, "m2")
    assert happened(bot, viewed, clicked) == 0
    assert happened(bot, viewed, clicked) == 2
    state = session(bot)
    assert (state["viewed_category"], state["clicks"], state["last_event"]) == ("shoes", 1, "clicked")
    assert len(bot.records(EventRecord)) == 2


def test_a_message_id_belongs_to_its_session(bot):
    event = SessionEvent("clicked", {}, "m")
    assert happened(bot, event, session_id="a") == happened(bot, event, session_id="b") == 0
    assert len({record.id for record in bot.records(EventRecord)}) == 2
    assert not any(record.id == "m" for record in bot.records(EventRecord)), "ids are opaque in the journal"


def test_a_person_erased_while_an_event_is_under_way_is_asked_to_send_it_again(bot):
    class Erasing(type(bot.sealer)):
        """Erasure between the look-up of the key and its use, as another process can do it."""

        def seal(self, *args: object) -> bytes:
            bot.keys.forget("user", "ada")
            return super().seal(*args)

    sealer, bot.feedback._sealer = bot.feedback._sealer, Erasing(bot.keys)
    with pytest.raises(JournalError):
        happened(bot, SessionEvent("clicked", {}), user_id="ada")
    assert not bot.records(EventRecord)
    bot.feedback._sealer = sealer
    assert happened(bot, SessionEvent("clicked", {}), user_id="ada") == 0


def test_a_feature_store_that_is_down_does_not_stop_feedback(bot):
    decision = bot.ask()
    bot.store.down = True
    assert bot.tell(decision.id) == 0
    assert happened(bot, SessionEvent("clicked", {})) == 0
    assert len(bot.records(OutcomeRecord)) == len(bot.records(EventRecord)) == 1


def test_outcomes_of_two_decisions_may_have_the_same_id(bot):
    first, second = bot.ask(), bot.ask()
    assert [bot.tell(decision.id, outcome_id="click-1") for decision in (first, second)] == [0, 0]
    assert {record.decision_id for record in bot.records(OutcomeRecord)} == {first.id, second.id}


def test_events_of_two_sessions_never_share_an_id(bot):
    click = SessionEvent("click", {}, "b\0c")
    assert happened(bot, click, session_id="a") == 0
    assert happened(bot, SessionEvent("click", {}, "c"), session_id="a\0b") == 0
    assert len({record.id for record in bot.records(EventRecord)}) == 2
