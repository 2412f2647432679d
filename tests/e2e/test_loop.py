"""Ask, report, ask again: the whole path, over HTTP, with either feature reader."""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from features.registry.control_plane import leaf_environment

pytestmark = pytest.mark.alone
SETTLED_WITHIN_SECONDS = 1.0 + 5.0
"""The window of the test's configuration, and what may pass between a settlement and the changed pmf."""

WRITE_WITH_STOCK_FEAST = """
import sys
from datetime import datetime, timezone
import pandas as pd
from feast import FeatureStore
row = {"user_id": sys.argv[1], "visits": 41, "purchases": 7, "last_visit_unix": 1_790_000_000, "last_category": "toys",
       "previous_category": "garden", "orders_90d": 2, "last_purchase_unix": 1_789_000_000, "churn_risk": 0.25,
       "lifetime_value": 99.0, "event_timestamp": datetime.now(timezone.utc)}
FeatureStore("feature_repo").write_to_online_store("user_activity", df=pd.DataFrame([row]))
"""


def _feature(explanation: dict[str, Any], name: str) -> dict[str, Any]:
    return next(feature for feature in explanation["features"] if feature["name"] == name)


def test_an_answer_can_be_spoken_and_says_how_it_was_chosen(deployment):
    answer = deployment.ask("greeting", user_id="ada", consent=True, context={"locale": "en"})
    assert answer["action"]["content"]["text"]
    assert answer["recorded"] is True
    assert answer["group"] == "champion"
    assert answer["ranking"][0]["probability"] >= answer["propensity"] > 0.0
    assert sum(ranked["probability"] for ranked in answer["ranking"]) == pytest.approx(1.0, abs=1e-9)


def test_a_decision_explains_itself(deployment):
    session = uuid.uuid4().hex
    answer = deployment.ask("offer", user_id="ada", session_id=session, consent=True, context={"channel": "web"})
    deployment.tell(answer["decision_id"], "accepted", 1.0, outcome_id=uuid.uuid4().hex)
    explanation = deployment.explain(answer["decision_id"])
    assert _feature(explanation, "user_profile.tier") == {
        "name": "user_profile.tier",
        "value": "gold",
        "freshness": "fresh",
    }
    assert _feature(explanation, "session_state.turn")["freshness"] == "missing"
    assert {c["id"]: c["probability"] for c in explanation["candidates"]} == {
        ranked["id"]: ranked["probability"] for ranked in answer["ranking"]
    }
    assert explanation["filtered"], "the offer for new customers must have been filtered out for gold"
    assert explanation["outcomes"][0]["metric"] == "accepted"
    assert explanation["model_version"] == answer["model_version"]
    assert "user_profile.first_name" not in {feature["name"] for feature in explanation["features"]}


def test_a_settled_reward_changes_the_pmf_of_the_running_service(deployment):
    def pmf() -> dict[str, float]:
        answer = deployment.ask("recommendation", session_id=uuid.uuid4().hex, consent=False)
        return {ranked["id"]: ranked["probability"] for ranked in answer["ranking"]}

    before = pmf()
    answer = deployment.ask("recommendation", session_id=uuid.uuid4().hex, consent=False)
    deployment.tell(answer["decision_id"], "bought", 1.0)
    favourite = answer["action"]["id"]
    deployment.wait_for(lambda: pmf()[favourite] > before[favourite] + 0.01, SETTLED_WITHIN_SECONDS)
    settlement = deployment.explain(answer["decision_id"])["settlement"]
    assert settlement["reward"] == 1.0
    assert settlement["learned"] is True
    learned = deployment.ask("recommendation", session_id=uuid.uuid4().hex, consent=False)
    assert learned["model_version"] != "origin"
    assert deployment.explain(learned["decision_id"])["contributions"]


def test_a_value_written_by_stock_feast_is_used_by_the_next_decision(deployment, feast_home: Path):
    user = f"stock-{uuid.uuid4().hex}"
    command = [sys.executable, "-c", WRITE_WITH_STOCK_FEAST, user]
    subprocess.run(command, check=True, env=leaf_environment(feast_home), capture_output=True)
    answer = deployment.ask("greeting", user_id=user, session_id=user, consent=True)
    visits = _feature(deployment.explain(answer["decision_id"]), "user_activity.purchases")
    assert visits == {"name": "user_activity.purchases", "value": 7, "freshness": "fresh"}


def test_the_next_turn_of_a_session_sees_this_one(deployment):
    session = uuid.uuid4().hex
    first = deployment.ask("greeting", session_id=session)
    events = {"events": [{"event": "product_viewed", "properties": {"category": "garden"}, "message_id": "m-1"}]}
    assert deployment.client.post(f"/v1/sessions/{session}/events", json=events).json()["accepted"] == 1
    assert deployment.client.post(f"/v1/sessions/{session}/events", json=events).json()["duplicates"] == 1
    second = deployment.explain(deployment.ask("recommendation", session_id=session)["decision_id"])
    assert _feature(second, "session_state.turn")["value"] == 1
    assert _feature(second, "session_state.last_action")["value"] == first["action"]["id"]
    assert _feature(second, "session_state.viewed_category")["value"] == "garden"


def test_the_same_decision_id_gives_the_same_answer_and_one_record(deployment):
    decision_id = uuid.uuid4().hex
    first = deployment.ask("offer", decision_id=decision_id)
    position = deployment.explain(decision_id)["position"]
    assert all(deployment.ask("offer", decision_id=decision_id) == first for _ in range(3))
    assert deployment.explain(decision_id)["position"] == position
    other = {"placement": "offer", "session_id": "another", "decision_id": decision_id}
    conflict = deployment.client.post("/v1/decisions", json=other)
    assert (conflict.status_code, conflict.json()["field"]) == (409, "decision_id")


def test_a_turn_gives_one_decision_a_placement_and_a_retry_the_same(deployment):
    turn = {"session_id": "t", "turn_id": uuid.uuid4().hex, "placements": ["greeting", "offer", "recommendation"]}
    first = deployment.client.post("/v1/turns", json=turn).json()
    assert [decision["placement"] for decision in first["decisions"]] == turn["placements"]
    assert deployment.client.post("/v1/turns", json=turn).json() == first
    more = {**turn, "placements": ["greeting"]}
    assert deployment.client.post("/v1/turns", json=more).json()["decisions"] == first["decisions"][:1]


def test_without_consent_no_user_row_is_read(deployment):
    explanation = deployment.explain(deployment.ask("greeting", user_id="ada", consent=False)["decision_id"])
    assert explanation["user_id"] is None
    assert "user_profile" not in explanation["freshness"] or explanation["freshness"]["user_profile"] == "missing"
    assert _feature(explanation, "user_profile.tier")["value"] != "gold"
    assert "Ada" not in explanation["content"]["text"]


def test_an_outcome_before_its_decision_waits_for_it(deployment):
    decision_id = uuid.uuid4().hex
    deployment.tell(decision_id, "accepted", 1.0)
    deployment.ask("offer", decision_id=decision_id)
    settled = deployment.wait_for(lambda: deployment.explain(decision_id)["settlement"], SETTLED_WITHIN_SECONDS)
    assert settled["outcomes"] == 1


def test_an_outcome_counts_once(deployment):
    answer = deployment.ask("offer")
    outcome_id = uuid.uuid4().hex
    assert deployment.tell(answer["decision_id"], "accepted", 1.0, outcome_id=outcome_id)["accepted"] == 1
    assert deployment.tell(answer["decision_id"], "accepted", 1.0, outcome_id=outcome_id)["duplicates"] == 1
    assert len(deployment.explain(answer["decision_id"])["outcomes"]) == 1


def test_a_deferred_decision_is_learned_only_if_shown(deployment):
    unseen = deployment.ask("greeting", deferred=True)["decision_id"]
    seen = deployment.ask("greeting", deferred=True)["decision_id"]
    assert deployment.client.post(f"/v1/decisions/{seen}/shown").status_code == 202
    for decision_id, learned in ((unseen, False), (seen, True)):
        settled = deployment.wait_for(
            lambda id=decision_id: deployment.explain(id)["settlement"], SETTLED_WITHIN_SECONDS
        )
        assert settled["learned"] is learned


def test_no_eligible_action_is_an_answer(deployment):
    answer = deployment.ask("offer", actions=[{"id": "mine"}], exclude=["mine"])
    assert answer["action"] is None
    assert answer["reason"] == "no eligible action"


def test_without_exploration_the_answer_is_certain_and_never_learned(deployment):
    answer = deployment.ask("greeting", explore=False)
    assert answer["propensity"] == 1.0
    assert deployment.explain(answer["decision_id"])["learnable"] is False


def test_the_bot_may_bring_its_own_actions(deployment):
    actions = [{"id": "mine", "features": {"kind": "pun"}, "text": "{{ user.first_name }}!"}, {"id": "plain_hello"}]
    answer = deployment.ask("greeting", actions=actions, exclude=["plain_hello"])
    assert answer["action"] == {"id": "mine", "content": {"text": "{{ user.first_name }}!", "locale": "en"}}
    assert deployment.explain(answer["decision_id"])["filtered"]["plain_hello"] == "excluded"
