"""`make chaos` in short, on every backend; and the audit would notice what it looks for."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
from dataclasses import replace

import pytest
from msgspec import structs

from api.client.messages import Action, Decision, Outcome
from engine.records.schema import SettlementRecord
from tests.chaos.audit import audit
from tests.chaos.backend import NAMES
from tests.chaos.journaled import Chosen, Journaled, Reported
from tests.chaos.killer import planned
from tests.chaos.ledger import Claim, Ledger, OutcomeKey
from tests.chaos.storm import Storm, rage

SEED = 20_260_501
DECISIONS = 1_200
KILLS = {"sqlite": 3, "redis": 4, "cluster": 4}
"""One of everybody."""


@pytest.mark.parametrize("backend", NAMES)
def test_nothing_acknowledged_is_lost_and_nothing_is_twice_whoever_is_killed(backend, tmp_path, feast_home):
    if backend != "sqlite" and shutil.which("redis-server") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("redis-server is missing")
        pytest.skip("redis-server is missing")
    plan = feast_home / "features" / "plan.json"
    print(f"seed {SEED}")
    finished = asyncio.run(rage(Storm(backend, tmp_path, SEED, DECISIONS, KILLS[backend], plan), print))
    assert not finished.findings
    assert finished.kills.total() == KILLS[backend]
    assert len(finished.ledger.claims) + len(finished.ledger.provisional) >= DECISIONS
    assert finished.journaled.learned > DECISIONS / 2


def test_the_same_seed_plans_the_same_kills_of_every_victim():
    first, second = (planned(random.Random(3), ("api", "learner", "server"), 20, 1_000) for _ in range(2))
    assert first == second
    assert {kill.victim for kill in first} == {"api", "learner", "server"}
    assert [kill.after for kill in first] == sorted(kill.after for kill in first)
    assert first != planned(random.Random(4), ("api", "learner", "server"), 20, 1_000)


CLAIM = Claim("greeting", "hello", "Hello!", 0.5, "vw", "m.1", "champion")
CHOSEN = Chosen(0, 10, "greeting", "hello", 0.5, "vw", "m.1", "champion")
OUTCOME = Outcome(decision_id="d", metric="continued", value=1.0, outcome_id="o")
KEY = OutcomeKey("d", "o")
REPORTED = Reported(0, 2, 20, "continued", 1.0, None)
SETTLEMENT = SettlementRecord(
    decision_id="d", decision_position=1, placement="greeting", reward=1.0, outcomes=1, learn=True
)


def ledger() -> Ledger:
    """One decision, its outcome and its display, all acknowledged."""
    return Ledger(asked={"d"}, claims={"d": CLAIM}, reported={KEY: OUTCOME}, acknowledged={KEY}, shown={"d": True})


def journaled() -> Journaled:
    """The same, as a journal must have it."""
    return Journaled(
        (),
        decisions={"d": [CHOSEN]},
        outcomes={KEY: [REPORTED]},
        shown={"d": [0]},
        settled={"d": [SETTLEMENT]},
    )


def test_the_audit_has_nothing_to_say_where_all_is_well():
    assert audit(ledger(), journaled()) == []


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"decisions": {}}, "is not in the journal"),
        ({"decisions": {"d": [CHOSEN, CHOSEN]}}, "2 times"),
        ({"decisions": {"d": [CHOSEN._replace(propensity=0.25)]}}, "the journal has"),
        ({"decisions": {"d": [CHOSEN], "e": [CHOSEN]}}, "nobody asked for it"),
        ({"outcomes": {}}, "was acknowledged and is not in the journal"),
        ({"outcomes": {KEY: [REPORTED, REPORTED]}}, "more than once"),
        ({"outcomes": {KEY: [REPORTED._replace(value=0.0)]}}, "was sent as"),
        ({"outcomes": {KEY: [REPORTED._replace(shard=1)]}}, "where its decision is"),
        ({"outcomes": {KEY: [REPORTED], OutcomeKey("d", "p"): [REPORTED]}}, "nobody sent it"),
        ({"shown": {}}, "the display of d was acknowledged"),
        ({"shown": {"d": [0, 0]}}, "the display of d is in the journal more than once"),
        ({"settled": {}}, "was never settled"),
        ({"settled": {"d": [SETTLEMENT, SETTLEMENT]}}, "was settled 2 times"),
        ({"settled": {"d": [structs.replace(SETTLEMENT, reward=0.0)]}}, "its outcomes say 1.0"),
        ({"settled_early": {"d": [SETTLEMENT, SETTLEMENT]}}, "was settled 2 times"),
        ({"disorder": ["shard 0: position 3 follows 1"]}, "position 3 follows 1"),
    ],
)
def test_the_audit_finds(change, finding):
    found = audit(ledger(), replace(journaled(), **change))
    assert any(finding in each for each in found), found


def test_a_second_answer_must_be_the_first_except_where_the_journal_is_out_of_reach():
    first = decision()
    other = decision(action=Action("bye", {"text": "Bye!"}))
    heard = Ledger()
    heard.answered(first, "d")
    heard.answered(first, "d")
    assert not heard.faults
    heard.answered(other, "d")
    assert len(heard.faults) == 1
    heard = Ledger()
    heard.attempts["d"] = 2
    heard.answered(first, "d")
    heard.answered(decision(action=Action("bye", {"text": "Bye!"}), degraded=("journal",)), "d")
    assert not heard.faults
    assert set(heard.provisional) == {"d"}


def decision(**changed) -> Decision:
    fields = {
        "decision_id": "d",
        "placement": "greeting",
        "action": Action("hello", {"text": "Hello!"}),
        "propensity": 0.5,
        "ranking": (),
        "policy": "vw",
        "model_version": "m.1",
        "group": "champion",
        "reason": "",
        "expires_at": "",
    }
    return Decision(**{**fields, **changed})
