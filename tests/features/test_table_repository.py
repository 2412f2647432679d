"""A repository made from a table's description is a Feast repository: stock Feast serves what was loaded."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from feature_repo.table.schema import TableSchema
from feature_repo.table.write import write_repository, write_users
from features.embedded.store import DirectSqliteStore
from features.errors import RepositoryError
from features.plan import Plan, PlannedView
from features.registry import control_plane
from features.registry.control_plane import leaf_environment
from features.schema import FeatureSpec
from features.vector import ViewRow

RECENCY = FeatureSpec("customer", "recency", "float", 0.0, "months", range=(1.0, 12.0))
TOWN = FeatureSpec("customer", "home_town", "string", "", "Home Town")
NOTE = FeatureSpec("customer", "note", "string", "", "what was written", free_text=True)
SAID = FeatureSpec("request", "text", "string", "", "what the customer wrote", free_text=True)
TABLE = TableSchema(service="email", features=(RECENCY, TOWN, NOTE), request=(SAID,))
ROWS = (
    {"user_id": "ada", "recency": 3.0, "home_town": "Rome", "note": "as | ever: yours"},
    {"user_id": "ben", "recency": 12.0, "home_town": ""},
)
STOCK = """
import json, sys
from pathlib import Path
from feast import FeatureStore
from feast.repo_config import load_repo_config
repository = Path(sys.argv[1])
store = FeatureStore(config=load_repo_config(repository, repository / "feature_store.yaml"))
users = [{"user_id": user, "text": ""} for user in sys.argv[2:]]
answer = store.get_online_features(features=store.get_feature_service("email"), entity_rows=users).to_dict()
print(json.dumps(answer))
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table") / "repository"
    write_repository(TABLE, folder)
    write_users(TABLE, ROWS, folder, datetime.now(UTC))
    return folder


@pytest.fixture(scope="module")
def plan(repository: Path) -> Plan:
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("MAITRED_FEATURES_REDIS", raising=False)
        return control_plane.apply_and_materialize(repository, repository.parent / "home")


def view(plan: Plan, name: str) -> PlannedView:
    return next(view for view in plan.definitions.views if view.name == name)


def test_the_plan_has_what_was_described(plan: Plan) -> None:
    assert {each.name: each.kind for each in plan.definitions.views} == {"customer": "batch", "request": "request"}
    assert {feature.name: feature.type for feature in view(plan, "customer").features} == {
        "home_town": "string",
        "note": "string",
        "recency": "float",
    }
    assert plan.ranges == {"customer.recency": (1.0, 12.0)}
    assert set(plan.texts) == {"customer.note", "request.text"}
    assert plan.definitions.services == {"email": ("customer.home_town", "customer.note", "customer.recency")}


def test_serving_reads_what_was_loaded(plan: Plan) -> None:
    async def read(user: str) -> ViewRow:
        store = DirectSqliteStore(plan, Path(plan.home) / "features" / "online.db")
        try:
            return (await store.read({"user_id": user, "session_id": "s"}))["customer"]
        finally:
            await store.close()

    ada, ben, cleo = (asyncio.run(read(user)) for user in ("ada", "ben", "cleo"))
    assert (ada.values, ada.freshness) == ({"recency": 3.0, "home_town": "Rome", "note": "as | ever: yours"}, "fresh")
    assert ben.values == {"recency": 12.0, "home_town": ""}
    assert cleo.freshness == "missing"


def test_stock_feast_reads_what_was_loaded(plan: Plan, repository: Path) -> None:
    command = [sys.executable, "-c", STOCK, str(repository), "ada", "ben"]
    environment = leaf_environment(Path(plan.home))
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "user_id": ["ada", "ben"],
        "recency": [3.0, 12.0],
        "home_town": ["Rome", ""],
        "note": ["as | ever: yours", None],
    }


def test_a_repository_without_users_compiles(tmp_path: Path) -> None:
    write_repository(TableSchema(service="answer", request=(SAID,)), tmp_path / "repository")
    plan = control_plane.apply_and_materialize(tmp_path / "repository", tmp_path / "home")
    assert [each.name for each in plan.definitions.views] == ["request"]
    assert plan.names("answer") == {"request.text"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (TableSchema(service="email"), "needs features"),
        (TableSchema(service="email", features=(SAID,)), r"request.text: expected a feature of customer"),
        (TableSchema(service="email", features=(TOWN, TOWN)), r"customer.home_town: declared twice"),
        (
            TableSchema(service="email", features=(FeatureSpec("customer", "user_id", "string", "", "who"),)),
            r"customer.user_id: the name is taken",
        ),
    ],
)
def test_a_description_that_contradicts_itself_is_refused(tmp_path: Path, schema: TableSchema, expected: str) -> None:
    with pytest.raises(RepositoryError, match=expected):
        write_repository(schema, tmp_path / "repository")
    assert not (tmp_path / "repository").exists()
