"""A part's rows, read by the thread that asks for them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from engine.archive.record_rows import RecordRows, parquet, write_rows
from engine.errors import CorruptRecord

READS = """
import sys
from pathlib import Path
from engine.archive.record_rows import RecordRows
content = Path(sys.argv[1]).read_bytes()
before = set(Path("/proc/self/task").iterdir())
RecordRows(content)
print(len(set(Path("/proc/self/task").iterdir()) - before))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_thread_is_left_behind_that_could_abort_an_ending_process(tmp_path: Path):
    part = tmp_path / "part.parquet"
    part.write_bytes(write_rows([]))
    started = subprocess.run([sys.executable, "-c", READS, str(part)], capture_output=True, text=True, check=True)
    assert started.stdout == "0\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PAR1 and nothing more",
        parquet(pa.table({"position": pa.array([1])})),
        parquet(pa.table({"position": pa.array(["one"])})),
    ],
    ids=["empty", "torn", "a column alone", "another type"],
)
def test_what_is_no_file_of_records_is_said(content: bytes):
    with pytest.raises(CorruptRecord, match="not a file of records"):
        RecordRows(content)
