"""What the rows of a view were: the Parquet files that Feast's offline store reads, one part for each load."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from features.files.cells import ARROW
from features.files.intake import Taken
from features.plan import Plan, PlannedSource, PlannedView

AVAILABLE_US = b"maitred.available_us"
FEATURES = b"maitred.features"
BATCH_ROWS = 50_000

Change = Callable[[pa.RecordBatch], pa.RecordBatch]


class Told(NamedTuple):
    """What a part says of itself, if ``features load`` wrote it.

    Attributes:
        available_us: since when serving can read its rows, microseconds since the epoch.
        features: those that it has anything about.
    """

    available_us: int | None
    features: frozenset[str] | None


class Part:
    """One part, while it is written.

    Args:
        before_us: since when serving can read rows of the part that this one replaces.
    """

    def __init__(
        self, writer: pq.ParquetWriter, schema: pa.Schema, key: str, timestamp: str, before_us: int | None
    ) -> None:
        self._writer = writer
        self._schema = schema
        self._key = key
        self._timestamp = timestamp
        self._before_us = before_us

    def add(self, taken: Taken) -> None:
        """Some rows."""
        times = taken.times_us.cast(pa.timestamp("us", tz="UTC"))
        columns = {self._key: taken.keys, **taken.values, self._timestamp: times}
        batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        self._writer.write_batch(completed(batch, self._schema))

    def tell(self, available_us: int, features: Sequence[str]) -> None:
        """Since when serving can read its rows, and which features they have anything about."""
        since_us = available_us if self._before_us is None else self._before_us
        self._writer.add_key_value_metadata({AVAILABLE_US: b"%d" % since_us, FEATURES: ",".join(features).encode()})


class Parts:
    """The files of one view.

    Attributes:
        pattern: their path, with ``*`` for the names of parts.
        timestamp: the column of event times.
        schema: columns that every part has.
    """

    def __init__(self, view: PlannedView, source: PlannedSource) -> None:
        self.pattern, self.timestamp = source.path, source.timestamp
        columns = [pa.field(str(view.join_key), pa.string())]
        columns += [pa.field(feature.name, ARROW[feature.type]) for feature in view.features]
        self.schema = pa.schema([*columns, (self.timestamp, pa.timestamp("us", tz="UTC"))])

    def files(self) -> list[Path]:
        """Those that are there."""
        return files_of(self.pattern)

    def named(self, name: str) -> Path:
        """Where a part of this name is, or would be."""
        before, _, after = self.pattern.partition("*")
        return Path(f"{before}{name}{after if after.startswith('.') else '.' + after}")

    @contextlib.contextmanager
    def adding(self, name: str) -> Iterator[Part]:
        """Write a part that appears, whole, at the end of the block; one of the same name it replaces."""
        path = self.named(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = self._like_the_others()
        with _appearing(path, schema) as writer:
            before = told_by(path).available_us if path.exists() else None
            yield Part(writer, schema, self.schema.names[0], self.timestamp, before)

    def _like_the_others(self) -> pa.Schema:
        """Feast's reader takes the columns of the first file for those of all: so all must have the same."""
        found = {path: pq.read_schema(path) for path in self.files()}
        fields = {field.name: field for other in found.values() for field in other} | {f.name: f for f in self.schema}
        schema = pa.schema(list(fields.values()))
        for path, other in found.items():
            if set(other.names) != set(schema.names):
                own = pa.schema([other.field(f.name) if f.name in other.names else f for f in schema])
                rewrite(path, own, partial(completed, schema=own))
        return schema


def parts_of(plan: Plan, view: PlannedView) -> Parts | None:
    """The view's parts; ``None`` if its history is not in Parquet files, or in one that nothing can be put beside."""
    source = plan.sources.get(view.name)
    return Parts(view, source) if source is not None and source.path.count("*") == 1 else None


def files_of(pattern: str) -> list[Path]:
    """The files that an absolute path means, which may have ``*`` in it."""
    path = Path(pattern)
    return sorted(Path(path.anchor).glob(str(path.relative_to(path.anchor))))


def told_by(path: Path) -> Told:
    """What a part says of itself."""
    metadata = pq.read_metadata(path).metadata or {}
    available, features = metadata.get(AVAILABLE_US), metadata.get(FEATURES)
    return Told(
        int(available) if available else None, frozenset(features.decode().split(",")) if features is not None else None
    )


def completed(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The batch with all columns of the schema, in its order; what it does not have is null."""
    held = set(batch.schema.names)
    columns = [batch.column(field.name) if field.name in held else pa.nulls(len(batch), field.type) for field in schema]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def rewrite(path: Path, schema: pa.Schema, change: Change) -> None:
    """Put every batch of a file through ``change``; readers see the old file or the new one."""
    with pq.ParquetFile(path) as file, _appearing(path, schema) as writer:
        said = file.metadata.metadata or {}
        writer.add_key_value_metadata({name: said[name] for name in (AVAILABLE_US, FEATURES) if name in said})
        for batch in file.iter_batches(BATCH_ROWS):
            writer.write_batch(change(batch))


@contextlib.contextmanager
def _appearing(path: Path, schema: pa.Schema) -> Iterator[pq.ParquetWriter]:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    try:
        with pq.ParquetWriter(draft, schema) as writer:
            yield writer
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
