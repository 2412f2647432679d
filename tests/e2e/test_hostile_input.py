"""Every bad input on a running service: the right answer at once, and a model that never knew of it.

Two deployments get the same good customers; one of them gets all the bad input as well, between the good requests. The
good decisions are made in rounds, each within the reward window and each after the models of both have learned the
round before: so both must give the same answers from the same bytes.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import yaml

from api.problems import MEDIA_TYPE
from api.settings import EXAMPLE_CONFIG
from tests.e2e.bad_inputs import COMPARED, GOOD_DECISION, SINK, BadInput, bad_inputs
from tests.e2e.endless import CLIENTS, Ending, outlast
from tests.e2e.twins import Twins, fingerprints, make_twins, model_files
from tests.e2e.wrong_types import wrong_types

INPUTS = {bad.name: bad for bad in (*bad_inputs(), *wrong_types())}
ROUNDS = 3
GOOD_TURNS = 16
WINDOW_SECONDS = 8
LONGEST_SECONDS = 5.0
"""For an answer on a busy machine; ``make fuzz`` is stricter."""
ENDLESS_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Storm:
    """The twins after it all, what was answered to each input and how each endless client was ended."""

    twins: Twins
    answers: dict[str, httpx.Response]
    endings: dict[str, Ending]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """The example bot with two traffic groups, and windows that a round of requests fits into."""
    bot = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    for placement in bot["placements"].values():
        placement["reward"] |= {"window": f"{WINDOW_SECONDS}s", "grace": "0s"}
        placement["traffic"] = {"champion": 0.7, "random": 0.3, "control": 0.0}
    path = tmp_path_factory.mktemp("config") / "bot.yaml"
    path.write_text(yaml.safe_dump(bot, allow_unicode=True, sort_keys=False))
    return path


@pytest.fixture(scope="module")
def storm(tmp_path_factory, make_deployment, feast_home, config) -> Iterator[Storm]:
    twins = make_twins(tmp_path_factory.mktemp("twins"), make_deployment, feast_home, config)
    try:
        twins.calm.start()
        twins.hostile.start()
        yield _weathered(twins)
    finally:
        twins.calm.close()
        twins.hostile.close()


def _weathered(twins: Twins) -> Storm:
    with ThreadPoolExecutor(len(CLIENTS)) as pool:
        endless = {name: pool.submit(outlast, twins.hostile.port, client) for name, client in CLIENTS.items()}
        answers: dict[str, httpx.Response] = {}
        for part in range(ROUNDS):
            answers |= _round(twins, list(INPUTS.values())[part::ROUNDS])
        endings = {name: ending.result() for name, ending in endless.items()}
    return Storm(twins, answers, endings)


def _round(twins: Twins, inputs: list[BadInput]) -> dict[str, httpx.Response]:
    """Good turns with bad input in between; then until all is learned."""
    started = time.monotonic()
    answers = {}
    for turn in range(GOOD_TURNS):
        twins.good_turn()
        answers |= {bad.name: _sent(twins.hostile, bad) for bad in inputs[turn::GOOD_TURNS]}
    assert time.monotonic() - started < WINDOW_SECONDS, "too slow: the first decisions may be learned by now"
    twins.settle()
    return answers


def _sent(deployment: Any, bad: BadInput) -> httpx.Response:
    answer = deployment.client.post(bad.path, content=bad.content)
    if bad.accepted and "decisions" in bad.path and answer.status_code == 200:
        deployment.tell(answer.json()["decision_id"], "bought", 1.0)
    return answer


@pytest.mark.parametrize("name", INPUTS)
def test_bad_input_gets_the_right_answer_at_once(storm, name):
    bad, answer = INPUTS[name], storm.answers[name]
    assert answer.status_code in bad.right, answer.text
    assert answer.elapsed.total_seconds() < LONGEST_SECONDS
    if answer.status_code >= 400:
        problem = answer.json()
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert problem["status"] == answer.status_code
        assert problem["detail"]
        assert bad.field in (None, problem.get("field"))


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_that_never_ends_is_ended(storm, name):
    ending = storm.endings[name]
    assert ending.status in CLIENTS[name].right or (CLIENTS[name].fast and ending.status is None)
    assert ending.seconds < ENDLESS_SECONDS


def test_an_outcome_for_an_unknown_decision_waits(storm):
    assert storm.answers["outcome for an unknown decision"].json() == {"accepted": 1, "duplicates": 0}


@pytest.mark.parametrize(
    "name",
    [
        "an outcome id again",
        "an outcome id again, with another value",
        "an outcome id twice in one report",
    ],
)
def test_a_repeated_outcome_id_counts_once(storm, name):
    assert storm.answers[name].json()["accepted"] == 0
    assert len(storm.twins.hostile.explain(GOOD_DECISION)["outcomes"]) == 1


def test_the_service_still_answers(storm):
    answer = storm.twins.hostile.ask("greeting", session_id="afterwards", explore=False)
    assert answer["action"]["content"]["text"]
    assert answer["degraded"] == []


def test_what_is_odd_but_right_was_learned_and_the_learner_lives(storm):
    hostile = storm.twins.hostile
    odd = [bad for bad in INPUTS.values() if bad.accepted and bad.path == "/v1/decisions"]
    assert len(storm.twins.learned(hostile)[SINK]) >= len(odd)
    hostile.wait_for(lambda: storm.twins.serves_what_it_learned(hostile), 60.0)


def test_the_model_is_byte_identical_to_one_that_never_saw_it(storm):
    calm, hostile = storm.twins.calm, storm.twins.hostile
    learned = [_in_order(storm.twins.learned(twin)) for twin in (calm, hostile)]
    assert learned[0] == learned[1]
    assert sorted(id for ids in learned[0].values() for id in ids) == sorted(storm.twins.asked)
    assert model_files(calm.home) == model_files(hostile.home)
    assert fingerprints(calm.home) == fingerprints(hostile.home)


def _in_order(learned: dict[str, list[tuple[int, str]]]) -> dict[str, list[str]]:
    return {placement: [id for _, id in learned[placement]] for placement in COMPARED}


def test_the_journal_still_explains_every_model(storm):
    verified = storm.twins.hostile.run("verify")
    assert verified.returncode == 0, verified.stderr
