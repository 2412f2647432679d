"""kill -9 in the middle of everything: nothing acknowledged is lost, nothing is twice, the bytes are explained."""

from __future__ import annotations

import shutil
import sqlite3
import threading
import uuid
from pathlib import Path

import httpx
import msgspec
import pytest

from engine.records.codec import decode, encode
from engine.records.schema import OutcomeRecord, SettlementRecord

CRASHES = 3
ACKNOWLEDGED_BEFORE_CRASH = 150
CALLERS = 4
METRIC = {"greeting": "continued", "offer": "accepted", "recommendation": "bought"}


class Callers:
    """Bots that ask and report until the service goes away; they remember what was acknowledged."""

    def __init__(self, base_url: str) -> None:
        self.decisions: list[dict] = []
        self.outcomes: dict[str, str] = {}
        self._base_url = base_url
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        self._threads = [threading.Thread(target=self._call, args=(number,)) for number in range(CALLERS)]
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _call(self, number: int) -> None:
        session = uuid.uuid4().hex
        with httpx.Client(base_url=self._base_url, timeout=10.0) as client:
            for turn in range(100_000):
                try:
                    self._turn(client, f"{session}{turn // 5}", list(METRIC)[(number + turn) % 3], turn)
                except httpx.TransportError:
                    return

    def _turn(self, client: httpx.Client, session: str, placement: str, turn: int) -> None:
        body = {"placement": placement, "session_id": session, "user_id": "ben", "consent": turn % 2 == 0}
        decision = client.post("/v1/decisions", json=body).json()
        self.decisions.append(decision)
        outcome_id = uuid.uuid4().hex
        outcome = {
            "decision_id": decision["decision_id"],
            "metric": METRIC[placement],
            "value": float(turn % 3 == 0),
            "outcome_id": outcome_id,
        }
        if client.post("/v1/outcomes", json=outcome).status_code == 202:
            self.outcomes[outcome_id] = decision["decision_id"]


@pytest.fixture
def crashed(own_deployment):
    """A deployment that was killed under load several times, started again and left to settle; with its callers."""
    callers = Callers(f"http://127.0.0.1:{own_deployment.port}")
    for crash in range(CRASHES):
        callers.start()
        enough = (crash + 1) * ACKNOWLEDGED_BEFORE_CRASH
        own_deployment.wait_for(lambda enough=enough: len(callers.outcomes) >= enough, 60.0)
        own_deployment.kill()
        callers.join()
        own_deployment.start()
    last = callers.decisions[-1]["decision_id"]
    own_deployment.wait_for(lambda: own_deployment.explain(last)["settlement"], 30.0)
    return own_deployment, callers


def _records(home: Path) -> list[tuple[int, str, bytes]]:
    with sqlite3.connect(home / "journal.db") as journal:
        return journal.execute("SELECT position, kind, body FROM records ORDER BY position").fetchall()


def test_nothing_acknowledged_is_lost_nothing_is_twice_and_the_fold_is_identical(crashed):
    deployment, callers = crashed
    for decision in callers.decisions:
        explanation = deployment.explain(decision["decision_id"])
        assert explanation["content"] == decision["action"]["content"]
        assert explanation["propensity"] == decision["propensity"]
    deployment.stop()
    records = [decode(body) for _, _, body in _records(deployment.home)]
    outcomes = [record.id for record in records if isinstance(record, OutcomeRecord)]
    settled = [record.decision_id for record in records if isinstance(record, SettlementRecord)]
    assert set(callers.outcomes) <= set(outcomes)
    assert len(outcomes) == len(set(outcomes))
    assert len(settled) == len(set(settled))
    verified = deployment.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert "all byte-identical" in verified.stdout
    for placement in METRIC:
        assert placement in verified.stdout, f"{placement} published no snapshot"
    for kind in (SettlementRecord, OutcomeRecord):
        _check_that_a_changed_reward_is_found(deployment, kind)


def _check_that_a_changed_reward_is_found(deployment, kind: type) -> None:
    copy = deployment.home.with_name(f"changed-{kind.__name__}")
    shutil.copytree(deployment.home, copy)
    position, decision_id = _change_one_reward(copy, kind)
    refused = deployment.run("verify", MAITRED_HOME=str(copy))
    assert refused.returncode == 1
    assert f"position {position}" in refused.stderr
    assert decision_id in refused.stderr


def _change_one_reward(home: Path, kind: type) -> tuple[int, str]:
    """Change a reward that was learned; returns the position of its settlement, and its decision."""
    records = [(position, decode(body)) for position, _, body in _records(home)]
    settled = {r.decision_id: (p, r) for p, r in records if isinstance(r, SettlementRecord) and r.outcomes == 1}
    position, record = next((p, r) for p, r in records if isinstance(r, kind) and r.decision_id in settled)
    field = "reward" if isinstance(record, SettlementRecord) else "value"
    changed = msgspec.structs.replace(record, **{field: 1.0 - getattr(record, field)})
    with sqlite3.connect(home / "journal.db") as journal:
        journal.execute("UPDATE records SET body = ? WHERE position = ?", (encode(changed), position))
    return settled[record.decision_id][0], record.decision_id
