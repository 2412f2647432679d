"""What Feast accepts and we cannot serve is refused when the plan is compiled, by name; not when a bot asks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from features.registry.control_plane import leaf_environment

REFUSED = {
    "two join keys": "view view: only one join key of type string",
    "a number for a join key": "view view: only one join key of type string",
    "a list of numbers": "view.f: a Array(Int64) cannot be served",
    "a default of another type": "view.f: the default 'many' is not of type int",
    "a default that is a list": "view.f: the default [1] is not of type string",
    "a range that is none": "view.f: a tag is not what it must be",
    "an empty range": "view.f: the range [1.0, 1.0] is empty",
    "entity keys of an older version": "only entity keys of version 3",
}


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """Case → the plan's online store, or why there is no plan. Feast is loaded once for all."""
    command = [sys.executable, "-W", "ignore", str(Path(__file__).with_name("unservable_worker.py"))]
    environment = leaf_environment(tmp_path_factory.mktemp("unservable"))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    cases: dict[str, str] = json.loads(done.stdout)
    return cases


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_served_is_refused_by_name(compiled: Mapping[str, str], case: str) -> None:
    assert compiled[case].startswith(REFUSED[case])


def test_what_can_be_served_is_and_from_an_online_store_of_ones_own_through_feast(compiled: Mapping[str, str]) -> None:
    assert compiled.keys() - REFUSED.keys() == {"servable", "an online store of its own", "a default that is not JSON"}
    assert compiled["servable"] == "sqlite:///…/online.db"
    assert compiled["an online store of its own"] == "feast:sqlite"
