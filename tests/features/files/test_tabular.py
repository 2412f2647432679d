"""Files of people's data, as exports write them, become batches with nothing guessed and nothing lost."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from features.errors import LoadError
from features.files.tabular import BATCH_ROWS, Tabular


def rows(table: Tabular) -> list[tuple[int, dict[str, object]]]:
    return [
        (int(number), row)
        for read in table.batches()
        for number, row in zip(read.numbers, read.batch.to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(tmp_path: Path, separator: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"user_id{separator}tier\nada{separator}gold\n")
    assert rows(Tabular(path)) == [(1, {"user_id": "ada", "tier": "gold"})]


def test_cells_stay_text_and_empty_ones_are_null(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('\ufeffuser_id,code,note\n007,"NA","two\nlines"\nben,NULL,\n')
    assert rows(Tabular(path)) == [
        (1, {"user_id": "007", "code": "NA", "note": "two\nlines"}),
        (2, {"user_id": "ben", "code": None, "note": None}),
    ]


def test_a_compressed_file_is_read_as_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.csv.gz"
    path.write_bytes(gzip.compress(b"user_id,tier\nada,gold\n"))
    table = Tabular(path)
    assert table.rows == 1
    assert rows(table) == [(1, {"user_id": "ada", "tier": "gold"})]


def test_a_line_that_is_no_row_is_told_and_others_keep_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("user_id,tier\nada,gold\nben\ncleo,new,old\ndan,new\n")
    table = Tabular(path)
    assert [number for number, _ in rows(table)] == [1, 4]
    assert [(line.number, line.reason) for line in table.misread] == [(2, "1 cells, not 2"), (3, "3 cells, not 2")]


def test_a_long_file_comes_in_batches_with_every_row_once(tmp_path: Path) -> None:
    path, count = tmp_path / "a.parquet", 2 * BATCH_ROWS + 7
    pq.write_table(pa.table({"user_id": [f"u{number}" for number in range(count)]}), path)
    table = Tabular(path)
    read = list(table.batches())
    assert table.rows == count
    assert len(read) > 1
    assert [int(n) for part in read for n in part.numbers] == list(range(1, count + 1))


def test_the_same_bytes_have_the_same_digest(tmp_path: Path) -> None:
    one, same, other = (tmp_path / f"{name}.csv" for name in "abc")
    one.write_text("user_id\nada\n")
    same.write_text("user_id\nada\n")
    other.write_text("user_id\nben\n")
    assert Tabular(one).digest == Tabular(same).digest != Tabular(other).digest


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "no columns"), (b"a,b,a\n", "'a' twice"), (b"\xff\xfe\x00\x01", "no table")]
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(LoadError, match=why):
        Tabular(path)


def test_a_parquet_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(b"user_id\nada\n")
    with pytest.raises(LoadError, match="no table"):
        Tabular(path)
