"""A service's journal is archived, cut and exported while it serves, and everything is still proved and answered."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pyarrow.dataset as ds
import pytest

TURNS = 40
SETTLE_SECONDS = 30.0


def live(deployment, turns: int = TURNS) -> list[str]:
    """Decisions with outcomes, all settled and learned."""
    asked = [deployment.ask("greeting", session_id=f"s{n % 5}", context={"n": n})["decision_id"] for n in range(turns)]
    for n, decision_id in enumerate(asked):
        deployment.tell(decision_id, "continued", float(n % 2))
    deployment.wait_for(lambda: deployment.explain(asked[-1])["settlement"], SETTLE_SECONDS)
    return asked


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def rows(deployment) -> list[str]:
    table = ds.dataset(deployment.home / "archive" / "decisions", partitioning="hive").to_table()
    return [row["decision_id"] for row in table.to_pylist()]


def test_a_running_service_is_archived_cut_verified_and_exported(own_deployment):
    deployment = own_deployment
    asked = live(deployment)
    assert "records archived" in said(deployment.run("archive"))
    assert sorted(rows(deployment)) == sorted(asked)
    exported = deployment.home / "logged.dsjson"
    said(deployment.run("export", "--to", str(exported)))
    before = exported.read_bytes()
    assert len(before.splitlines()) == TURNS
    deployment.wait_for(lambda: ": 0 records" not in said(deployment.run("retain", "--older-than", "0s")), 30.0)
    gone = deployment.client.get(f"/v1/decisions/{asked[0]}")
    assert gone.status_code == 404
    assert "archive" in gone.json()["detail"]
    later = live(deployment, 6)
    said(deployment.run("archive"))
    assert sorted(rows(deployment)) == sorted(asked + later)
    said(deployment.run("export", "--to", str(exported)))
    assert exported.read_bytes().startswith(before)
    assert "byte-identical" in said(deployment.run("verify"))
    deployment.stop()
    deployment.start()
    assert deployment.explain(later[-1])["settlement"]["learned"]
    live(deployment, 3)


def test_the_native_driver_reports_the_loss_that_the_learner_reports(own_deployment):
    deployment = own_deployment
    live(deployment)
    deployment.stop()
    lines = deployment.home / "learned.dsjson"
    printed = said(
        deployment.run("export", "--placement", "greeting", "--labels", "learned", "--to", str(lines))
    ).splitlines()
    flags = printed[-1].split(str(lines))[1]
    code = "import sys; from vowpalwabbit import Workspace; w = Workspace(sys.argv[1]); print(w.get_sum_loss())"
    command = [sys.executable, "-c", code, f"--dsjson -d {lines} {flags} --quiet"]
    driven = float(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    current = json.loads((deployment.home / "snapshots" / "greeting" / "CURRENT.json").read_text())
    assert current["learned"] == len(lines.read_bytes().splitlines()) > 0
    assert driven == pytest.approx(current["loss"], rel=1e-5)


def test_following_it_archives_what_comes_and_ends_when_told(own_deployment):
    deployment = own_deployment
    live(deployment, 4)
    command = [sys.executable, "-m", "api.cli", "archive", "--follow"]
    with subprocess.Popen(command, env=deployment.environment, stdout=subprocess.PIPE, text=True) as following:
        deployment.wait_for(lambda: (deployment.home / "archive" / "decisions").exists(), 60.0)
        refused = deployment.run("archive")
        assert refused.returncode == 1
        assert "another process" in refused.stderr
        following.send_signal(signal.SIGTERM)
        out, _ = following.communicate(timeout=30)
    assert following.returncode == 0
    assert "records archived" in out
