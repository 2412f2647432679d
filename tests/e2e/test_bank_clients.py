"""Real clients of a bank: segments and a propensity, learned from the past and served through Feast to rules."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from feature_repo.table.schema import TableSchema
from feature_repo.table.write import write_repository, write_users
from features.registry import control_plane
from features.schema import FeatureSpec
from tests.e2e.conftest import Deployment

NUMBERS = ("age", "campaign", "pdays", "previous")
TEXTS = ("job", "marital", "education", "default", "housing", "loan", "contact", "poutcome")
MOMENT = (
    "duration",
    "month",
    "day_of_week",
    "emp.var.rate",
    "cons.price.idx",
    "cons.conf.idx",
    "euribor3m",
    "nr.employed",
)
"""Known of a call, or of the economy at the time, but not of a client."""
CLIENTS = 41_188
WITHIN_REACH, SURE = 0.25, 0.02


class Bank(NamedTuple):
    """The clients' service, and what the verbs said."""

    service: Deployment
    segments: dict[str, Any]
    propensity: dict[str, Any]


def rows_of(datasets: Path) -> list[dict[str, str]]:
    path = datasets / "uci_bank_marketing" / "bank-additional-full.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with gzip.open(path, "rt", newline="") as file:
        return [{"user_id": f"c{n}", **row} for n, row in enumerate(csv.DictReader(file, delimiter=";"))]


def table_of(rows: list[dict[str, str]]) -> TableSchema:
    """The clients as a view, and the features that predictions go into."""
    levels = {name: tuple(sorted({row[name] for row in rows})) for name in TEXTS}
    features = [FeatureSpec("customer", name, "float", 0.0, name) for name in NUMBERS]
    features += [FeatureSpec("customer", n, "string", levels[n][0], n, vocabulary=levels[n]) for n in TEXTS]
    features += [
        FeatureSpec("customer", "segment", "string", "none", "cluster of similar clients"),
        FeatureSpec("customer", "conversion_propensity", "float", 0.1, "how likely they buy", range=(0.0, 1.0)),
    ]
    return TableSchema(service="offer", features=tuple(features))


def customer(row: dict[str, str]) -> dict[str, str | float]:
    """A row of the view. The data say 999 where there was no call before."""
    numbers = {name: float(row[name]) for name in NUMBERS if (name, row[name]) != ("pdays", "999")}
    return {"user_id": row["user_id"], **numbers, **{name: row[name] for name in TEXTS}}


def bot(segment: str) -> dict[str, Any]:
    """An offer for a segment, one for those within reach, and one for everybody."""
    actions = [
        {"id": "plain", "templates": {"en": "Hello."}},
        {"id": "known", "templates": {"en": "Again?"}, "eligible": f"user.segment == '{segment}'"},
        {"id": "likely", "templates": {"en": "Now?"}, "eligible": f"user.conversion_propensity > {WITHIN_REACH}"},
    ]
    reward = {"metrics": {"bought": 1.0}, "window": "1s", "grace": "0s"}
    offer = {"reward": reward, "baseline": "plain", "fallback": {"en": "Hello."}, "actions": actions}
    return {"schema_version": 1, "bot": "bank", "placements": {"offer": offer}}


@pytest.fixture(scope="module")
def bank(datasets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    folder = tmp_path_factory.mktemp("bank")
    rows = rows_of(datasets)
    assert len(rows) == CLIENTS
    table, repository, config = table_of(rows), folder / "repository", folder / "bot.yaml"
    write_repository(table, repository)
    write_users(table, [customer(row) for row in rows], repository, datetime.now(UTC))
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        control_plane.apply(repository, folder / "home")
    service = Deployment(folder / "home", config)
    said(service, "features", "load", str(repository / "data" / "customer.parquet"), "--view", "customer")
    segments = said(service, "segments", "fit", "--into", "customer.segment", "--k", "2..5")
    known = folder / "clients.csv"
    with known.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    without = [word for name in MOMENT for word in ("--without", name)]
    learn = ("propensity", "fit", "--data", str(known), "--target", "y", "--unknown", "pdays=999", *without)
    propensity = said(service, *learn, "--into", "customer.conversion_propensity")
    config.write_text(yaml.safe_dump(bot(segments["segmentation"]["segments"][1]["name"])))
    service.start()
    yield Bank(service, segments, propensity)
    service.close()


def said(service: Deployment, *arguments: str) -> dict[str, Any]:
    done = service.run(*arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_clients_fall_into_those_called_before_and_the_others(bank: Bank) -> None:
    found, written = bank.segments["segmentation"], bank.segments["written"]
    assert (found["users"], written["written"], written["refused"]) == (CLIENTS, CLIENTS, {})
    assert len(found["segments"]) == 2
    rest, called_before = found["segments"]
    assert rest["share"] == pytest.approx(0.86, abs=0.02)
    assert {trait["feature"] for trait in called_before["traits"]} >= {"customer.previous", "customer.poutcome"}
    assert "very high previous" in called_before["title"]
    picture = bank.service.home / "predictions" / "segments" / found["version"] / "picture.svg"
    assert picture.read_text().startswith("<svg")


def test_the_propensity_ranks_later_clients_and_says_that_the_rate_moved(bank: Bank) -> None:
    found = bank.propensity["propensity"]
    assert {name: round(part["rate"], 3) for name, part in found["parts"].items()} == {
        "train": 0.048,
        "calibrate": 0.111,
        "test": 0.308,
    }
    assert "duration" not in found["columns"]
    assert found["auc"]["value"] == pytest.approx(0.70, abs=SURE)
    assert found["auc"]["low"] > 0.66
    judged = found["reliability"]
    assert judged["brier"] < judged["brier_constant"]
    assert judged["ece"] > judged["ece_by_chance"]
    assert "cannot be taken at their word" in bank.propensity["verdict"]
    assert "the rate moved, from 6.4% in the rows before" in bank.propensity["verdict"]


def test_decisions_see_both_and_rules_use_them(bank: Bank) -> None:
    known = bank.segments["segmentation"]["segments"][1]["name"]
    asked = [decision(bank, f"c{n}") for n in range(0, CLIENTS, 800)]
    seen = {(each["segment"] == known, each["propensity"] > WITHIN_REACH) for each in asked}
    assert seen >= {(True, True), (False, False)}
    for each in asked:
        assert each["eligible"] == {
            "plain",
            *(["known"] if each["segment"] == known else []),
            *(["likely"] if each["propensity"] > WITHIN_REACH else []),
        }


def decision(bank: Bank, user: str) -> dict[str, Any]:
    """What a decision for a client knew, and between which offers it chose."""
    answer = bank.service.ask("offer", user_id=user, session_id=f"s-{user}", consent=True)
    whole = bank.service.explain(answer["decision_id"])
    features = {feature["name"]: feature for feature in whole["features"]}
    segment, propensity = features["customer.segment"], features["customer.conversion_propensity"]
    assert {segment["freshness"], propensity["freshness"]} == {"fresh"}
    eligible = {each["id"] for each in whole["candidates"]}
    return {"segment": segment["value"], "propensity": propensity["value"], "eligible": eligible}
