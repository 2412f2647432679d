"""The journal goes away under load: every answer comes, the degraded are marked, and nothing is lost or doubled."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any

import msgspec
import pytest

from engine.journal.base import Journal
from engine.journal.open import open_journal
from engine.records.schema import DecisionRecord, OutcomeRecord
from features import plan
from tests.e2e.outage_load import Load, Server

DEADLINE_S = 1.0
"""Of the example's placements."""
BEFORE, DURING, AFTER = 100, 1_000, 100
"""Decisions that are answered while all is well, without the journal, and when it is back."""
BUSY_S = 0.9
"""For a machine that does other things as well."""
DRAINED_S = 30.0


@pytest.fixture
def server(redis_server: str, tmp_path: Path) -> Iterator[Server]:
    """A Redis of the test's own."""
    folder = tmp_path / "redis"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    with closing(Server(redis_server, folder, port)) as server:
        yield server


@pytest.fixture
def make_service(server: Server, tmp_path: Path, make_deployment: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """Starts a deployment whose journal and features are in that Redis."""
    made = make_deployment(tmp_path / "home")
    path = made.home / "features" / "plan.json"
    plan.save(msgspec.structs.replace(plan.load(path), online_store=server.url), path)

    def start(**environment: str) -> Any:
        made.environment |= {"MAITRED_JOURNAL": server.url, **environment}
        made.start("--no-learner")
        return made

    yield start
    made.close()


def spooled_files(home: Path) -> list[Path]:
    return [path for path in (home / "spool").rglob("*") if path.is_file()]


def metric(service: Any, name: str) -> float:
    lines = service.client.get("/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.partition(" ")[0].partition("{")[0] == name)


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.99 * len(seconds))]


def report(outage: str, load: Load) -> None:
    """What it cost, to read with ``pytest -s``."""
    for name, without in (("with the journal", False), ("without it", True)):
        seconds = [each for degraded, each in load.seconds if degraded is without]
        print(
            f"{outage}: {len(seconds)} decisions {name}: median {1e3 * median(seconds):.0f} ms, "
            f"p99 {1e3 * p99(seconds):.0f} ms, slowest {1e3 * max(seconds):.0f} ms"
        )


def check_in_time(load: Load) -> None:
    """Nobody waited for the journal's own time-out; those who met the outage first waited for their deadline."""
    assert p99([seconds for degraded, seconds in load.seconds if degraded]) < DEADLINE_S
    assert max(seconds for _, seconds in load.seconds) < DEADLINE_S + BUSY_S


def check_journal(journal: Journal, load: Load) -> None:
    """What was acknowledged is what is journaled, each once, with the probabilities that were answered."""
    records = [stored.record for stored in journal.read(0, 1_000_000)]
    decisions = [record for record in records if isinstance(record, DecisionRecord)]
    outcomes = Counter((record.decision_id, record.id) for record in records if isinstance(record, OutcomeRecord))
    assert Counter(record.id for record in decisions) == Counter(list(load.decisions))
    assert outcomes == Counter(load.outcomes)
    for record in decisions:
        check_answer(record, load.decisions[record.id])


def check_answer(record: DecisionRecord, answer: dict[str, Any]) -> None:
    assert record.chosen is not None
    assert answer["recorded"]
    assert answer["action"]["id"] == record.candidates[record.chosen]
    assert answer["propensity"] == record.pmf[record.chosen]
    ranking = {each["id"]: each["probability"] for each in answer["ranking"]}
    assert ranking == dict(zip(record.candidates, record.pmf, strict=True))
    assert set(record.degraded) <= set(answer["degraded"])
    if record.reason == "journal out of reach":
        assert (max(record.pmf), record.learnable) == (1.0, False)


@pytest.mark.slow
@pytest.mark.parametrize("outage", ["frozen", "killed"])
def test_nothing_is_lost_and_nobody_refused_while_redis_is_away(
    server: Server, make_service: Callable[..., Any], outage: str
) -> None:
    service = make_service()

    async def direct(load: Load) -> None:
        await load.until(lambda: len(load.decisions) >= BEFORE)
        server.freeze() if outage == "frozen" else server.kill()
        await load.until(lambda: load.degraded >= DURING)
        server.thaw() if outage == "frozen" else server.start()
        await load.until(lambda: not spooled_files(service.home))
        answered = len(load.decisions)
        await load.until(lambda: len(load.decisions) >= answered + AFTER)

    load = Load(str(service.client.base_url))
    asyncio.run(load.run(direct))
    report(outage, load)
    assert load.failures == []
    assert spooled_files(service.home) == []
    with closing(open_journal(server.url)) as journal:
        check_journal(journal, load)
    assert metric(service, "maitred_spooled_records_total") == metric(service, "maitred_drained_records_total") > DURING
    assert (metric(service, "maitred_journal_reachable"), metric(service, "maitred_spool_conflicts_total")) == (1, 0)
    check_in_time(load)


@pytest.mark.slow
def test_what_a_killed_service_had_spooled_is_journaled_by_the_next_one(
    server: Server, make_service: Callable[..., Any]
) -> None:
    service = make_service()
    server.kill()
    answers = {f"d-{n}": service.ask("greeting", decision_id=f"d-{n}") for n in range(50)}
    for id in answers:
        service.tell(id, "continued", 1, outcome_id="o")
    assert all("journal" in answer["degraded"] for answer in answers.values())
    again = service.ask("greeting", decision_id="d-7")
    assert again == answers["d-7"], "a retry hears the same while it waits"
    service.kill()
    assert spooled_files(service.home)
    server.start()
    service.start("--no-learner")
    service.wait_for(lambda: not spooled_files(service.home), DRAINED_S)
    load = Load("", decisions=answers, outcomes={(id, "o") for id in answers})
    with closing(open_journal(server.url)) as journal:
        check_journal(journal, load)
    assert service.ask("greeting", decision_id="d-7")["action"] == answers["d-7"]["action"]


@pytest.mark.slow
def test_a_full_spool_answers_unrecorded_decisions_and_refuses_outcomes_until_it_is_drained(
    server: Server, make_service: Callable[..., Any]
) -> None:
    service = make_service(MAITRED_SPOOL_MAX_BYTES="4096")
    server.kill()
    answers = [service.ask("greeting", session_id=f"s-{n}") for n in range(10)]
    recorded = [answer["decision_id"] for answer in answers if answer["recorded"]]
    assert 0 < len(recorded) < len(answers)
    assert all("journal" in answer["degraded"] for answer in answers)
    refused = [
        service.client.post("/v1/outcomes", json={"decision_id": "d" * 120, "metric": "continued", "value": 1})
        for _ in range(40)
    ][-1]
    assert (refused.status_code, refused.json()["type"]) == (503, "urn:maitred:problem:journal-unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert "spool" in refused.json()["detail"]
    server.start()
    service.wait_for(lambda: not spooled_files(service.home), DRAINED_S)
    service.wait_for(lambda: service.ask("greeting")["degraded"] == [], DRAINED_S)
    with closing(open_journal(server.url)) as journal:
        ids = {stored.record.id for stored in journal.read(0, 1_000) if isinstance(stored.record, DecisionRecord)}
    assert ids >= set(recorded)


@pytest.mark.slow
def test_a_process_that_keeps_the_journals_file_locked_delays_nobody_beyond_the_deadline(own_deployment: Any) -> None:
    service = own_deployment
    load = Load(str(service.client.base_url))

    async def direct(load: Load) -> None:
        await load.until(lambda: len(load.decisions) >= BEFORE)
        with closing(sqlite3.connect(service.home / "journal.db", isolation_level=None)) as foreign:
            foreign.execute("BEGIN IMMEDIATE")
            await load.until(lambda: load.degraded >= DURING)
            foreign.execute("ROLLBACK")
        await load.until(lambda: not spooled_files(service.home))
        answered = len(load.decisions)
        await load.until(lambda: len(load.decisions) >= answered + AFTER)

    asyncio.run(load.run(direct))
    report("locked", load)
    assert load.failures == []
    with closing(open_journal(f"sqlite:///{service.home / 'journal.db'}")) as journal:
        check_journal(journal, load)
    check_in_time(load)
