"""`maitred features list | lint | stats | show` where there is little, or nothing, to look at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from features.plan import load
from features.repository import plan_path


@pytest.fixture
def home(make_home, tmp_path: Path) -> Path:
    """Feast's plan, and nothing decided yet."""
    made: Path = make_home(tmp_path / "home")
    return made


def files(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*")}


@pytest.mark.parametrize("verb", [("list",), ("lint",), ("stats",), ("show", "ada")])
def test_without_a_plan_one_line_says_what_to_do(verb: tuple[str, ...], run_verb, tmp_path: Path):
    said = run_verb("features", *verb, home=tmp_path)
    assert (said.returncode, said.stdout) == (1, "")
    assert "maitred features apply" in said.stderr
    assert len(said.stderr.splitlines()) == 1


def test_without_decisions_only_declarations_are_looked_at_and_nothing_is_written(home: Path, run_verb):
    before = files(home)
    said = run_verb("features", "lint", home=home)
    assert said.returncode == 0, said.stdout + said.stderr
    assert said.stdout.endswith("(declarations only, there is no decision to look at)\n")
    assert files(home) == before


def test_who_asks_for_decisions_is_told_that_there_are_none(home: Path, run_verb):
    for verb in (("lint", "--journal"), ("stats",)):
        said = run_verb("features", *verb, home=home)
        assert (said.returncode, said.stdout) == (1, "")
        assert "nothing is recorded" in said.stderr


def test_a_bot_that_crosses_what_its_service_does_not_read_is_told(home: Path, run_verb, tmp_path: Path):
    plan = load(plan_path(home))
    read = {name.partition(".")[0] for name in plan.names("greeting")}
    bot = tmp_path / "bot.yaml"
    shop = (Path(__file__).parents[2] / "api" / "examples" / "shop.yaml").read_text()
    bot.write_text(
        shop.replace("    baseline: plain_hello", "    crosses: [[request, nowhere]]\n    baseline: plain_hello", 1)
    )
    assert "nowhere" not in read
    said = run_verb("features", "lint", "--json", home=home, config=bot)
    [finding] = [each for each in json.loads(said.stdout)["findings"] if each["code"] == "namespace"]
    assert (said.returncode, finding["feature"]) == (1, "greeting.crosses.nowhere")


def test_somebody_of_whom_nothing_is_known_is_shown_as_such(home: Path, run_verb):
    said = run_verb("features", "show", "nobody-we-know", "--session", "none", "--json", home=home)
    assert said.returncode == 0, said.stderr
    views = json.loads(said.stdout)["views"]
    stored = {view.name for view in load(plan_path(home)).stored_views}
    assert {view["view"] for view in views if view["freshness"] == "missing"} == stored
    known = [each for view in views if view["freshness"] is not None for each in view["features"] if each["known"]]
    assert known == []


def test_a_row_that_is_shown_says_what_policies_see(home: Path, run_verb):
    said = run_verb("features", "show", "ada", home=home)
    assert said.returncode == 0, said.stderr
    assert "user_profile: fresh" in said.stdout
    assert "Ada" not in said.stdout
    assert "Ada" in run_verb("features", "show", "ada", "--reveal", home=home).stdout
