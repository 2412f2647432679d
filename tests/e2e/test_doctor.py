"""``maitred doctor`` beside a real service: well, then with one thing after another that is wrong."""

from __future__ import annotations

import json
import os
import shutil
import signal
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

METRICS = {"greeting": "continued", "offer": "accepted", "recommendation": "bought"}
LEARNED_WITHIN_SECONDS = 20.0
SILENT_WITHIN_SECONDS = 25.0


@pytest.fixture
def ward(tmp_path: Path, make_deployment, quick_config: Path) -> Iterator[Any]:
    """A service whose configuration may be changed, after it has learned something for every placement."""
    deployment = make_deployment(tmp_path / "home", config=Path(shutil.copy(quick_config, tmp_path / "bot.yaml")))
    deployment.start()
    for placement, metric in METRICS.items():
        answer = deployment.ask(placement, session_id=uuid.uuid4().hex)
        deployment.tell(answer["decision_id"], metric, 1.0, outcome_id=uuid.uuid4().hex)
    deployment.wait_for(lambda: "origin" not in models(deployment), LEARNED_WITHIN_SECONDS)
    yield deployment
    deployment.close()


def models(deployment) -> set[str]:
    return set(deployment.client.get("/readyz").json()["models"].values())


def gauge(deployment, name: str) -> float:
    lines = deployment.client.get("/metrics").text.splitlines()
    return float(next(line for line in lines if line.startswith(f"{name} ")).split()[1])


def examine(deployment) -> tuple[int, dict[str, list[str]]]:
    """Exit code, and what is not well by check."""
    said = deployment.run("doctor", "--json", "--url", f"http://127.0.0.1:{deployment.port}")
    assert said.stderr == ""
    found: dict[str, list[str]] = {}
    for finding in json.loads(said.stdout)["findings"]:
        if finding["status"] != "ok":
            found.setdefault(finding["check"], []).append(finding["what"])
    return said.returncode, found


def test_what_is_wrong_is_found_while_it_is_wrong(ward):
    assert examine(ward) == (0, {})
    assert gauge(ward, "maitred_learner_alive") == 1.0
    assert httpx.head(f"http://127.0.0.1:{ward.port}/readyz").status_code == 200

    model = max((ward.home / "snapshots" / "offer").glob("*.model"), key=lambda path: path.stat().st_mtime)
    sound = model.read_bytes()
    model.write_bytes(sound[:-1])
    code, found = examine(ward)
    assert (code, list(found)) == (1, ["models"])
    model.write_bytes(sound)

    config = Path(ward.environment["MAITRED_CONFIG"])
    config.write_text(config.read_text() + "\n# changed while it ran\n")
    assert gauge(ward, "maitred_configuration_current") == 0.0
    assert examine(ward) == (0, {"service": ["it runs with an older configuration than the file is now"]})

    assert ward.client.post("/v1/decisions", json={"placement": "nowhere", "session_id": "s-1"}).status_code == 404
    _, found = examine(ward)
    assert "unknown-placement: 1" in found["refusals"][0]

    assert ward.stop() == 0
    code, found = examine(ward)
    assert (code, sorted(found)) == (0, ["learner", "service"])


def test_a_learner_that_hangs_and_lags_is_found(ward):
    learner = json.loads((ward.home / "learner.json").read_text())["pid"]
    os.kill(learner, signal.SIGSTOP)
    try:
        ward.ask("greeting", session_id="after")
        ward.wait_for(lambda: gauge(ward, "maitred_learner_alive") == 0.0, SILENT_WITHIN_SECONDS)
        assert gauge(ward, "maitred_learner_lag_records") >= 1
        assert gauge(ward, "maitred_learner_lag_seconds") > 1
        code, found = examine(ward)
    finally:
        os.kill(learner, signal.SIGCONT)
    assert code == 1
    assert "silent" in " ".join(found["learner"])
    ward.wait_for(lambda: gauge(ward, "maitred_learner_lag_records") == 0.0, LEARNED_WITHIN_SECONDS)
    assert gauge(ward, "maitred_learner_alive") == 1.0


def test_what_a_killed_service_left_is_examined_without_touching_it(ward):
    ward.kill()
    before = {path: path.read_bytes() for path in ward.home.rglob("*") if path.is_file()}
    code, found = examine(ward)
    assert (code, sorted(found)) == (0, ["learner", "service"])
    assert "died" in found["learner"][0]
    assert {path: path.read_bytes() for path in ward.home.rglob("*") if path.is_file()} == before
