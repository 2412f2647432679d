"""Rows and requests made from what a plan declares, so that any repository can be tried."""

from __future__ import annotations

import csv
import json
import random
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from features.lint.whole import OWN_VIEWS
from features.plan import Plan, PlannedFeature, PlannedView
from features.vector import Scalar
from tests.e2e.conftest import Deployment

PLACEMENTS = ("greeting", "offer", "recommendation")
METRICS = {"greeting": "continued", "offer": "accepted", "recommendation": "clicked"}
WORDS = ("amber", "birch", "cedar", "dune", "ember", "fjord")
SETTLE_SECONDS = 60.0
DAY_S = 86_400

Values = Callable[[int], Scalar | None]
Mistakes = Mapping[str, Values]
"""Qualified name → the number of a person, or of a turn, → its value."""


def plausible(feature: PlannedFeature, draw: random.Random) -> Scalar:
    """A value that is declared to be expected."""
    if feature.vocabulary:
        return draw.choice(feature.vocabulary)
    if feature.type == "bool":
        return draw.random() < 0.5
    if feature.type == "string":
        return " ".join(draw.sample(WORDS, 2)) if feature.free_text else draw.choice(WORDS)
    if feature.name.endswith("_unix"):
        return int(time.time()) - draw.randrange(1, 60 * DAY_S)
    low, high = feature.range or (0.0, 100.0)
    number = low + (high - low) * draw.betavariate(2, 3)
    return round(number) if feature.type == "int" else number


def load_people(
    deployment: Deployment, plan: Plan, people: int, folder: Path, mistakes: Mistakes | None = None
) -> None:
    """Rows of every view that others than the service write."""
    for view in plan.stored_views:
        if view.name not in OWN_VIEWS:
            path = folder / f"{view.name}.csv"
            _write(view, people, path, mistakes or {})
            done = deployment.run("features", "load", str(path), "--view", view.name, "--json")
            assert done.returncode == 0, done.stdout + done.stderr
            assert json.loads(done.stdout)["written"] == people


def chat(deployment: Deployment, plan: Plan, people: int, turns: int, mistakes: Mistakes | None = None) -> None:
    """Turns of anybody, with outcomes at random, all settled at the end."""
    draw = random.Random(5)
    [request] = [view for view in plan.definitions.views if view.name == "request"]
    last = ""
    for number in range(turns):
        context: dict[str, Scalar | None] = {each.name: plausible(each, draw) for each in request.features}
        context |= {
            name.partition(".")[2]: value(number) for name, value in (mistakes or {}).items() if "request." in name
        }
        person = draw.randrange(people)
        body = {
            "session_id": f"s-{person}-{number // 200}",
            "user_id": f"person-{person:04d}",
            "consent": True,
            "context": context,
            "placements": PLACEMENTS,
        }
        answer = deployment.client.post("/v1/turns", json=body)
        assert answer.status_code == 200, answer.text
        last = _respond(deployment, answer.json()["decisions"], good=number % 4 == 1)
    deployment.wait_for(lambda: deployment.explain(last)["settlement"], SETTLE_SECONDS)


def _respond(deployment: Deployment, decisions: list[dict[str, object]], *, good: bool) -> str:
    last = ""
    for decision in decisions:
        last = str(decision["decision_id"])
        if good:
            deployment.tell(last, METRICS[str(decision["placement"])], 1.0)
    return last


def _write(view: PlannedView, people: int, path: Path, mistakes: Mistakes) -> None:
    at = datetime.now(UTC) - timedelta(hours=1)
    draw = random.Random(view.name)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([view.join_key, "event_timestamp", *(feature.name for feature in view.features)])
        for person in range(people):
            row: dict[str, Scalar | None] = {feature.name: plausible(feature, draw) for feature in view.features}
            wrong = {name: mistakes.get(f"{view.name}.{name}") for name in row}
            row |= {name: value(person) for name, value in wrong.items() if value is not None}
            writer.writerow([f"person-{person:04d}", at.isoformat(), *row.values()])
