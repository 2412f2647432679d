"""`maitred serve` with its journal in a Redis Cluster: a turn over two shards, a learner each, one proof for all."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.doctor.heartbeat import read_heartbeat
from engine.journal.shards import shard_of
from tests.cluster import Cluster

SHARDS = 3
LEARNED_WITHIN_SECONDS = 30.0


@pytest.fixture(scope="module")
def clustered(
    make_deployment: Callable[..., Any], cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    deployment = make_deployment(tmp_path_factory.mktemp("cluster") / "home")
    deployment.environment["MAITRED_JOURNAL"] = cluster.url("service", shards=SHARDS)
    try:
        deployment.start()
        yield deployment
    finally:
        deployment.close()


def test_placements_of_different_shards_are_answered_together_learned_apart_and_proved_at_once(clustered: Any) -> None:
    assert {shard_of(name, SHARDS) for name in ("greeting", "offer")} == {1, 2}
    body = {"session_id": "s", "turn_id": "t", "placements": ["greeting", "offer"]}
    first, again = (clustered.client.post("/v1/turns", json=body).json()["decisions"] for _ in range(2))
    assert [answer["recorded"] for answer in first] == [True, True]
    assert [answer["decision_id"] for answer in again] == [answer["decision_id"] for answer in first]
    greeting, offer = (answer["decision_id"] for answer in first)
    assert clustered.tell(greeting, "continued", 1.0, outcome_id="o")["duplicates"] == 0
    assert clustered.tell(greeting, "continued", 1.0, outcome_id="o")["duplicates"] == 1
    clustered.tell(offer, "accepted", 1.0)

    published = [clustered.home / "snapshots" / name / "CURRENT.json" for name in ("greeting", "offer")]
    clustered.wait_for(lambda: all(path.exists() for path in published), LEARNED_WITHIN_SECONDS)
    assert [clustered.explain(id)["settlement"]["learned"] for id in (greeting, offer)] == [True, True]
    beats = [read_heartbeat(clustered.home, shard) for shard in range(SHARDS)]
    assert [sorted(beat.lineages) for beat in beats if beat] == [[], ["offer"], ["greeting", "recommendation"]]

    proved = clustered.run("verify", "--json")
    assert proved.returncode == 0, proved.stderr
    assert json.loads(proved.stdout)["identical"] is True
    assert json.loads(proved.stdout)["snapshots"] >= 2


def test_the_metrics_speak_for_every_shard(clustered: Any) -> None:
    metrics = clustered.client.get("/metrics").text.splitlines()
    assert "maitred_learner_alive 1.0" in metrics
    assert {f'maitred_journal_reachable{{shard="{shard}"}} 1.0' for shard in range(SHARDS)} <= set(metrics)
