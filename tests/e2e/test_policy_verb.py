"""``maitred policy`` on a running service: what a person orders serves within a second, with a learner or without."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PLACEMENT = "greeting"
PATIENCE_SECONDS = 60.0
EFFECTIVE_SECONDS = 1.0
WHY = ("--why", "a test", "--who", "ada")


@pytest.fixture
def taught(tmp_path: Path, make_deployment: Callable[..., Any]) -> Iterator[Any]:
    """A service that has published at least two models, and whose learner is gone."""
    made = make_deployment(tmp_path / "home")
    made.start()
    for _ in range(2):
        known = len(versions(made))
        for n in range(10):
            made.tell(made.ask(PLACEMENT, context={"n": n})["decision_id"], "continued", n % 2)
        made.wait_for(lambda known=known: len(versions(made)) > known, PATIENCE_SECONDS)
    made.stop()
    made.start("--no-learner")
    yield made
    made.close()


def versions(deployment: Any) -> list[dict[str, Any]]:
    listed = deployment.run("policy", "list", PLACEMENT, "--json")
    assert listed.returncode == 0, listed.stderr
    return list(json.loads(listed.stdout)["versions"])


def served(deployment: Any) -> str:
    return str(deployment.ask(PLACEMENT)["model_version"])


def order(deployment: Any, *verb: str) -> str:
    """Carry out an order; the version that it says serves now, after it was seen to serve in time."""
    done = deployment.run("policy", *verb, *WHY)
    ended = time.monotonic()
    assert done.returncode == 0, done.stderr
    version = done.stdout.split()[2]
    deployment.wait_for(lambda: served(deployment) == version, PATIENCE_SECONDS)
    assert time.monotonic() - ended < EFFECTIVE_SECONDS
    return version


def test_orders_serve_at_once_without_a_learner_and_are_learned_on_from_with_one(taught, tmp_path):
    newest, *_, oldest = versions(taught)
    assert (newest["current"], oldest["current"]) == (True, False)
    taught.wait_for(lambda: served(taught) == newest["version"], PATIENCE_SECONDS)
    order(taught, "rollback", PLACEMENT, "--to", oldest["version"])
    order(taught, "reset", PLACEMENT)
    model = taught.home / "snapshots" / PLACEMENT / f"{newest['version']}.model"
    imported = order(taught, "import", PLACEMENT, str(model))
    assert [version["by"] for version in versions(taught)[:3]] == ["import", "reset", "rollback"]
    taught.stop()
    taught.start()
    taught.tell(taught.ask(PLACEMENT)["decision_id"], "continued", 1)
    taught.wait_for(lambda: served(taught).startswith(imported.split(".")[0]) and served(taught) != imported, 60.0)
    back = order(taught, "rollback", PLACEMENT)
    taught.stop()
    verified = taught.run("verify")
    assert verified.returncode == 0, verified.stderr
    assert "imported, byte-identical" in verified.stdout
    rebuilt = taught.run("rebuild", "--into", str(tmp_path / "rebuilt"))
    assert rebuilt.returncode == 0, rebuilt.stderr
    current = [json.loads((folder / PLACEMENT / "CURRENT.json").read_bytes()) for folder in folders(taught, tmp_path)]
    assert current[0]["version"] == current[1]["version"] == back
    assert current[0]["sha256"] == current[1]["sha256"]
    again = taught.run("rebuild", "--into", str(tmp_path / "rebuilt"))
    assert again.returncode == 1
    assert "is not empty" in again.stderr


def folders(deployment: Any, tmp_path: Path) -> tuple[Path, Path]:
    return deployment.home / "snapshots", tmp_path / "rebuilt"


def test_what_cannot_be_done_is_refused_in_one_line(taught):
    for verb, words in (
        (("rollback", PLACEMENT, "--to", "none.7"), "unknown, or was pruned"),
        (("rollback", "nowhere"), "no placement 'nowhere'"),
        (("import", PLACEMENT, str(taught.home / "keys.db")), "keys.db"),
    ):
        refused = taught.run("policy", *verb, *WHY)
        assert refused.returncode == 1
        assert refused.stderr.startswith("maitred: ")
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert taught.run("policy", "reset", PLACEMENT).returncode == 2, "an order needs a reason"
    table = taught.run("policy", "list", PLACEMENT).stdout
    assert "serves" in table
    assert "mean loss" in table
