"""Decisions whose features are looked up again, as they go to Feast and back: Parquet, one row a decision."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from features.vector import Freshness, Scalar

ID, UNIT, PLACEMENT, TIME = "decision_id", "unit", "placement", "time"
ABOUT = (ID, UNIT, PLACEMENT, TIME)
LOGGED = "logged"
CHUNK_ROWS = 50_000


class Logged(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision recorded of what it saw.

    Attributes:
        features: qualified name → value.
        freshness: view → freshness.
        unread: views whose row the store did not give.
    """

    features: dict[str, Scalar]
    freshness: dict[str, Freshness]
    unread: tuple[str, ...] = ()


class Past(NamedTuple):
    """One decision; ``time_us`` is when it was recorded, ``keys`` join key → entity, of the entities that it read."""

    id: str
    unit: str
    placement: str
    time_us: int
    keys: Mapping[str, str]
    logged: Logged


def write_asked(decisions: Iterable[Past], join_keys: Sequence[str], path: Path) -> int:
    """Write them, for their owner only; how many there are."""
    fields = [pa.field(name, pa.string()) for name in (ID, UNIT, PLACEMENT)]
    fields += [pa.field(TIME, pa.timestamp("us", tz="UTC")), *(pa.field(key, pa.string()) for key in join_keys)]
    schema = pa.schema([*fields, pa.field(LOGGED, pa.string())])
    path.touch(mode=0o600)
    rows = 0
    with pq.ParquetWriter(path, schema) as writer:
        for some in _chunks(decisions):
            writer.write_batch(pa.RecordBatch.from_pylist([_row(past, join_keys) for past in some], schema=schema))
            rows += len(some)
    return rows


def asked_chunks(path: Path) -> Iterator[pa.Table]:
    """What was written, in the same chunks."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            yield file.read_row_group(group)


def logged_of(chunk: pa.Table) -> list[Logged]:
    """What each decision of a chunk recorded."""
    return [msgspec.json.decode(text, type=Logged) for text in chunk[LOGGED].to_pylist()]


def _row(past: Past, join_keys: Sequence[str]) -> dict[str, object]:
    about = dict(zip(ABOUT, (past.id, past.unit, past.placement, past.time_us), strict=True))
    keys = {key: past.keys.get(key) for key in join_keys}
    return {**about, **keys, LOGGED: msgspec.json.encode(past.logged).decode()}


def _chunks(decisions: Iterable[Past]) -> Iterator[list[Past]]:
    some: list[Past] = []
    for past in decisions:
        some.append(past)
        if len(some) == CHUNK_ROWS:
            yield some
            some = []
    if some:
        yield some
