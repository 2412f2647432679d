"""Turns of several placements, and decisions while parts of the deployment are down or a person is being erased."""

from __future__ import annotations

import asyncio

import pytest

from engine.errors import BadRequest
from engine.types import DecisionRequest
from features.declared import VIEWS

ADA = {"user_id": "ada", "consent": True}


def actions(decisions) -> list[str | None]:
    return [decision.action_id for decision in decisions]


def test_a_turn_is_one_append_with_one_read_and_one_step_of_the_session(bot):
    decisions = bot.turn("t", "greeting", "offer")
    assert [decision.placement for decision in decisions] == ["greeting", "offer"]
    assert len(bot.store.asked) == 1
    row = asyncio.run(bot.store.read({"session_id": "s"}))["session_state"].values
    assert (row["turn"], row["last_placement"], row["last_action"]) == (1, "offer", decisions[1].action_id)


def test_no_action_is_chosen_twice_in_a_turn(bot):
    for n in range(60):
        chosen = actions(bot.turn(f"t{n}", "greeting", "offer"))
        assert len(set(chosen)) == len(chosen)
    repeated = [r for r in bot.records() if r.filtered.get("shared") == "excluded"]
    assert repeated, "sixty turns never picked the action that both placements have"
    assert {r.placement for r in repeated} == {"offer"}


def test_a_turn_asked_again_is_answered_from_the_journal(bot):
    first = bot.turn("t", "greeting", "offer")
    before = bot.journal.last_position()
    assert bot.turn("t", "greeting", "offer") == first
    assert bot.turn("t", "offer", "greeting") == first[::-1]
    assert bot.journal.last_position() == before


@pytest.mark.parametrize("retried", [("greeting", "offer"), ("offer", "greeting")])
def test_a_turn_that_was_partly_answered_repeats_nothing_of_that_part(bot, retried):
    for n in range(60):
        (known,) = bot.turn(f"t{n}", "greeting")
        answers = {decision.placement: decision for decision in bot.turn(f"t{n}", *retried)}
        assert answers["greeting"] == known
        assert answers["offer"].action_id != known.action_id


def test_ids_of_a_turn_are_its_own(bot):
    id_of = bot.decider.turn_decision_id
    turns = [("s", "t", "greeting"), ("s", "t", "offer"), ("s", "u", "offer"), ("z", "t", "offer"), ("st", "", "offer")]
    assert len({id_of(*turn) for turn in turns}) == len(turns)


@pytest.mark.parametrize(
    ("other", "field"),
    [
        ({"session_id": "t"}, "session_id"),
        ({"user_id": "ben"}, "user_id"),
        ({"consent": True}, "consent"),
        ({"decision_id": "d"}, "decision_id"),
    ],
)
def test_a_turn_is_about_one_person_and_has_one_id_a_decision(bot, other, field):
    """Else the first request's consent would open the second one's user row."""
    first = {"placement": "greeting", "session_id": "s", "decision_id": "d"}
    second = {**first, "placement": "offer", "decision_id": "e", **other}
    with pytest.raises(BadRequest) as caught:
        asyncio.run(bot.decider.decide_turn([DecisionRequest(**first), DecisionRequest(**second)]))
    assert caught.value.field == field
    assert not bot.records()


def test_with_the_feature_store_down_a_decision_is_made_from_the_request(bot):
    bot.store.down = True
    decision = bot.ask(**ADA)
    (record,) = bot.records()
    unread = [f"features:{view.name}" for view in VIEWS if view.join_key is not None]
    assert decision.action_id is not None
    assert sorted(decision.degraded) == sorted(record.degraded) == sorted(unread)
    assert record.learnable


def test_with_the_journal_down_there_is_an_answer_that_says_it_is_not_recorded(bot):
    bot.journal.down = {"append"}
    decision = bot.ask(decision_id="d")
    assert (decision.recorded, decision.degraded) == (False, ("journal",))
    assert decision.propensity == dict(decision.ranking)[decision.action_id]
    bot.journal.down = set()
    assert not bot.records()
    again = bot.ask(decision_id="d")
    assert (again.recorded, again.action_id) == (True, decision.action_id), "the same id draws the same"


def test_a_journal_that_cannot_be_read_does_not_stop_an_answer(bot):
    bot.journal.down = {"find"}
    new = bot.ask(decision_id="new")
    assert new.recorded
    retried = bot.ask(decision_id="new")
    assert (retried.recorded, retried.degraded) == (False, ("journal",))
    assert len(bot.records()) == 1


def test_a_journal_without_a_turn_knows_nothing_of_it(bot):
    bot.journal.down = {"append", "find"}
    decisions = bot.turn("t", "greeting", "offer")
    assert [decision.recorded for decision in decisions] == [False, False]
    row = asyncio.run(bot.store.read({"session_id": "s"}))["session_state"]
    assert row.freshness == "missing", "what is not recorded did not happen"


def test_a_key_table_that_cannot_be_read_does_not_stop_an_answer(bot):
    bot.keys.close()
    decision = bot.ask(**ADA)
    assert decision.action_id is not None
    assert (decision.recorded, decision.degraded) == (False, ("journal",))
    assert not bot.records()


def test_a_person_erased_while_a_decision_is_under_way_is_answered_and_not_recorded(bot):
    bot.store.meanwhile = lambda: bot.keys.forget("user", "ada")
    decision = bot.ask(**ADA)
    assert decision.action_id is not None
    assert (decision.recorded, decision.degraded) == (False, ("forgotten",))
    assert not bot.records(), "nothing read before the erasure may outlive it"
    bot.store.meanwhile = lambda: None
    assert bot.ask(**ADA).recorded


def test_a_retry_for_a_person_erased_since_hears_the_same_action_in_the_fallbacks_words(bot):
    first = bot.ask(decision_id="d", **ADA)
    bot.keys.flush()
    bot.keys.forget("user", "ada")
    again = bot.ask(decision_id="d", **ADA)
    assert (again.action_id, again.propensity, again.ranking) == (first.action_id, first.propensity, first.ranking)
    assert again.content == {"text": "Good day.", "locale": "en"}
    assert again.degraded == ("forgotten",)
    assert len(bot.records()) == 1
