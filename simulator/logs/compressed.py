"""Files that may be gzipped, opened as what they are; what cannot be read is said by name."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import pyarrow as pa

from simulator.logged.table import GZIP
from simulator.logs.faults import UnreadableLog


def opened(path: Path) -> IO[bytes]:
    """The file's content, gunzipped if need be."""
    return cast("IO[bytes]", gzip.open(path)) if _is_gzip(path) else path.open("rb")


def streamed(path: Path) -> pa.NativeFile:
    """The same for Arrow: its threads, which may outlive a reader, hold no Python object of it."""
    return pa.input_stream(path, compression="gzip" if _is_gzip(path) else None)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(GZIP)) == GZIP


@contextlib.contextmanager
def naming(path: Path, expected: str) -> Iterator[None]:
    """Whatever cannot be read in this block is told as a fault of this file. Raises ``UnreadableLog``."""
    try:
        yield
    except (EOFError, zlib.error, OSError, UnicodeDecodeError, pa.ArrowException) as error:
        raise UnreadableLog(f"{path}: expected {expected}, found: {str(error).splitlines()[0][:200]}") from error
