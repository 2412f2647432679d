"""Every benchmark still runs. Nothing is said about speed: the amounts are tiny and the machine is shared."""

from __future__ import annotations

import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import profile
from benchmarks.home import prepare
from benchmarks.question import Answer
from benchmarks.report import REPORTS, on_this_machine
from benchmarks.run import QUESTIONS
from benchmarks.sampling import NotPermitted
from benchmarks.size import SMOKE

NEEDS = {
    "decide_over_http": "wrk",
    "decide_while_learning": "wrk",
    "read_redis": "redis-server",
    "append_cluster": "redis-server",
}

pytestmark = pytest.mark.slow


def without(what: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


def require(program: str) -> None:
    if shutil.which(program) is None:
        without(program)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepare(tmp_path_factory.mktemp("bench"), SMOKE.users)


@pytest.fixture(scope="module")
def answers() -> list[Answer]:
    return []


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_answered_with_figures(name: str, home: Path, answers: list[Answer]) -> None:
    if name in NEEDS:
        require(NEEDS[name])
    found = QUESTIONS[name](home, SMOKE)
    assert found
    for answer in found:
        assert answer.figures
        assert all(math.isfinite(figure) and figure > 0 for figure in answer.figures.values())
    answers += found


@pytest.mark.parametrize("report", REPORTS)
def test_every_answer_is_in_every_report(report: str, answers: list[Answer]) -> None:
    written = REPORTS[report](answers, on_this_machine())
    assert all(answer.measured in written for answer in answers)


def test_the_report_for_programs_is_one_json_object(answers: list[Answer]) -> None:
    read = json.loads(REPORTS["json"](answers, on_this_machine()))
    assert [answer["question"] for answer in read["answers"]] == [answer.question for answer in answers]


@pytest.mark.parametrize("measure", [profile.in_process, profile.over_http])
def test_the_rows_of_a_profile_sum_to_the_time_of_a_decision(
    measure: Callable[..., profile.Profile], home: Path
) -> None:
    require("wrk")
    try:
        found = measure(home, SMOKE)
    except NotPermitted:
        without("permission to look at processes")
    assert math.fsum(found.stages.values()) == pytest.approx(found.decision_us)
    assert found.stages["policy and floor"] > 0
