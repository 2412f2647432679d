"""``maitred segments …`` and ``maitred propensity …``: what they print, keep and write, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from api import cli
from features import plan as plans
from features.embedded.store import DirectSqliteStore
from features.plan import Plan
from features.repository import plan_path
from tests.features.predictions.people import feature, of_groups, plan_of, view, write_history

USERS = 300
ACTIVITY = view("activity", feature("purchases"), feature("visits"), feature("tenure"), kind="push")
PREDICTED = view(
    "user_predictions", feature("segment", "string"), feature("conversion_propensity"), feature("churn_propensity")
)
Run = Callable[..., Result]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Of a home with users in its history, and nobody online."""
    made = plan_of(tmp_path, ACTIVITY, PREDICTED)
    plans.save(made, plan_path(tmp_path))
    _, numbers = of_groups(USERS)
    rows = [
        {"user_id": f"u{n}", "at": 60, **{name: float(values[n]) for name, values in numbers.items()}}
        for n in range(USERS)
    ]
    write_history(tmp_path / "activity.parquet", rows)
    return made


@pytest.fixture
def run(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A verb in that home; it must end with this code."""
    monkeypatch.setenv("MAITRED_HOME", plan.home)

    def run(*arguments: str, code: int = 0) -> Result:
        done = CliRunner().invoke(cli.app, arguments)
        assert done.exit_code == code, done.output
        return done

    return run


def online(plan: Plan, *users: str) -> list[dict[str, Any]]:
    """What serving reads of the predictions."""

    async def read() -> list[dict[str, Any]]:
        store = DirectSqliteStore(plan, Path(plan.home) / "online.db")
        try:
            return [dict((await store.read({"user_id": user}))["user_predictions"].values) for user in users]
        finally:
            await store.close()

    return asyncio.run(read())


def test_segments_are_found_told_online_kept_and_shown(run: Run, plan: Plan, tmp_path: Path) -> None:
    fitted = json.loads(run("segments", "fit", "--json").stdout)
    assert fitted["written"]["written"] == USERS
    names = [segment["name"] for segment in fitted["segmentation"]["segments"]]
    assert names == ["s1", "s2", "s3"]
    group, _ = of_groups(USERS)
    told = [row["segment"] for row in online(plan, *(f"u{n}" for n in range(USERS)))]
    together = Counter(zip(group.tolist(), told, strict=True))
    assert sum(users for _, users in together.most_common(3)) >= 0.98 * USERS
    shown = run("segments", "show", "--svg", str(tmp_path / "copy.svg")).stdout
    assert shown.startswith(f"{fitted['segmentation']['version']}: 3 segments of 300 users, from history")
    assert "very high purchases" in shown
    assert "well apart" in shown
    assert (tmp_path / "copy.svg").read_text().startswith("<svg")


def test_who_comes_later_is_assigned_to_the_segments_that_are_there(run: Run, plan: Plan, tmp_path: Path) -> None:
    version = json.loads(run("segments", "fit", "--json").stdout)["segmentation"]["version"]
    late = {"user_id": "late", "at": 1, "purchases": 0.0, "visits": 1.0, "tenure": 9.0}
    write_history(tmp_path / "activity.late.parquet", [late])
    assigned = json.loads(run("segments", "assign", "--json").stdout)
    assert (assigned["version"], assigned["written"]["written"]) == (version, USERS + 1)
    group, _ = of_groups(USERS)
    newcomer, late_one = online(plan, f"u{int(np.argmax(group == 2))}", "late")
    assert late_one == newcomer
    assert run("segments", "assign").stdout == "user_predictions.segment: 301 of 301 users written\n"


def test_a_dry_run_keeps_nothing_and_writes_nothing(run: Run, plan: Plan, tmp_path: Path) -> None:
    picture = tmp_path / "picture.svg"
    assert "3 segments" in run("segments", "fit", "--dry-run", "--svg", str(picture), "--k", "3").stdout
    assert picture.exists()
    assert online(plan, "u0") == [{}]
    assert not (tmp_path / "predictions").exists()


def outcomes(folder: Path, *, noise: bool = False) -> Path:
    """A file in which buying follows from visits, or from nothing; the last have not bought yet."""
    rng = np.random.default_rng(4)
    visits = rng.poisson(5, 1_000)
    bought = rng.random(1_000) < (0.4 if noise else 1 / (1 + np.exp(5 - visits)))
    file = folder / "calls.csv"
    lines = [f"c{n},{visits[n]},{'' if n >= 990 else 'yes' if bought[n] else 'no'}" for n in range(1_000)]
    file.write_text("\n".join(["user_id,visits,bought", *lines]) + "\n")
    return file


@pytest.mark.parametrize("of", ["conversion", "churn"])
def test_a_propensity_is_learned_told_online_kept_and_shown(run: Run, plan: Plan, tmp_path: Path, of: str) -> None:
    learn = ("propensity", "fit", "--data", str(outcomes(tmp_path)), "--target", "bought", "--of", of)
    fitted = json.loads(run(*learn, "--json").stdout)
    assert fitted["written"]["written"] == 1_000
    assert fitted["propensity"]["unknown_outcomes"] == 10
    for predicted in online(plan, "c0", "c999"):
        assert predicted.keys() == {f"{of}_propensity"}
        assert 0 < predicted[f"{of}_propensity"] < 1
    shown = run("propensity", "show", "--of", of, "--svg", str(tmp_path / "copy.svg")).stdout
    assert f": {of} (bought), from calls.csv" in shown
    assert "goes by (AUC lost without): visits" in shown
    assert (tmp_path / "copy.svg").read_text().startswith("<svg")


def test_what_is_of_no_use_is_said_and_not_written(run: Run, plan: Plan, tmp_path: Path) -> None:
    done = run("propensity", "fit", "--data", str(outcomes(tmp_path, noise=True)), "--target", "bought", code=1)
    assert "of no use" in done.stdout
    assert "nothing is written" in done.stdout
    assert online(plan, "c0") == [{}]


def test_segments_and_propensities_do_not_replace_each_other(run: Run, plan: Plan, tmp_path: Path) -> None:
    data = outcomes(tmp_path)
    run("propensity", "fit", "--data", str(data), "--target", "bought")
    run("segments", "fit", "--data", str(data), "--feature", "visits", "--k", "2")
    assert online(plan, "c0")[0].keys() == {"segment", "conversion_propensity"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("segments", "show"), "no segments were found yet"),
        (("segments", "assign"), "no segments were found yet"),
        (("segments", "fit", "--k", "1"), "--k takes a number from 2 to 20"),
        (("segments", "fit", "--k", "many"), "--k takes a number from 2 to 20"),
        (("segments", "fit", "--k", "40..50"), "--k takes a number from 2 to 20"),
        (("segments", "fit", "--feature", "activity.nope"), "'activity.nope' has no history"),
        (("segments", "fit", "--into", "activity.visits"), "no feature of type string"),
        (("segments", "fit", "--data", "KEYLESS"), "say with --key"),
        (("segments", "fit", "--data", "KEYLESS", "--dry-run", "--unknown", "x"), "--unknown takes column=value"),
        (("propensity", "show"), "nothing was learned of conversion yet"),
        (("propensity", "fit", "--data", "KEYLESS", "--target", "x"), "say with --key"),
        (("propensity", "fit", "--data", "KEYLESS", "--target", "y", "--dry-run"), "no column 'y'"),
        (("propensity", "fit", "--data", "KEYLESS", "--target", "x", "--dry-run"), "by time, the rows to train on"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], why: str
) -> None:
    (tmp_path / "keyless.csv").write_text("x,z\n1,a\n0,b\n")
    done = run(*(word.replace("KEYLESS", str(tmp_path / "keyless.csv")) for word in arguments), code=1)
    assert done.stderr.startswith("maitred: ")
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_segments_of_a_file_are_assigned_from_a_file(run: Run, tmp_path: Path) -> None:
    data = str(outcomes(tmp_path))
    run("segments", "fit", "--data", data, "--feature", "visits", "--k", "2")
    assert "a file: say which with --data" in run("segments", "assign", code=1).stderr
    assert "1,000 of 1,000 users written" in run("segments", "assign", "--data", data).stdout


def test_a_home_without_a_plan_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAITRED_HOME", str(tmp_path / "nowhere"))
    done = CliRunner().invoke(cli.app, ["segments", "fit"])
    assert done.exit_code == 1
    assert "run `maitred features apply`" in done.stderr
