"""What Feast's offline store says was known. Imports Feast: run it as ``python -m features.offline.history``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from feast import FeatureStore

from features.errors import FeatureError, LoadError
from features.files.parts import files_of
from features.offline.past import ABOUT, TIME, asked_chunks
from features.plan import Plan, load
from features.registry.compile import open_feast
from features.registry.control_plane import refused
from features.repository import default_repository, plan_path, prepared_home


def write_frame(store: FeatureStore, plan: Plan, asked: Path, frame: Path) -> None:
    """The point-in-time frame of some decisions: the newest row of each view until then, unless it was too old.

    Args:
        asked: Parquet as ``features.offline.past`` describes it; ``frame`` gets a row for each of its
            rows, chunk by chunk.

    Raises:
        LoadError: no view has a history.
    """
    references = list(_references(plan))
    if not references:
        raise LoadError("no view has a history: there are no Parquet files where Feast's sources say")
    frame.touch(mode=0o600)
    writer: pq.ParquetWriter | None = None
    try:
        for chunk in asked_chunks(asked):
            found = _found(store, references, chunk)
            writer = writer or pq.ParquetWriter(frame, found.schema)
            writer.write_table(found.cast(writer.schema))
    finally:
        if writer is not None:
            writer.close()


def _found(store: FeatureStore, references: list[str], chunk: pa.Table) -> pa.Table:
    entities = chunk.select([*ABOUT, *_join_keys(chunk)]).to_pandas()
    for key in _join_keys(chunk):
        entities[key] = entities[key].fillna("")  # nobody has the empty id; a column of nothing but nulls has no type
    entities = entities.rename(columns={TIME: "event_timestamp"})
    job = store.get_historical_features(entity_df=entities, features=references, full_feature_names=True)
    return job.to_arrow().drop_columns(_join_keys(chunk)).rename_columns({"event_timestamp": TIME})


def _join_keys(chunk: pa.Table) -> list[str]:
    return [name for name in chunk.column_names if name.endswith("_id") and name not in ABOUT]


def _references(plan: Plan) -> Iterator[str]:
    for view in plan.stored_views:
        if view.name in plan.sources and files_of(plan.sources[view.name].path):
            yield from (f"{view.name}:{feature.name}" for feature in view.features if not feature.render_only)


def main(arguments: Sequence[str] | None = None) -> int:
    """``python -m features.offline.history --asked FILE --frame FILE [--repository FOLDER]``, in ``MAITRED_HOME``."""
    parser = argparse.ArgumentParser(prog="features.offline.history")
    parser.add_argument("--asked", type=Path, required=True)
    parser.add_argument("--frame", type=Path, required=True)
    parser.add_argument("--repository", type=Path, default=default_repository())
    given = parser.parse_args(arguments)
    try:
        write_frame(open_feast(given.repository), load(plan_path(prepared_home())), given.asked, given.frame)
    except FeatureError as error:
        return refused(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
