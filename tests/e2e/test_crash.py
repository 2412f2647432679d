"""After kill -9 the journal explains every reward; one that was changed behind its back is named.

That nothing is lost or twice, whoever is killed, is what ``tests/chaos`` shows.
"""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import msgspec
import pytest

from engine.records.codec import decode, encode
from engine.records.schema import OutcomeRecord, SettlementRecord

TURNS = 40
METRIC = {"greeting": "continued", "offer": "accepted", "recommendation": "bought"}


@pytest.fixture(scope="module")
def crashed(make_deployment, tmp_path_factory):
    """A deployment that was killed, started again, left to settle, and stopped."""
    made = make_deployment(tmp_path_factory.mktemp("crashed") / "home")
    made.start()
    asked = [_turn(made, number) for number in range(TURNS)]
    made.kill()
    made.start()
    made.wait_for(lambda: made.explain(asked[-1])["settlement"], 30.0)
    made.stop()
    yield made
    made.close()


def _turn(deployment, number: int) -> str:
    placement = list(METRIC)[number % len(METRIC)]
    decision = deployment.ask(placement, session_id=f"s-{number // 5}")
    deployment.tell(decision["decision_id"], METRIC[placement], float(number % 3 == 0))
    return str(decision["decision_id"])


@pytest.mark.parametrize("kind", [SettlementRecord, OutcomeRecord])
def test_a_reward_that_was_changed_in_the_journal_is_found(crashed, kind, tmp_path):
    verified = crashed.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert "all byte-identical" in verified.stdout
    copy = shutil.copytree(crashed.home, tmp_path / "changed")
    position, decision_id = _change_one_reward(copy, kind)
    refused = crashed.run("verify", MAITRED_HOME=str(copy))
    assert refused.returncode == 1
    assert f"position {position}" in refused.stderr
    assert decision_id in refused.stderr


def _change_one_reward(home: Path, kind: type) -> tuple[int, str]:
    """Change a reward that was learned; returns the position of its settlement, and its decision."""
    records = [(position, decode(body)) for position, body in _records(home)]
    settled = {r.decision_id: (p, r) for p, r in records if isinstance(r, SettlementRecord) and r.outcomes == 1}
    position, record = next((p, r) for p, r in records if isinstance(r, kind) and r.decision_id in settled)
    field = "reward" if isinstance(record, SettlementRecord) else "value"
    changed = msgspec.structs.replace(record, **{field: 1.0 - getattr(record, field)})
    with sqlite3.connect(home / "journal.db") as journal:
        journal.execute("UPDATE records SET body = ? WHERE position = ?", (encode(changed), position))
    return settled[record.decision_id][0], record.decision_id


def _records(home: Path) -> list[tuple[int, bytes]]:
    with sqlite3.connect(home / "journal.db") as journal:
        return journal.execute("SELECT position, body FROM records ORDER BY position").fetchall()
