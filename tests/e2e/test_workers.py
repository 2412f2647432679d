"""Several workers on Redis: one service to whoever asks, whichever of its processes dies, drains or is killed."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.doctor.scrape import parse
from engine.journal.base import Journal, Stored
from engine.journal.open import open_journal
from engine.records.schema import SettlementRecord
from features.registry import control_plane
from features.repository import default_repository
from tests.e2e.persistent_clients import PersistentClients
from tests.e2e.worker_connections import one_to_each, port_is_free

WORKERS = 4
CLIENTS = 24
VISIBLE_SECONDS = 5.0
"""Promised from a settlement's append to answers of every worker that know of it."""
RESTARTED_SECONDS = 60.0
"""Importing everything takes seconds, several times that on a busy machine."""
ENDED_SECONDS = 30.0
DURABLE = ("--appendonly", "yes", "--appendfsync", "always")


@pytest.fixture(scope="module")
def redis(run_redis: Callable[..., AbstractContextManager[int]]) -> Iterator[int]:
    with run_redis(*DURABLE) as port:
        yield port


@pytest.fixture(scope="module")
def on_redis(redis: int, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a deployment whose journal and features are on Redis, and a home with its plan."""
    home = tmp_path_factory.mktemp("shared") / "home"
    variables = {"MAITRED_FEATURES_REDIS": f"127.0.0.1:{redis},db=1"}
    with pytest.MonkeyPatch.context() as environment:
        for name, value in variables.items():
            environment.setenv(name, value)
        control_plane.apply(default_repository(), home)
    return {**variables, "MAITRED_HOME": str(home)}


@pytest.fixture(scope="module")
def start(redis: int, on_redis: dict[str, str], make_deployment: Callable[..., Any]) -> Callable[[Path], Any]:
    """Starts several workers in a home, with a journal, keys and models of their own."""

    def started(home: Path) -> Any:
        made = make_deployment(home)
        plan = Path(on_redis["MAITRED_HOME"]) / "features" / "plan.json"
        (home / "features" / "plan.json").write_bytes(plan.read_bytes())
        made.environment |= {
            "MAITRED_FEATURES_REDIS": on_redis["MAITRED_FEATURES_REDIS"],
            "MAITRED_JOURNAL": f"redis://127.0.0.1:{redis}/0#{uuid.uuid4().hex}",
        }
        made.start("--workers", str(WORKERS))
        made.wait_for(lambda: len(ready_workers(made)) == WORKERS, RESTARTED_SECONDS)
        return made

    return started


@pytest.fixture(scope="module")
def shared(start: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A running service of several workers; whoever kills a part of it waits until that is back."""
    made = start(tmp_path_factory.mktemp("several") / "home")
    yield made
    made.close()


@pytest.fixture
def several(start: Callable[[Path], Any], tmp_path: Path) -> Iterator[Any]:
    """One of the test's own, to end."""
    made = start(tmp_path / "home")
    yield made
    made.close()


def journal_of(deployment: Any) -> Journal:
    return open_journal(deployment.environment["MAITRED_JOURNAL"])


def children(deployment: Any, verb: str) -> list[int]:
    """Process ids of its workers, or of its learner."""
    return [pid for pid in deployment.pids() if f"api.cli\0{verb}\0" in command_of(pid)]


def command_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return ""


def lives(pid: int) -> bool:
    return bool(command_of(pid))


def ready_workers(deployment: Any) -> list[Path]:
    """Files of the workers that have said how far their models are: they do when they are warm."""
    gauges = (deployment.home / "workers").glob("gauge_livemin_*.db")
    return [gauge for gauge in gauges if b"model_settled_position" in gauge.read_bytes()]


def samples(deployment: Any) -> Any:
    """Over a connection of its own: a kept one may lead to a worker that is killed."""
    return parse(httpx.get(f"http://127.0.0.1:{deployment.port}/metrics", timeout=30.0).text)


def deaths(deployment: Any) -> dict[str, float]:
    return dict(samples(deployment).by("maitred_child_restarts_total", "child"))


def test_workers_are_one_service_with_one_scrape_and_learn_together(shared):
    workers = children(shared, "work")
    with one_to_each(shared.port, workers) as clients:
        answers = [ask(client, "greeting") for client in clients.values() for _ in range(3)]
        assert samples(shared).total("maitred_decisions_total") == len(answers) == 3 * WORKERS
        assert len({scrape(client).total("maitred_decisions_total") for client in clients.values()}) == 1
        asked, *others = clients.values()
        again = {"placement": "offer", "session_id": "s", "decision_id": "retried"}
        first = asked.post("/v1/decisions", json=again).json()
        assert all(other.post("/v1/decisions", json=again).json() == first for other in others)
        assert seconds_until_visible_everywhere(shared, list(clients.values())) <= VISIBLE_SECONDS


def test_workers_and_learner_that_are_killed_are_started_again_and_counted(shared):
    [learner], worker = children(shared, "learn"), children(shared, "work")[0]
    os.kill(worker, signal.SIGKILL)
    os.kill(learner, signal.SIGKILL)
    shared.wait_for(lambda: sum(deaths(shared).values()) == 2, ENDED_SECONDS)
    shared.wait_for(lambda: len(ready_workers(shared)) == WORKERS, RESTARTED_SECONDS)
    shared.wait_for(lambda: len(shared.pids()) == 1 + WORKERS + 1, RESTARTED_SECONDS)
    assert not {worker, learner} & set(shared.pids())
    assert sorted(deaths(shared).values()) == [0] * (WORKERS - 1) + [1, 1]
    decision = shared.ask("greeting")
    shared.tell(decision["decision_id"], "continued", 1.0)
    shared.wait_for(lambda: shared.explain(decision["decision_id"])["settlement"], RESTARTED_SECONDS)


def test_draining_cuts_nothing_and_loses_nothing(several):
    clients = PersistentClients(several.port, CLIENTS)
    clients.start()
    several.wait_for(lambda: len(clients.seen.acknowledged) > 5 * CLIENTS, 60.0)
    drained = next(pid for pid in children(several, "work") if "--worker\x001\0" in command_of(pid))
    os.kill(drained, signal.SIGTERM)
    several.wait_for(lambda: deaths(several).get("worker 1", 0) == 1, ENDED_SECONDS)
    several.wait_for(lambda: len(ready_workers(several)) == WORKERS, RESTARTED_SECONDS)
    assert not lives(drained)
    assert clients.seen.refused == 0, "the others went on accepting"
    everybody = several.pids()
    started = time.monotonic()
    assert several.stop() == 0
    assert time.monotonic() - started < ENDED_SECONDS
    seen = clients.stop()
    assert not any(map(lives, everybody))
    assert port_is_free(several.port)
    assert (seen.cut, seen.unanswered) == (0, 0)
    assert set(seen.statuses) == {200}
    assert seen.refused > 0
    journal = journal_of(several)
    assert [id for id in seen.acknowledged if journal.find("decision", id) is None] == []
    journal.close()


def test_everything_ends_when_the_supervisor_is_killed(several):
    supervisor, *others = several.pids()
    assert len(others) == WORKERS + 1
    os.kill(supervisor, signal.SIGKILL)
    several.wait_for(lambda: not any(map(lives, others)), ENDED_SECONDS)
    assert port_is_free(several.port)


def ask(client: Any, placement: str) -> dict[str, Any]:
    answer = client.post("/v1/decisions", json={"placement": placement, "session_id": uuid.uuid4().hex})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def scrape(client: Any) -> Any:
    return parse(client.get("/metrics").text)


def _settled(journal: Journal, decision_id: str) -> Stored | None:
    return next((each for each in journal.about(decision_id) if isinstance(each.record, SettlementRecord)), None)


def seconds_until_visible_everywhere(deployment: Any, clients: list[Any]) -> float:
    """From the append of a decision's settlement until every worker answers with a model that knows of it."""
    decision = ask(clients[0], "recommendation")
    deployment.tell(decision["decision_id"], "bought", 1.0)
    journal = journal_of(deployment)
    settled = deployment.wait_for(lambda: _settled(journal, decision["decision_id"]), RESTARTED_SECONDS)
    for client in clients:
        deployment.wait_for(lambda client=client: knows(client, settled.position), RESTARTED_SECONDS)
    visible_us = time.time_ns() // 1_000
    journal.close()
    return (visible_us - settled.time_us) / 1e6


def knows(client: Any, position: int) -> bool:
    version = ask(client, "recommendation")["model_version"]
    return version != "origin" and int(version.rpartition(".")[2]) >= position
