"""One decision, explained from the journal: all that led to it, all that followed, nothing that did not."""

from __future__ import annotations

import asyncio

import msgspec
import pytest

from engine.config import RewardSpec
from engine.errors import NotFound, PolicyError, SealError
from engine.explain import Explainer, Explanation
from engine.journal.lookup import InlineLookup
from engine.models import ModelWatch
from engine.policies.uniform import UniformPolicy
from engine.types import OfferedAction
from features.declared import VIEWS

ADA = {"user_id": "ada", "consent": True}


def explain(bot, decision_id: str) -> Explanation:
    watch = ModelWatch(bot.snapshots, bot.placements)
    explainer = Explainer(InlineLookup(bot.journal), bot.sealer, bot.placements, watch)
    return asyncio.run(explainer.explain(decision_id))


def test_everything_that_led_to_a_decision_is_told(bot):
    bot.profile("ada", first_name="Ada", tier="silver")
    decision = bot.ask(**ADA, context={"channel": "app"}, exclude=("named",))
    told = explain(bot, decision.id)
    (record,) = bot.records()
    features = {feature.name: (feature.value, feature.freshness) for feature in told.features}
    assert features["user_profile.tier"] == ("silver", "fresh")
    assert features["user_activity.visits"] == (0, "missing")
    assert features["request.channel"] == ("app", "fresh")
    stored = [view.name for view in VIEWS if view.join_key is not None]
    assert told.freshness == {**dict.fromkeys(stored, "missing"), "user_profile": "fresh"}
    assert {c.id: c.probability for c in told.candidates} == dict(zip(record.candidates, record.pmf, strict=True))
    assert told.filtered == {"named": "excluded", "gold": "rule: user.tier == 'gold'"}
    assert (told.action, told.propensity, told.content) == (decision.action_id, decision.propensity, decision.content)
    assert (told.user_id, told.session_id, told.context) == ("ada", "s", {"channel": "app"})
    assert (told.decided_us, told.position) == (bot.clock(), bot.journal.last_position())
    assert (told.group, told.model_version, told.reason) == ("champion", "origin", "policy")
    assert (told.shown_us, told.outcomes, told.settlement) == (None, [], None)


def test_everything_that_followed_is_told(bot):
    decision = bot.ask(deferred=True)
    bot.clock.advance(1)
    asyncio.run(bot.feedback.shown(decision.id))
    bot.clock.advance(1)
    bot.tell(decision.id, 0.5, outcome_id="o")
    bot.tell("another")
    bot.settle(bot.learner())
    told = explain(bot, decision.id)
    assert told.shown_us == told.decided_us + 1_000_000
    assert [(o.outcome_id, o.metric, o.value, o.received_us) for o in told.outcomes] == [
        ("o", "click", 0.5, told.decided_us + 2_000_000)
    ]
    assert told.settlement is not None
    assert (told.settlement.reward, told.settlement.outcomes, told.settlement.learned) == (0.5, 1, True)


def test_what_was_learned_early_is_told_as_what_it_became(make_bot):
    bot = make_bot(reward=RewardSpec(metrics={"click": 1.0, "dismiss": 0.0}, window="5s", settle="earliest"))
    decision, learner = bot.ask(), bot.learner()
    bot.tell(decision.id, 1.0, outcome_id="o")
    learner.step()
    assert explain(bot, decision.id).settlement is None
    bot.tell(decision.id, 0.5, outcome_id="p", corrects="o")
    bot.settle(learner)
    told = explain(bot, decision.id)
    assert [(outcome.outcome_id, outcome.corrects) for outcome in told.outcomes] == [("o", None), ("p", "o")]
    assert told.settlement is not None
    assert (told.settlement.reward, told.settlement.learned, told.settlement.why) == (0.5, False, "learned early")


def test_why_nothing_was_learned_is_told(bot):
    decision = bot.ask(explore=False)
    bot.settle(bot.learner())
    settlement = explain(bot, decision.id).settlement
    assert settlement is not None
    assert (settlement.learned, settlement.why) == (False, "deterministic")


def test_contributions_are_those_of_the_model_that_decided_also_after_it_was_replaced(bot):
    for n in range(6):
        bot.tell(bot.ask(context={"n": n}).id, float(n % 2))
    learner, watch = bot.learner(), ModelWatch(bot.snapshots, bot.placements)
    bot.settle(learner)
    assert watch.refresh() == ["greeting"]
    decision = bot.ask()
    before = explain(bot, decision.id)
    assert before.model_version not in ("origin", "none")
    assert before.contributions
    bot.tell(decision.id)
    for _ in range(2):
        bot.settle(learner)
    assert watch.refresh() == ["greeting"]
    after = explain(bot, decision.id)
    assert after.contributions == before.contributions
    sizes = [abs(each.contribution) for each in after.contributions]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("asked", [{"actions": (OfferedAction("mine"),)}, {"exclude": ("plain", "named", "shared")}])
def test_without_an_action_of_the_catalogue_there_are_no_contributions(bot, asked):
    decision = bot.ask(**asked)
    told = explain(bot, decision.id)
    assert told.contributions is None
    assert told.action == decision.action_id


def test_a_decision_of_a_placement_or_a_model_that_is_gone_is_still_explained(bot):
    serving = bot.placements["greeting"].served.policy
    bot.serve(serving, "../gone")
    decision = bot.ask()
    bot.serve(serving, "v2")
    assert explain(bot, decision.id).contributions is None
    del bot.placements["greeting"]
    assert explain(bot, decision.id).action == decision.action_id


class Speechless(UniformPolicy):
    """Cannot say why it chose."""

    def contributions(self, shared, candidate):
        raise PolicyError("not a sum")


def test_a_model_that_cannot_say_why_is_still_explained_otherwise(bot):
    bot.serve(Speechless())
    decision = bot.ask()
    told = explain(bot, decision.id)
    assert (told.contributions, told.action) == (None, decision.action_id)


def test_nobody_is_explained_who_is_not_there_or_was_forgotten(bot):
    with pytest.raises(NotFound):
        explain(bot, "nobody")
    bot.tell("early")
    with pytest.raises(NotFound):
        explain(bot, "early")
    decision = bot.ask(**ADA)
    bot.keys.flush()
    bot.keys.forget("user", "ada")
    with pytest.raises(SealError):
        explain(bot, decision.id)


def test_an_explanation_can_be_sent(bot):
    told = explain(bot, bot.ask().id)
    assert msgspec.json.decode(msgspec.json.encode(told), type=Explanation) == told
