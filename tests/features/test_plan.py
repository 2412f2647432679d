"""Plans: saved and loaded whole, never trusted when damaged."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from features.declared import FEATURES, VIEWS
from features.errors import PlanError
from features.plan import Plan, PlannedFeature, PlannedView, load, save


def test_the_plan_says_what_the_schema_declares(plan: Plan) -> None:
    planned = {
        f"{view.name}.{feature.name}": (feature.type, feature.default, feature.render_only, feature.learn)
        for view in plan.definitions.views
        for feature in view.features
    }
    assert planned == {f.qualified: (f.type, f.default, f.render_only, f.learn) for f in FEATURES}


def test_the_plan_has_the_views_as_declared(plan: Plan) -> None:
    planned = {view.name: (view.kind, view.join_key, view.ttl_us) for view in plan.definitions.views}
    assert planned == {
        view.name: (view.kind, view.join_key, round(view.ttl.total_seconds() * 1e6) if view.ttl else 0)
        for view in VIEWS
    }


def test_there_is_a_service_per_placement(plan: Plan) -> None:
    assert set(plan.definitions.services) == {"greeting", "offer", "recommendation"}
    assert "request.channel" in plan.names("greeting")
    assert plan.names("greeting") < plan.names("offer") == plan.names(None)


def test_a_saved_plan_is_loaded_as_it_was_and_private(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "features" / "plan.json"
    save(plan, path)
    assert load(path) == plan
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_a_missing_plan_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="run `maitred features apply`"):
        load(tmp_path / "plan.json")


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"home": "\xff"}'])
def test_a_damaged_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(content)
    with pytest.raises(PlanError, match="cannot be read"):
        load(path)


def test_a_plan_of_another_version_is_refused(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_bytes(msgspec.json.encode(plan).replace(b'"plan_version":3', b'"plan_version":2'))
    with pytest.raises(PlanError, match=r"cannot be read.*run `maitred features compile`"):
        load(path)


def test_a_plan_edited_by_hand_is_refused(plan: Plan, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    save(plan, path)
    path.write_text(path.read_text().replace('"casual"', '"formal"'))
    with pytest.raises(PlanError, match="changed by hand"):
        load(path)


def test_rules_and_templates_know_a_view_by_whom_its_rows_are_about(plan: Plan) -> None:
    assert plan.roots == {
        "user_profile": "user",
        "user_preferences": "user",
        "user_activity": "user",
        "user_predictions": "user",
        "user_exposure": "user",
        "session_state": "session",
        "request": "request",
        "local_time": "time",
        "return_visit": "visit",
        "purchase_history": "purchase",
        "shown_lately": "lately",
        "session_pace": "pace",
    }


def test_a_repository_of_ones_own_may_call_its_views_as_it_likes(plan: Plan) -> None:
    feature = PlannedFeature(name="plan", type="string", default="free")
    views = (
        PlannedView(name="crm", kind="batch", join_key="user_id", features=(feature,)),
        PlannedView(name="company", kind="batch", join_key="company_id", features=(feature,)),
    )
    own = msgspec.structs.replace(plan, definitions=msgspec.structs.replace(plan.definitions, views=views))
    assert own.roots == {"crm": "user", "company": "company"}
