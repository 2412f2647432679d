"""Seven rows that offline stores get wrong, by the one that the shipped repository uses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.registry.control_plane import leaf_environment
from features.repository import default_repository
from tests.features.random_repository import RandomView, write_repository

VIEW = RandomView("visits", "user_id", {"n": "Int64"})
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HISTORY = [
    ("ada", NOON - 2 * HOUR, 1),
    ("ada", NOON - HOUR, 2),
    ("ada", NOON + HOUR, 3),
    ("ben", NOON + HOUR, 4),
    ("cleo", NOON - 3 * DAY, 5),
    ("dora", NOON, 6),
]
ASKED = {
    "the newest before": ("ada", NOON, 2),
    "asked twice": ("ada", NOON, 2),
    "later": ("ada", NOON + 2 * HOUR, 3),
    "only a future": ("ben", NOON, None),
    "expired": ("cleo", NOON, None),
    "of the same time": ("dora", NOON, 6),
    "never seen": ("eve", NOON, None),
}
"""What a decision's features were; the view's rows live for a day."""
SCRIPT = """
import json, sys
from pathlib import Path
import pandas as pd
from feast import FeatureStore
from feast.repo_config import load_repo_config
repository = Path(sys.argv[1])
yaml = repository / "feature_store.yaml"
store = FeatureStore(config=load_repo_config(repository, yaml))
asked = pd.DataFrame(json.loads(sys.argv[2]))
asked["event_timestamp"] = pd.to_datetime(asked["event_timestamp"], utc=True)
found = store.get_historical_features(entity_df=asked, features=["visits:n"]).to_df()
found = found.astype(object).where(found.notna(), None)
print(json.dumps([[str(case), None if n is None else int(n)] for case, n in zip(found["case"], found["n"])]))
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write_repository([VIEW], folder)
    users, times, values = zip(*HISTORY, strict=True)
    table = pa.table({"user_id": users, "event_timestamp": pa.array(times, pa.timestamp("us", "UTC")), "n": values})
    pq.write_table(table, folder / "visits.parquet")
    definitions = folder / "definitions.py"
    definitions.write_text(definitions.read_text().replace("visits.parquet", str(folder / "visits.parquet")))
    return folder


def history(repository: Path, home: Path) -> list[tuple[str, Any]]:
    rows = [
        {"case": case, "user_id": user, "event_timestamp": moment.isoformat()}
        for case, (user, moment, _) in ASKED.items()
    ]
    environment = leaf_environment(home)
    applied = [sys.executable, "-m", "features.registry.apply", "apply", "--repository", str(repository)]
    subprocess.run(applied, env=environment, check=True, capture_output=True, timeout=300)
    command = [sys.executable, "-c", SCRIPT, str(repository), json.dumps(rows)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2_000:]
    return [(case, value) for case, value in json.loads(done.stdout.splitlines()[-1])]


def test_every_row_comes_back_with_what_was_known_at_its_time(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MAITRED_FEATURES_REDIS", raising=False)
    monkeypatch.delenv("MAITRED_FEATURES_REDIS_CLUSTER", raising=False)
    found = history(repository, tmp_path / "home")
    assert len(found) == len(ASKED), "nobody vanishes for want of a history"
    assert dict(found) == {case: value for case, (_, _, value) in ASKED.items()}


def test_the_shipped_repository_uses_the_offline_store_that_was_checked() -> None:
    for yaml in default_repository().glob("*.yaml"):
        assert "offline_store:\n  type: duckdb" in yaml.read_text()
