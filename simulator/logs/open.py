"""Opens a log, whatever format it is in, and says what it was taken for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, get_args

import pyarrow as pa

from simulator.logs.check import Rules
from simulator.logs.compressed import naming, opened
from simulator.logs.dsjson import DsjsonReader
from simulator.logs.faults import UnreadableLog
from simulator.logs.log import Log, Reader
from simulator.logs.mapped import MappedReader
from simulator.logs.mapping import Columns
from simulator.logs.open_bandit import HEADER, OpenBanditReader
from simulator.logs.parquet import ColumnsReader
from simulator.logs.tables import CsvTable, FrameTable, ParquetTable, Table, parquet_files
from simulator.logs.vw_text import VwTextReader

Format = Literal["parquet", "csv", "open_bandit", "dsjson", "vw"]
PARQUET = b"PAR1"
_LOOKED_AT = 1 << 16


def open_log(
    source: str | Path | Any,
    format: Format | None = None,
    *,
    columns: Columns | None = None,
    actions: int | None = None,
    rules: Rules | None = None,
) -> Log:
    """The log in a file, in a folder of Parquet files, or in a table in memory (Arrow, pandas, polars).

    Args:
        format: found by what the file begins with, if ``None``.
        columns: which columns are what, for tables that do not have a log's own columns.
        actions: how many there are, in Vowpal Wabbit's text; the greatest in the file, if ``None``.
        rules: what rows must be; by default propensities and unique ids are asked for, and rewards have no range.

    Raises:
        UnreadableLog: it is not there, not whole, or of no format known here.
    """
    reader = (
        _of_path(Path(source), format, columns, actions)
        if isinstance(source, str | Path)
        else _of_frame(source, columns)
    )
    return Log(reader, rules or Rules(propensities=columns is None or _has_propensities(columns)))


def _has_propensities(columns: Columns) -> bool:
    return columns.uniform or columns.propensity is not None


def _of_frame(frame: Any, columns: Columns | None) -> Reader:
    if not hasattr(frame, "__arrow_c_stream__"):
        raise UnreadableLog(f"expected a path, or a table that Arrow can read, found {type(frame).__name__}")
    table = frame if isinstance(frame, pa.Table) else pa.table(frame)
    return _of_table(FrameTable(table), columns)


def _of_path(path: Path, format: Format | None, columns: Columns | None, actions: int | None) -> Reader:
    if not path.exists():
        raise UnreadableLog(f"{path}: expected a file, found none")
    found = format or format_of(path)
    match found:
        case "parquet":
            return _of_table(ParquetTable(parquet_files(path)), columns)
        case "csv":
            return _of_table(CsvTable(path), columns)
        case "open_bandit":
            return OpenBanditReader(CsvTable(path))
        case "dsjson":
            return DsjsonReader(path)
        case "vw":
            return VwTextReader(path, actions)
        case _:
            raise UnreadableLog(f"{path}: expected one of {', '.join(get_args(Format))}, found {found!r}")


def _of_table(table: Table, columns: Columns | None) -> Reader:
    return ColumnsReader(table) if columns is None else MappedReader(table, columns)


def format_of(path: Path) -> Format:
    """The format of a file, by how it begins; a folder is of Parquet files.

    Raises:
        UnreadableLog: it is empty, or cannot be read.
    """
    if path.is_dir():
        return "parquet"
    with naming(path, "a readable file"), opened(path) as file:
        start = file.read(_LOOKED_AT)
    if not start.strip():
        raise UnreadableLog(f"{path}: expected a log, found an empty file")
    if start.startswith(PARQUET) or path.suffix == ".parquet":
        return "parquet"
    return _format_of_text(start.splitlines()[0])


def _format_of_text(first: bytes) -> Format:
    if first.lstrip().startswith(b"{"):
        return "dsjson"
    if b"|" in first and re.match(rb"(shared|[\d:.\s+\-eE]*)[^|,]*\|", first):
        return "vw"
    cells = {cell.strip().strip('"') for cell in first.decode("utf-8-sig", "replace").split(",")}
    return "open_bandit" if cells >= HEADER else "csv"
