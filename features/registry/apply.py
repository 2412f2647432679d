"""Definitions → registry, Parquet → online store. Imports Feast: ``python -m features.registry.apply VERB …``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from feast import FeatureStore, FeatureView, FileSource
from feast.repo_config import load_repo_config
from feast.repo_operations import apply_total, cli_check_repo

from features.errors import FeatureError
from features.files.parts import files_of
from features.registry.compile import open_feast, write_plan
from features.registry.control_plane import refused
from features.repository import configuration, default_repository, prepared_home

BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def apply(repository: Path) -> None:
    """What ``feast apply`` does."""
    prepared_home()
    yaml = configuration(repository)
    cli_check_repo(repository, yaml)
    apply_total(load_repo_config(repository, yaml), repository, skip_source_validation=True)


def materialize(store: FeatureStore) -> None:
    """Load the newest row of each entity of every view whose Parquet file exists."""
    views = [view.name for view in store.list_feature_views() if _has_rows(view)]
    if views:
        store.materialize(BEGINNING, datetime.now(UTC), feature_views=views)


def _has_rows(view: FeatureView) -> bool:
    source = view.batch_source
    return isinstance(source, FileSource) and bool(files_of(source.path))


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m features.registry.apply apply materialize [--repository FOLDER]``, with ``MAITRED_HOME`` set."""
    parser = argparse.ArgumentParser(prog="features.registry.apply")
    parser.add_argument("verbs", nargs="+", choices=("apply", "materialize"))
    parser.add_argument("--repository", type=Path, default=default_repository())
    given = parser.parse_args(arguments)
    try:
        if "apply" in given.verbs:
            apply(given.repository)
        store = open_feast(given.repository)
        if "materialize" in given.verbs:
            materialize(store)
        write_plan(store, given.repository)
    except FeatureError as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
