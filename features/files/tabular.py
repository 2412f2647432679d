"""Tables in files, batch by batch: CSV (its separator found out, gzip too) and Parquet."""

from __future__ import annotations

import csv
import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from features.errors import LoadError

BATCH_ROWS = 20_000
BLOCK_BYTES = 4 << 20
CHUNK_BYTES = 1 << 20
SEPARATORS = ",;\t|"
NOTHING = ["", "NULL", "null", "NaN", "nan", "N/A", "n/a", "\\N"]
"""What an empty cell looks like in exports. ``NA`` is not among them: it is a country, and a region."""


class Numbered(NamedTuple):
    """Some rows of a file, and how many-th data row of it each is."""

    numbers: npt.NDArray[np.int64]
    batch: pa.RecordBatch


class Misread(NamedTuple):
    """A line that is no row of its table."""

    number: int
    reason: str
    text: str


class Tabular:
    """One file. Only as much of it is in memory as one batch needs.

    Attributes:
        columns: names, in order.
        rows: how many there are; of a CSV file, its line breaks.
        digest: SHA-256 of the file.
        misread: lines that had to be left out so far.

    Raises:
        LoadError: it is no table, or has a column twice.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.misread: list[Misread] = []
        self._parquet = path.suffix == ".parquet"
        self.digest, lines = _digest_and_lines(path)
        try:
            if self._parquet:
                file = pq.ParquetFile(path)
                self.columns, self.rows = file.schema_arrow.names, file.metadata.num_rows
            else:
                self._separator = _separator(path)
                with _text(path) as text:
                    self.columns = next(csv.reader(text, delimiter=self._separator), [])
                self.rows = max(0, lines - 1)
        except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error) as error:
            raise LoadError(f"{path} is no table: {error}") from error
        twice = sorted({name for name in self.columns if self.columns.count(name) > 1})
        if twice or not self.columns:
            raise LoadError(f"{path} has the column {twice[0]!r} twice" if twice else f"{path} has no columns")

    def batches(self) -> Iterator[Numbered]:
        """All rows, in order. Cells of a CSV file are strings, or null.

        Raises:
            LoadError: the file is broken.
        """
        try:
            yield from self._parquet_batches() if self._parquet else self._csv_batches()
        except pa.ArrowInvalid as error:
            raise LoadError(f"{self._path} cannot be read: {error}") from error

    def _parquet_batches(self) -> Iterator[Numbered]:
        first = 1
        for batch in pq.ParquetFile(self._path).iter_batches(BATCH_ROWS):
            yield Numbered(np.arange(first, first + len(batch)), batch)
            first += len(batch)

    def _csv_batches(self) -> Iterator[Numbered]:
        first = 1
        with pacsv.open_csv(self._path, *self._csv_options()) as reader:
            for batch in reader:
                numbers = self._numbers(first, len(batch))
                for start in range(0, len(batch), BATCH_ROWS):
                    part = slice(start, start + BATCH_ROWS)
                    yield Numbered(numbers[part], batch.slice(start, BATCH_ROWS))
                first = int(numbers[-1]) + 1 if len(numbers) else first

    def _csv_options(self) -> tuple[pacsv.ReadOptions, pacsv.ParseOptions, pacsv.ConvertOptions]:
        strings = dict.fromkeys(self.columns, pa.string())
        return (
            pacsv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            pacsv.ParseOptions(delimiter=self._separator, invalid_row_handler=self._leave_out, newlines_in_values=True),
            pacsv.ConvertOptions(column_types=strings, strings_can_be_null=True, null_values=NOTHING),
        )

    def _leave_out(self, row: pacsv.InvalidRow) -> str:
        reason = f"{row.actual_columns} cells, not {row.expected_columns}"
        self.misread.append(Misread((row.number or 1) - 1, reason, row.text))
        return "skip"

    def _numbers(self, first: int, rows: int) -> npt.NDArray[np.int64]:
        left_out = [line.number for line in self.misread if line.number >= first]
        numbers = np.arange(first, first + rows + len(left_out))
        return numbers[~np.isin(numbers, left_out)][:rows]


def _separator(path: Path) -> str:
    with _text(path) as text:
        header = text.readline()
    return max(SEPARATORS, key=header.count)


def _text(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def _digest_and_lines(path: Path) -> tuple[str, int]:
    digest, lines = hashlib.sha256(), 0
    for chunk in _chunks(path):
        digest.update(chunk)
        lines += chunk.count(b"\n")
    return digest.hexdigest(), lines


def _chunks(path: Path) -> Iterator[bytes]:
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
