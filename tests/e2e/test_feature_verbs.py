"""Load, decide, look back, forget: the verbs of features on a running service."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from features.registry import control_plane
from features.repository import default_repository
from tests.e2e.conftest import Deployment

PROFILE = "user_profile"


@pytest.fixture
def service(tmp_path: Path, quick_config: Path) -> Iterator[Deployment]:
    """A home with nobody in it yet, and its own histories."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("MAITRED_OFFLINE", str(tmp_path / "offline"))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        control_plane.apply(default_repository(), tmp_path / "home")
        made = Deployment(tmp_path / "home", quick_config)
        yield made
        made.close()


def load(service: Deployment, file: Path, *lines: str, code: int = 0) -> dict[str, object]:
    file.write_text("\n".join(lines) + "\n")
    done = service.run("features", "load", str(file), "--view", PROFILE, "--key", "id", "--map", "level=tier", "--json")
    assert done.returncode == code, done.stderr
    loaded: dict[str, object] = json.loads(done.stdout)
    return loaded


def seen(service: Deployment, decision_id: str, name: str) -> Any:
    """What a decision knew of one feature."""
    return next(feature for feature in service.explain(decision_id)["features"] if feature["name"] == name)


def test_what_is_loaded_is_served_explained_and_forgotten(service: Deployment, tmp_path: Path) -> None:
    yesterday, hour_ago = (f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (24, 1))
    first = load(service, tmp_path / "a.csv", "id;event_timestamp;level", f"u1;{yesterday};gold", f"u2;{yesterday};new")
    assert first["written"] == 2
    service.start()
    service.wait_for(lambda: (datetime.now(UTC).timestamp() - _available_s(tmp_path)) > 1.5, 10)
    before = service.ask("offer", user_id="u1", consent=True, decision_id="d1")
    assert seen(service, before["decision_id"], "user_profile.tier")["value"] == "gold"
    refused = load(
        service, tmp_path / "b.csv", "id;event_timestamp;level", f"u1;{hour_ago};silver", f";{hour_ago};new", code=1
    )
    assert (refused["written"], refused["refused"]) == (1, {"id: nobody's": 1})
    after = service.ask("offer", user_id="u1", consent=True, decision_id="d2", session_id="s-2")
    assert seen(service, after["decision_id"], "user_profile.tier")["value"] == "silver"
    service.ask("offer", user_id="u2", decision_id="d3", session_id="s-3")

    looked = service.run("features", "history", "--to", str(tmp_path / "frame.parquet"), "--json")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    skew = json.loads(looked.stdout)
    assert (skew["decisions"], skew["compared"], skew["equal"]) == (3, 2, 1)
    assert skew["causes"] == {"materialise lag": {PROFILE: 1}}
    frame = pq.read_table(tmp_path / "frame.parquet").to_pylist()
    assert {row["decision_id"]: row["user_profile__tier"] for row in frame} == {
        "d1": "silver",
        "d2": "silver",
        "d3": None,
    }
    assert not {"user_id", "session_id"} & frame[0].keys()

    erased = json.loads(service.run("features", "erase", "u1", "--json").stdout)
    assert (erased["keys"], erased["online_rows"] >= 1, erased["history_rows"]) == (1, True, 2)
    assert (erased["sessions"], erased["session_rows"]) == (2, 2)
    again = json.loads(service.run("features", "erase", "u1", "--json").stdout)
    assert not any(again.values())
    assert service.client.get("/v1/decisions/d1").status_code == 410
    service.ask("offer", user_id="u1", consent=True, decision_id="d4", session_id="s-4")
    assert seen(service, "d4", "user_profile.tier")["freshness"] == "missing"


def test_a_pushed_row_is_served_at_once(service: Deployment, tmp_path: Path) -> None:
    service.start()
    rows = tmp_path / "rows.ndjson"
    rows.write_text('{"user_id": "u1", "visits": 7}\n{"user_id": "u2", "visits": "many"}\n')
    pushed = service.run("features", "push", str(rows), "--view", "user_activity", "--json")
    assert pushed.returncode == 1
    assert "line 2: visits: string-for-int" in pushed.stderr
    assert json.loads(pushed.stdout)["written"] == 1
    service.ask("offer", user_id="u1", consent=True, decision_id="d1")
    assert seen(service, "d1", "user_activity.visits")["value"] == 7
    wrong = service.run("features", "push", str(rows), "--view", PROFILE)
    assert wrong.returncode == 1
    assert "maitred features load" in wrong.stderr


def _available_s(folder: Path) -> float:
    return max(path.stat().st_mtime for path in (folder / "offline").iterdir())
