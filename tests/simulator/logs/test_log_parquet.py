"""A log comes back from Parquet as it was; a file that is not whole is named, and nothing of it is read."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from simulator.logs.faults import Faults, UnreadableLog
from simulator.logs.log import Log
from simulator.logs.parquet import ColumnsReader, write_parquet
from simulator.logs.schema import LOG
from simulator.logs.tables import FrameTable, ParquetTable, parquet_files


def reader(*paths) -> ColumnsReader:
    return ColumnsReader(ParquetTable(paths))


def test_what_is_written_is_read(row, batch, tmp_path):
    features = [[("x", 0.1)], [("x", 0.2)], []]
    written = batch([row(0), row(1, features=features, pmf=None), row(2, chosen=None, propensity=None, reward=None)])
    assert write_parquet([written, batch([row(3)])], tmp_path / "log.parquet") == 4
    faults = Faults()
    read = list(Log(reader(tmp_path / "log.parquet")).batches(faults))
    assert pa.Table.from_batches([each.rows for each in read]).to_pylist() == [
        *written.rows.to_pylist(),
        *batch([row(3)]).rows.to_pylist(),
    ]
    assert (faults.good, faults.count) == (4, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["log.parquet"]


def test_only_the_columns_that_are_wanted_are_read(row, batch, tmp_path):
    write_parquet([batch([row(0)])], tmp_path / "log.parquet")
    (read,) = Log(reader(tmp_path / "log.parquet")).batches(Faults(), columns=("reward", "propensity"))
    assert read.rows.schema.names == ["propensity", "reward"]
    with pytest.raises(UnreadableLog, match="'pmf' was not read"):
        _ = read.pmf


def test_a_truncated_file_is_named_before_any_row_is_read(row, batch, tmp_path):
    for name in ("a.parquet", "b.parquet"):
        write_parquet([batch([row(n) for n in range(100)])], tmp_path / name)
    content = (tmp_path / "b.parquet").read_bytes()
    (tmp_path / "b.parquet").write_bytes(content[: len(content) // 2])
    with pytest.raises(UnreadableLog, match=r"b\.parquet: expected a whole Parquet file"):
        reader(*parquet_files(tmp_path))


def test_a_damaged_page_is_named(row, batch, tmp_path):
    path = tmp_path / "log.parquet"
    write_parquet([batch([row(n, reward=n / 1000.0) for n in range(1_000)])], path)
    content = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(0).column(0).data_page_offset
    content[start : start + 400] = bytes(400)
    path.write_bytes(content)
    with pytest.raises(UnreadableLog, match=r"log\.parquet"):
        list(reader(path).batches(Faults()))


def test_files_of_different_schemas_are_no_log(row, batch, tmp_path):
    write_parquet([batch([row(0)])], tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    changed = table.set_column(table.schema.get_field_index("reward"), "reward", pa.array(["much"]))
    pq.write_table(changed, tmp_path / "b.parquet")
    with pytest.raises(UnreadableLog, match=r"b\.parquet: reward: expected double, as in a\.parquet, found string"):
        reader(*parquet_files(tmp_path))


def test_a_column_of_another_type_is_named(row, batch):
    table = pa.Table.from_batches([batch([row(0)]).rows])
    changed = table.set_column(table.schema.get_field_index("reward"), "reward", pa.array(["much"]))
    with pytest.raises(UnreadableLog, match="reward: expected double, found string"):
        list(ColumnsReader(FrameTable(changed)).batches(Faults()))


def test_a_folder_without_parquet_and_a_table_without_rewards_are_no_logs(tmp_path):
    with pytest.raises(UnreadableLog, match="expected Parquet files, found none"):
        parquet_files(tmp_path)
    with pytest.raises(UnreadableLog, match="found no candidates, chosen, reward"):
        ColumnsReader(FrameTable(pa.table({"id": ["a"]})))


def test_columns_that_are_not_there_have_their_defaults():
    table = pa.table({"id": ["a"], "candidates": [["x", "y"]], "chosen": [1], "reward": [0.5], "propensity": [0.5]})
    (read,) = Log(ColumnsReader(FrameTable(table))).batches(Faults())
    assert read.rows.schema.equals(LOG) or read.rows.schema.names == LOG.names
    assert (read.keep.tolist(), read.learnable.tolist(), read.position.tolist()) == ([1.0], [True], [-1])
    assert not read.has("pmf")


def test_an_empty_log_has_no_rows(tmp_path):
    write_parquet([], tmp_path / "log.parquet")
    faults = Faults()
    assert list(Log(reader(tmp_path / "log.parquet")).batches(faults)) == []
    assert (faults.good, faults.count, faults.share) == (0, 0, 0.0)


def test_rows_keep_their_numbers_over_files(row, batch, tmp_path):
    for start in (0, 3):
        write_parquet([batch([row(start + n) for n in range(3)])], tmp_path / f"{start}.parquet")
    read = [each.numbers for each in reader(*parquet_files(tmp_path)).batches(Faults())]
    assert np.concatenate(read).tolist() == [1, 2, 3, 4, 5, 6]
