"""A file of users as a table to learn from. Nothing is declared of its columns: their values tell what they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.errors import PredictionError
from features.files.cells import cells
from features.files.tabular import Tabular
from features.predictions.categories import categories, few, yes_or_no
from features.predictions.table import Column, Floats, Numbers, Table

LEAST_FOR_IDS = 50
_LESS_THAN_A_NUMBER = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_time, pa.types.is_duration)


def whole(path: Path) -> pa.Table:
    """All rows of a CSV or Parquet file; cells of a CSV file are strings.

    Raises:
        LoadError: it is no table.
        PredictionError: there is nobody in it.
    """
    batches = [read.batch for read in Tabular(path).batches()]
    if not sum(map(len, batches)):
        raise PredictionError(f"{path} has no rows")
    return pa.Table.from_batches(batches).combine_chunks()


def named(data: pa.Table, name: str) -> pa.Array:
    """A column. Raises ``PredictionError`` if there is none of this name."""
    if name not in data.column_names:
        raise PredictionError(f"the file has no column {name!r}: it has {', '.join(data.column_names)}")
    column = data[name]
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks)


def table_of(
    data: pa.Table, *, key: str | None, only: Sequence[str], without: Sequence[str], unknown: Mapping[str, str]
) -> Table:
    """The columns that can be learned from.

    Args:
        key: holds whose row it is.
        only: the columns to take; all but ``without`` if there are none.
        unknown: column → what it says where nothing is known.

    Raises:
        PredictionError: a column that was asked for is not there, or cannot be learned from; a row is nobody's.
    """
    for name in (*only, *without, *unknown):
        named(data, name)
    wanted = [name for name in only or data.column_names if name not in without and name != key]
    found = {name: column_of(name, named(data, name), unknown.get(name)) for name in wanted}
    left_out = {name: column for name, column in found.items() if isinstance(column, str)}
    columns = tuple(column for column in found.values() if not isinstance(column, str))
    table = Table(data.num_rows, columns, _keys(data, key) if key else None, left_out)
    table.of(only)
    return table


def column_of(name: str, values: pa.Array, unknown: str | None = None) -> Column | str:
    """A column as numbers or categories, or why it is neither."""
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if pa.types.is_boolean(values.type):
        return yes_or_no(name, values)
    if any(is_kind(values.type) for is_kind in _LESS_THAN_A_NUMBER):
        return "a time says nothing of whose it is"
    if unknown is not None:
        values = pc.if_else(pc.equal(values.cast(pa.string()), unknown), None, values)
    if not pa.types.is_string(values.type) and not pa.types.is_large_string(values.type):
        return _numbers(name, values)
    read = cells(values, "float")
    if len(values) > values.null_count and not pc.any(read.misfit).as_py():
        return _numbers(name, read.values)
    return few(categories(name, values))


def _numbers(name: str, values: pa.Array) -> Column | str:
    if not (pa.types.is_integer(values.type) or pa.types.is_floating(values.type)):
        return f"nothing can be learned from {values.type}"
    floats = pc.fill_null(values.cast(pa.float64(), safe=False), np.nan).to_numpy(zero_copy_only=False)
    if _looks_like_ids(floats):
        return "whole numbers, all different: an id?"
    return Numbers(name, np.where(np.isfinite(floats), floats, np.nan), name)


def _looks_like_ids(floats: Floats) -> bool:
    known = floats[np.isfinite(floats)]
    if len(known) < LEAST_FOR_IDS or not np.array_equal(known, np.floor(known)):
        return False
    return len(np.unique(known)) == len(known)


def _keys(data: pa.Table, key: str) -> pa.Array:
    keys = cells(named(data, key), "string").values
    if pc.any(pc.equal(pc.fill_null(keys, ""), "")).as_py():
        raise PredictionError(f"{key}: a row is nobody's")
    return keys
