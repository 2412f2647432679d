"""Every turn sees what the turn, the outcome and the event before it wrote, with many sessions at once."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import yaml

from api.opened import Opening
from api.settings import Settings
from api.wiring import open_keys
from engine.journal.open import open_journal
from engine.records.sealing import Sealer
from features import plan
from features.clock import wall_clock
from tests.e2e.conftest import Deployment

SESSIONS = 200
TURNS = {"sqlite": 50, "redis": 15}
PATIENT_MS = 60_000
"""For the store to answer: what is tested is what it says, not how fast it is on a machine that tests share."""
EVENT_EVERY, OUTCOME_EVERY = 5, 7
PUSHES = 20
CONNECTIONS = 16
Expected = dict[str, dict[str, Any]]
"""Decision id → features that it must have seen."""


@pytest.fixture(params=TURNS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def turns(kind: str) -> int:
    return TURNS[kind]


@pytest.fixture
def patient_config(quick_config: Path, tmp_path: Path) -> Path:
    config = yaml.safe_load(quick_config.read_text())
    config["placements"]["offer"]["deadline_ms"] = PATIENT_MS
    path = tmp_path / "patient.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
    return path


@pytest.fixture
def service(
    kind: str, tmp_path: Path, patient_config: Path, make_deployment: Callable[..., Deployment], run_redis: Any
) -> Iterator[Deployment]:
    """With an online store of its own, in which nobody else's sessions are."""
    made = make_deployment(tmp_path / "home", config=patient_config)
    made.environment["MAITRED_FEATURES_DEADLINE_MS"] = str(PATIENT_MS)
    path = made.home / "features" / "plan.json"
    with run_redis("--save", "") as port:
        own = {"sqlite": f"sqlite:///{made.home}/features/own.db", "redis": f"redis://127.0.0.1:{port}/0"}[kind]
        plan.save(msgspec.structs.replace(plan.load(path), online_store=own), path)
        made.start("--no-learner")
        yield made
        made.close()


async def visit(client: httpx.AsyncClient, number: int, turns: int, expected: Expected) -> None:
    """One session: what each of its turns must have seen is noted as it goes."""
    session_id = f"session-{number}"
    who = {"user_id": f"user-{number}", "consent": True}
    last: dict[str, Any] = defaultdict(int)
    for turn in range(turns):
        asked = {"placement": "offer", "session_id": session_id, **who}
        answer = (await client.post("/v1/decisions", json=asked)).raise_for_status().json()
        expected[answer["decision_id"]] = {
            "session_state.turn": turn,
            "user_exposure.total_shown": turn,
            "shown_lately.shown_24h": turn,
            "session_state.accepted": last["accepted"],
            "user_exposure.total_accepted": last["accepted"],
            "session_state.last_event": last["event"] or "none",
            "session_state.last_action": last["action"] or "none",
            "user_exposure.seen_action": last["action"] or "none",
        }
        last["action"] = answer["action"]["id"]
        if turn % EVENT_EVERY == 0:
            last["event"] = f"Seen {turn}"
            events = {"events": [{"event": last["event"], "message_id": f"{session_id}-{turn}"}], **who}
            (await client.post(f"/v1/sessions/{session_id}/events", json=events)).raise_for_status()
        if turn % OUTCOME_EVERY == 0:
            told = {"decision_id": answer["decision_id"], "metric": "accepted", "value": 1, "outcome_id": "o"}
            (await client.post("/v1/outcomes", json=told)).raise_for_status()
            last["accepted"] += 1


async def push_out_of_order(service: Deployment, file: Path) -> None:
    """What the users did before, in any order, and the newest of it anywhere."""
    rng, now_us = random.Random(5), wall_clock()
    pushed = [(number, age) for number in range(SESSIONS) for age in range(PUSHES)]
    rng.shuffle(pushed)
    rows = (
        {"user_id": f"user-{number}", "visits": PUSHES - age, "event_timestamp": (now_us - age * 1_000_000) / 1e6}
        for number, age in pushed
    )
    file.write_bytes(b"\n".join(map(msgspec.json.encode, rows)))
    done = await asyncio.to_thread(service.run, "features", "push", str(file), "--view", "user_activity")
    assert done.returncode == 0, done.stderr


async def drive(service: Deployment, turns: int, file: Path) -> Expected:
    expected: Expected = {}
    limits = httpx.Limits(max_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{service.port}", timeout=60.0, limits=limits) as client:
        visits = (visit(client, number, turns, expected) for number in range(SESSIONS))
        await asyncio.gather(push_out_of_order(service, file), *visits)
    return expected


def seen(service: Deployment) -> dict[str, dict[str, Any]]:
    """Decision id → the features that its policy saw, as the journal has them."""
    settings = Settings(home=service.home)
    with closing(open_journal(settings.journal_url)) as journal:
        opened = Opening(Sealer(open_keys(settings))).of(journal.read(0, 1_000_000))
        return {each.record.id: dict(each.part.features) for each in opened}


def test_every_turn_of_200_sessions_at_once_sees_the_one_before(
    service: Deployment, turns: int, tmp_path: Path
) -> None:
    expected = asyncio.run(drive(service, turns, tmp_path / "pushed.jsonl"))
    assert len(expected) == SESSIONS * turns
    known = seen(service)
    wrong = {
        decision_id: {name: (value, known[decision_id][name]) for name, value in values.items()}
        for decision_id, values in expected.items()
        if any(known[decision_id][name] != value for name, value in values.items())
    }
    assert wrong == {}
    for number in range(SESSIONS):
        after = service.ask("offer", session_id="after", user_id=f"user-{number}", consent=True)
        features = {each["name"]: each["value"] for each in service.explain(after["decision_id"])["features"]}
        assert features["user_activity.visits"] == PUSHES
        assert features["user_exposure.total_shown"] == turns
