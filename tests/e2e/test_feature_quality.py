"""`maitred features lint`, `stats`, `show` and `list` on a deployment with real traffic."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from features.plan import load
from features.registry import control_plane
from features.repository import default_repository, plan_path
from tests.e2e.conftest import Deployment
from tests.e2e.feature_traffic import Mistakes, chat, load_people

PEOPLE = 300
TURNS = 900

MISTAKES: Mistakes = {
    "user_profile.tier": lambda person: "platinum" if person % 3 == 0 else "gold",
    "user_profile.favourite_category": lambda person: str(uuid.UUID(int=person * 7919 << 64)),
    "user_profile.language": lambda person: "xx",
    "user_profile.region": lambda person: f"house {person % 200}",
    "user_profile.tenure_days": lambda person: None,
    "user_activity.last_category": lambda person: (
        f"was looking for something like number {person} but in another colour"
    ),
    "user_activity.visits": lambda person: 10_000 + person,
    "request.message_length": lambda turn: int(time.time()) - turn,
    "request.sentiment": lambda turn: 0.9 if turn % 4 == 1 else -0.1 * (turn % 4),
    "request.channel": lambda turn: "web" if turn < TURNS / 2 else "app",
    "request.contact": lambda turn: f"someone{turn % 50}@example.net",
    "request.tier": lambda turn: "gold",
}
FOUND = {
    ("unseen-value", "user_profile.tier"),
    ("id", "user_profile.favourite_category"),
    ("constant", "user_profile.language"),
    ("personal", "user_profile.region"),
    ("always-missing", "user_profile.tenure_days"),
    ("unbounded-text", "user_activity.last_category"),
    ("unseen-value", "user_activity.visits"),
    ("timestamp", "request.message_length"),
    ("leakage", "request.sentiment"),
    ("drift", "request.channel"),
    ("personal", "request.contact"),
    ("undeclared", "request.contact"),
    ("namespace", "request.tier"),
}


@pytest.fixture(scope="module")
def make_shop(
    tmp_path_factory: pytest.TempPathFactory, quick_config: Path
) -> Iterator[Callable[[Mistakes], Deployment]]:
    """Makes services of the shipped repository that people talked to."""
    made: list[Deployment] = []

    def make(mistakes: Mistakes) -> Deployment:
        folder = tmp_path_factory.mktemp("shop")
        environment.setenv("MAITRED_OFFLINE", str(folder / "offline"))
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        plan = control_plane.apply(default_repository(), folder / "home")
        made.append(deployment := Deployment(folder / "home", quick_config))
        load_people(deployment, plan, PEOPLE, folder, mistakes)
        deployment.start()
        chat(deployment, plan, PEOPLE, TURNS, mistakes)
        return deployment

    with pytest.MonkeyPatch.context() as environment:
        yield make
        for deployment in made:
            deployment.close()


@pytest.fixture(scope="module")
def clean(make_shop: Callable[[Mistakes], Deployment]) -> Deployment:
    return make_shop({})


@pytest.fixture(scope="module")
def wrong(make_shop: Callable[[Mistakes], Deployment]) -> Deployment:
    return make_shop(MISTAKES)


def asked(deployment: Deployment, *arguments: str, code: int = 0) -> Any:
    done = deployment.run("features", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_nothing_is_wrong_with_the_shipped_repository(clean: Deployment) -> None:
    told = asked(clean, "lint", "--strict")
    assert told["findings"] == []
    assert told["decisions"] >= 2.5 * TURNS


def test_every_mistake_in_data_and_requests_is_found(wrong: Deployment) -> None:
    told = asked(wrong, "lint", code=1)
    found = {(finding["code"], finding["feature"]) for finding in told["findings"]}
    assert found == FOUND
    assert all(finding["evidence"] and finding["mend"] for finding in told["findings"])


def test_declarations_alone_can_be_looked_at_and_findings_allowed(wrong: Deployment) -> None:
    declared = asked(wrong, "lint", "--no-journal")
    assert (declared["decisions"], declared["findings"]) == (0, [])
    allowed = [option for code, feature in FOUND for option in ("--allow", f"{code}:{feature}")]
    assert asked(wrong, "lint", *allowed)["findings"] == []


def test_findings_are_told_in_words_with_figures_and_the_mend(wrong: Deployment) -> None:
    done = wrong.run("features", "lint", "--sample", "1500")
    assert done.returncode == 1
    assert "error: user_profile.favourite_category: id: it names one person or thing" in done.stdout
    assert "different values" in done.stdout
    assert "→ declare it learn: false" in done.stdout
    assert "person-0" not in done.stdout


def test_statistics_are_those_of_the_traffic(clean: Deployment, wrong: Deployment) -> None:
    told = {each["feature"]: each for each in asked(clean, "stats", "--sample", "0")["features"]}
    assert told["user_profile.tier"]["asked"] >= 2.5 * TURNS
    assert told["user_profile.tier"]["missing"] == told["user_profile.tier"]["outside"] == 0.0
    assert sum(share for _, share in told["user_profile.tier"]["top"]) == pytest.approx(1.0)
    assert told["user_profile.first_name"]["top"] == []
    assert 0 <= told["request.intent_confidence"]["quantiles"][0] <= told["request.intent_confidence"]["mean"] <= 1
    one = {each["feature"]: each for each in asked(wrong, "stats", "--placement", "offer")["features"]}
    assert one["user_profile.tier"]["asked"] == TURNS
    assert one["user_profile.tier"]["outside"] == pytest.approx(1 / 3, abs=0.1)
    assert one["user_profile.tenure_days"]["missing"] == 1.0
    assert "user_profile.tier" in wrong.run("features", "stats").stdout


def test_what_is_known_of_somebody_is_shown_and_what_is_private_hidden(clean: Deployment) -> None:
    rows = {each["view"]: each for each in asked(clean, "show", "person-0007")["views"]}
    assert "session_state" not in rows
    assert rows["user_profile"]["freshness"] == "fresh"
    assert 3_600 <= rows["user_profile"]["age_us"] / 1e6 <= 3_600 + 600
    name = next(each for each in rows["user_profile"]["features"] if each["feature"].endswith("first_name"))
    assert (name["value"], name["hidden"]) == (None, True)
    assert name["policies"] == "nothing: templates only"
    revealed = clean.run("features", "show", "person-0007", "--session", "s-7-0", "--reveal")
    assert revealed.returncode == 0, revealed.stderr
    assert "session_state: " in revealed.stdout
    assert "(hidden" not in revealed.stdout
    assert "(hidden" in clean.run("features", "show", "person-0007").stdout


def test_every_feature_is_listed_and_the_page_written(clean: Deployment) -> None:
    plan = load(plan_path(clean.home))
    names = {f"{view.name}.{feature.name}" for view in plan.definitions.views for feature in view.features}
    told = asked(clean, "list")["features"]
    assert {each["feature"] for each in told} == names
    assert all(each["owner"] and each["description"] for each in told)
    page = clean.run("features", "list", "--markdown").stdout
    assert page.count("\n## ") == len(plan.definitions.views)
    assert all(f"| {name.partition('.')[2]} | " in page for name in names)
    assert "user_profile" not in clean.run("features", "list", "--view", "session_state").stdout
