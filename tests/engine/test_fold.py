"""What is learned from a record is what the policy saw when it decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from engine.announce import announce
from engine.choose import Served
from engine.config import ActionSpec
from engine.errors import CorruptRecord, SealError
from engine.example import ExampleMaker, scaled
from engine.fold import Fold
from engine.journal.sqlite import SqliteJournal
from engine.policies.base import Policy
from engine.records.codec import decode, encode
from engine.records.schema import ControlRecord, DecisionRecord, SettlementRecord
from engine.states import StoredStates
from engine.types import Candidate, OfferedAction, TrainingExample

AWKWARD = {"text": "naïve =|: 名", "big": 2**53, "small": -1e-9, "yes": True, "no": False, "empty": "", "zero": 0}


class Watching(Policy):
    """Remembers what it was shown; no two candidates have the same probability."""

    name = "watching"

    def __init__(self) -> None:
        self.shown: list[tuple[Mapping[str, float], tuple[Candidate, ...]]] = []
        self.learned: list[TrainingExample] = []

    def _pmf(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> Sequence[float]:
        self.shown.append((dict(shared), tuple(candidates)))
        weights = range(1, len(candidates) + 1)
        return [weight / sum(weights) for weight in weights]


def example_of(bot, record: DecisionRecord, reward: float = 1.0) -> TrainingExample:
    """Made from bytes, as a learner in another process makes it."""
    maker = ExampleMaker(bot.sealer)
    for control in bot.records(ControlRecord):
        known: Any = decode(encode(control))
        maker.observe(known)
    copy = decode(encode(record))
    assert isinstance(copy, DecisionRecord)
    return maker.make(copy, maker.open(copy), reward)


@pytest.mark.parametrize(
    "asked",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"context": AWKWARD}, id="awkward"),
        pytest.param({"context": {"intent_confidence": "high", "message_length": 12.5}}, id="wrong types"),
        pytest.param({"user_id": "ada", "consent": True, "context": {"utc_offset_minutes": 60}}, id="user"),
        pytest.param({"exclude": ("plain",)}, id="excluded"),
        pytest.param(
            {"actions": (OfferedAction("mine", {"price": 3.5, "new": True}), OfferedAction("plain"))}, id="own"
        ),
        pytest.param({"actions": (OfferedAction("twice", {"n": 1}), OfferedAction("twice", {"n": 2}))}, id="twice"),
        pytest.param({"actions": (OfferedAction("plain", {"tone": "forged"}),)}, id="forged"),
    ],
)
def test_the_training_example_is_what_the_policy_saw(bot, asked):
    bot.profile("ada", first_name="Ada", tier="gold", tenure_days=900)
    watching = Watching()
    bot.serve(watching)
    for _ in range(2):
        bot.ask(**asked)
    for record, (shared, candidates) in zip(bot.records(), watching.shown, strict=True):
        example = example_of(bot, record)
        assert (example.shared, example.candidates) == (shared, candidates)
        assert list(example.shared) == list(shared), "in the same order: float sums depend on it"
        assert (example.chosen, example.propensity) == (record.chosen, record.pmf[record.chosen])


def test_features_of_a_row_that_went_stale_or_failed_are_learned_as_they_were_seen(bot):
    bot.profile("ada", tier="gold")
    watching = Watching()
    bot.serve(watching)
    bot.clock.advance(400 * 86_400)
    bot.ask(user_id="ada", consent=True)
    bot.store.down = True
    bot.ask(user_id="ada", consent=True)
    bot.store.down = False
    bot.profile("ben", tier="silver")
    stale, failed = (example_of(bot, record).shared for record in bot.records())
    assert stale == watching.shown[0][0]
    assert failed == watching.shown[1][0]
    assert "user_profile~stale" in stale
    assert "user_profile~error" in failed


def test_a_decision_is_learned_with_the_catalogue_it_was_made_from(bot):
    bot.ask()
    changed = (
        ActionSpec(id="plain", templates={"en": "Hi"}, features={"tone": "other"}),
        *bot.specs["greeting"].actions[1:],
    )
    announce(bot.journal, {"greeting": msgspec.structs.replace(bot.specs["greeting"], actions=changed)}, bot.encoder)
    (plain, *_) = example_of(bot, bot.records()[0]).candidates
    assert "tone=neutral" in plain.features


def test_an_announced_catalogue_survives_the_journals_bytes(bot, tmp_path):
    journal = SqliteJournal(tmp_path / "journal.db", "process")
    announce(journal, bot.specs, bot.encoder)
    for stored in journal.read(1, 10):
        assert isinstance(stored.record, ControlRecord)
        spec = msgspec.convert(stored.record.payload, type(bot.specs["greeting"]))
        assert spec == bot.specs[stored.record.placement]
        assert spec.version == stored.record.version
    journal.close()


@pytest.mark.parametrize(("reward", "expected"), [(-9.0, 0.0), (-1.0, 0.0), (1.0, 0.5), (3.0, 1.0), (1e300, 1.0)])
def test_rewards_are_scaled_by_their_declared_range_and_clipped(bot, reward, expected):
    spec = msgspec.structs.replace(bot.specs["greeting"].reward, range=(-1.0, 3.0))
    assert scaled(reward, spec) == expected


def test_a_record_of_a_person_forgotten_makes_no_example(bot):
    bot.ask(user_id="ada", consent=True)
    bot.keys.flush()
    bot.keys.forget("user", "ada")
    with pytest.raises(SealError):
        example_of(bot, bot.records()[0])


@pytest.mark.parametrize("changes", [{"candidates": ("plain", "named", "nobody's")}, {"chosen": None}])
def test_a_record_that_contradicts_itself_is_called_corrupt(bot, changes):
    bot.ask()
    with pytest.raises(CorruptRecord):
        example_of(bot, msgspec.structs.replace(bot.records()[0], **changes))


def fold_of(bot, policy: Policy) -> Fold:
    """The whole journal, folded into this policy."""
    fold = Fold(bot.sealer, bot.journal, StoredStates(bot.snapshots))
    for stored in bot.journal.read(0, 1_000):
        fold.apply(stored)
        if "greeting" in fold.lineages:
            fold.lineages["greeting"].policy = policy
    return fold


class Learning(Watching):
    """Remembers what it was taught."""

    def _learn(self, example: TrainingExample) -> None:
        self.learned.append(example)


def test_only_what_may_be_learned_is_learned_in_the_order_of_its_settlements(bot):
    watching = Learning()
    bot.placements["greeting"].served = Served(watching, "v", bot.encoder)
    learned = [bot.ask(context={"n": n}) for n in range(3)]
    bot.ask(explore=False)
    bot.ask(deferred=True)
    bot.ask(exclude=("plain", "named", "shared"))
    for n in (2, 0):
        bot.tell(learned[n].id)
    bot.settle(bot.learner())
    fold = fold_of(bot, watching)
    assert [example.shared for example in watching.learned] == [shared for shared, _ in watching.shown[:3]]
    assert [example.reward for example in watching.learned] == [1.0, 0.0, 1.0]
    assert (fold.lineages["greeting"].learned, fold.lineages["greeting"].refused) == (3, 0)
    reasons = [record.why for record in bot.records(SettlementRecord)]
    assert reasons == ["", "", "", "deterministic", "not shown", "no action"]


def test_a_settlement_before_any_origin_or_without_its_decision_teaches_nothing(bot):
    settlement = SettlementRecord(
        decision_id="d", decision_position=1, placement="greeting", reward=1.0, outcomes=1, learn=True
    )
    bot.journal.append([settlement])
    bot.settle(bot.learner())
    bot.journal.append([msgspec.structs.replace(settlement, decision_id="e")])
    assert bot.learner().fold.lineages["greeting"].learned == 0
