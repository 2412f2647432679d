"""One decision: the sampled pmf is the logged one, the answer is what was logged, and there always is an answer."""

from __future__ import annotations

import asyncio
import hashlib
import math
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from scipy.stats import chisquare

from engine.config import ActionSpec, TrafficSpec
from engine.errors import BadRequest, DecisionConflict, UnknownPlacement
from engine.ids import new_id
from engine.journal.group_commit import GroupCommit
from engine.journal.sqlite import SqliteJournal
from engine.pmf import draw, sample
from engine.policies.base import Policy
from engine.records.schema import DecisionRecord
from engine.types import Candidate, DecisionRequest, OfferedAction
from features.state import StateWriter

DRAWS = 100_000
ALPHA = 1e-6
RANDOM = TrafficSpec(champion=0.0, random=1.0, control=0.0)
CONTROL = TrafficSpec(champion=0.0, random=0.0, control=1.0)
ZERO = {"zero": 0}


class Lopsided(Policy):
    """Certain of the last candidate."""

    name = "lopsided"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        return [float(candidate is candidates[-1]) for candidate in candidates]


class Raising(Policy):
    """A plug-in with a mistake."""

    name = "raising"

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        raise ZeroDivisionError


def check_logged(bot, decision) -> DecisionRecord:
    """The record of a decision, after comparing it with the answer and with the draw."""
    record = next(r for r in bot.records() if r.id == decision.id)
    assert record.chosen == sample(record.pmf, draw(bot.vault.salts.draw, decision.id))
    assert decision.action_id == record.candidates[record.chosen]
    assert decision.propensity == record.pmf[record.chosen]
    assert sorted(decision.ranking) == sorted(zip(record.candidates, record.pmf, strict=True))
    assert math.isclose(math.fsum(record.pmf), 1.0, abs_tol=1e-12)
    return record


def test_the_champion_draws_from_its_policy_above_the_floor(bot):
    bot.serve(Lopsided())
    record = check_logged(bot, bot.ask())
    assert record.candidates == ("plain", "named", "shared")
    assert record.pmf == pytest.approx((0.2 / 3, 0.2 / 3, 0.8 + 0.2 / 3))
    assert (record.policy, record.model_version, record.group) == ("lopsided", "v1", "champion")
    assert record.learnable
    assert not record.degraded


def test_the_random_group_draws_uniformly_and_trains(make_bot):
    bot = make_bot(traffic=RANDOM)
    bot.serve(Lopsided())
    record = check_logged(bot, bot.ask())
    assert record.pmf == (1 / 3, 1 / 3, 1 / 3)
    assert (record.policy, record.group, record.learnable) == ("uniform", "random", True)


def test_the_control_group_gets_business_as_usual_for_certain(make_bot):
    bot = make_bot(traffic=CONTROL)
    bot.serve(Lopsided())
    record = check_logged(bot, bot.ask())
    assert (record.pmf, record.policy, record.learnable) == ((1.0, 0.0, 0.0), "baseline", False)


@pytest.mark.parametrize("traffic", [TrafficSpec(champion=1.0, random=0.0, control=0.0), RANDOM])
def test_without_exploration_the_best_is_certain_and_nothing_is_learned_from_it(make_bot, traffic):
    bot = make_bot(traffic=traffic)
    bot.serve(Lopsided())
    record = check_logged(bot, bot.ask(explore=False))
    assert (record.pmf, record.learnable, record.reason) == ((0.0, 0.0, 1.0), False, "exploration off")


def test_a_policy_that_raises_gives_the_baseline_for_certain_and_says_so(bot):
    bot.serve(Raising())
    record = check_logged(bot, bot.ask())
    assert (record.pmf, record.policy) == ((1.0, 0.0, 0.0), "baseline")
    assert (record.degraded, record.learnable, record.reason) == (("policy",), False, "policy failed")


def test_words_that_cannot_be_rendered_are_the_fallbacks_and_the_draw_stays(make_bot):
    action = ActionSpec(id="broken", templates={"en": "{{ 1 | divided_by: request.zero }}"})
    bot = make_bot(actions=(action,), baseline="broken")
    decision = bot.ask(context=ZERO)
    record = check_logged(bot, decision)
    assert decision.action_id == "broken"
    assert decision.content == {"text": "Good day.", "locale": "en"}
    assert (record.not_shown, record.degraded) == (True, ("content",))


def test_what_is_excluded_filtered_or_not_offered_has_no_probability(bot):
    decision = bot.ask(exclude=("named",), actions=tuple(OfferedAction(id) for id in ("plain", "named", "gold")))
    record = check_logged(bot, decision)
    assert record.candidates == ("plain",)
    assert record.filtered == {
        "named": "excluded",
        "gold": "rule: user.tier == 'gold'",
        "shared": "not offered",
    }


def test_with_nothing_eligible_the_answer_is_no_action_with_its_reason(bot):
    decision = bot.ask(exclude=("plain", "named", "shared"))
    (record,) = bot.records()
    assert (decision.action_id, decision.propensity, decision.ranking, decision.content) == (None, None, (), {})
    assert decision.reason == record.reason == "no eligible action"
    assert (record.chosen, record.learnable) == (None, False)


def test_a_hundred_thousand_draws_follow_the_logged_pmf(bot):
    bot.serve(Lopsided())
    pmf = check_logged(bot, bot.ask()).pmf
    salt = bot.vault.salts.draw
    for ids in (
        (bot.decider.turn_decision_id("s", f"turn-{n}", "greeting") for n in range(DRAWS)),
        (new_id() for _ in range(DRAWS)),
    ):
        counts = Counter(sample(pmf, draw(salt, id)) for id in ids)
        observed = [counts[index] for index in range(len(pmf))]
        assert chisquare(observed, [DRAWS * p for p in pmf]).pvalue > ALPHA


def test_ids_that_a_client_chooses_cannot_steer_the_draw(make_bot):
    """Whoever knows everything but the salts does not know what an id draws: elsewhere it draws something else."""
    bots = [make_bot(), make_bot()]
    ids = [f"chosen-{n}" for n in range(400)]
    pmf = (0.5, 0.5)
    here, there = ([sample(pmf, draw(bot.vault.salts.draw, id)) for id in ids] for bot in bots)
    unsalted = [sample(pmf, draw(b"", id)) for id in ids]
    for other in (there, unsalted):
        agreed = sum(a == b for a, b in zip(here, other, strict=True))
        assert abs(agreed - 200) < 6 * math.sqrt(400 / 4)


def test_units_are_pseudonyms_that_differ_between_deployments(make_bot):
    answers = [bot.ask(user_id="ada", consent=True) and bot.records()[-1] for bot in (make_bot(), make_bot())]
    assert answers[0].unit != answers[1].unit
    assert hashlib.blake2b(b"user\0ada", digest_size=8).hexdigest() not in {record.unit for record in answers}


def test_the_same_id_hears_the_same_and_makes_one_record(bot):
    bot.profile("ada", first_name="Ada")
    fields = {"decision_id": "d", "user_id": "ada", "consent": True, "context": {"channel": "app"}}
    first = bot.ask(**fields)
    bot.serve(Lopsided(), "v2")
    bot.clock.advance(3600)
    assert bot.ask(**fields) == first
    assert len(bot.records()) == 1
    assert bot.store.asked == [{"session_id": "s", "user_id": "ada"}], "a retry reads nothing"


@pytest.mark.parametrize(
    "other",
    [{"context": {"a": 2}}, {"session_id": "t"}, {"explore": False}, {"consent": True}, {"placement": "offer"}],
)
def test_the_same_id_with_another_body_is_a_conflict_that_changes_nothing(bot, other):
    bot.ask(decision_id="d", context={"a": 1})
    before = bot.journal.last_position()
    with pytest.raises(DecisionConflict) as caught:
        bot.ask(**{"decision_id": "d", "context": {"a": 1}, **other})
    assert caught.value.field == "decision_id"
    assert bot.journal.last_position() == before


def test_the_order_of_a_context_does_not_make_it_another_request(bot):
    first = bot.ask(decision_id="d", context={"a": 1, "b": 2})
    assert bot.ask(decision_id="d", context={"b": 2, "a": 1}) == first


def test_callers_who_ask_the_same_at_once_hear_the_same_and_make_one_record(bot, tmp_path):
    """Over the real committer: all of them miss the record on their first look."""
    journal = SqliteJournal(tmp_path / "journal.db", "process")

    async def ask_at_once() -> list:
        commits = GroupCommit(journal)
        commits.start()
        bot.use(journal, commits)
        request = DecisionRequest("greeting", "s", decision_id="d")
        answers = await asyncio.gather(*(bot.decider.decide(request) for _ in range(20)))
        await commits.close()
        return answers

    answers = asyncio.run(ask_at_once())
    assert all(answer == answers[0] for answer in answers)
    assert len(journal.read(0, 100)) == 1
    journal.close()


def test_the_next_turn_sees_this_one(bot):
    first = bot.ask()
    bot.ask()
    features = bot.personal(bot.records()[1]).features
    assert features["session_state.turn"] == 1
    assert features["session_state.last_action"] == first.action_id


def test_malformed_requests_are_refused_by_field(bot):
    with pytest.raises(UnknownPlacement) as unknown:
        bot.ask("nowhere")
    with pytest.raises(BadRequest) as empty:
        asyncio.run(bot.decider.decide_turn([]))
    assert (unknown.value.field, empty.value.field) == ("placement", "placements")
    assert not bot.records()


def test_a_session_that_cannot_be_written_does_not_stop_the_answer(bot):
    class ReadOnly(type(bot.store)):
        async def write(self, *args: object) -> list[bool]:
            raise OSError("read-only")

    bot.decider._states = StateWriter(ReadOnly(bot.clock), bot.clock)
    assert bot.ask().recorded
