"""What an experiment has found: one row a cell, in a Parquet file that says where it is from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from engine.errors import NotEvaluable
from simulator.experiments.measured import Measured
from simulator.logs.whole_file import whole

_ORIGIN = b"maitred.experiment"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A cell by its labels, and what was measured."""

    setting: str
    policy: str
    seed: int
    measured: Measured


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What a result is of.

    Attributes:
        reference: label of the policy that others are compared with.
        config, data: digests of the grid and of the data behind its worlds and logs.
        software: version, and digest of the code that ran.
        described: the grid in plain values.
    """

    experiment: str
    reference: str
    config: str
    data: str
    software: str
    described: dict[str, Any] = {}


class Results(msgspec.Struct, frozen=True):
    """All cells, setting by setting, policy by policy, seed by seed."""

    origin: Origin
    cells: tuple[Result, ...]

    def write(self, path: Path) -> None:
        """As Parquet; the same results give the same bytes. Raises ``OSError``."""
        rows = [_row(cell) for cell in self.cells]
        metadata = {_ORIGIN: msgspec.json.encode(self.origin, order="deterministic")}
        table = pa.Table.from_pylist(rows, SCHEMA.with_metadata(metadata))
        with whole(path) as place:
            pq.write_table(table, place, compression="zstd")

    @classmethod
    def read(cls, path: Path) -> Results:
        """What ``write`` wrote. Raises ``NotEvaluable`` for any other file, and ``OSError``."""
        try:
            table = pq.read_table(path, use_threads=False)
            origin = msgspec.json.decode((table.schema.metadata or {})[_ORIGIN], type=Origin)
            return cls(origin, tuple(_result(row) for row in table.to_pylist()))
        except (pa.ArrowException, KeyError, msgspec.MsgspecError) as error:
            raise NotEvaluable(f"{path}: expected the results of an experiment: {error}") from error


def _row(cell: Result) -> dict[str, Any]:
    measured: dict[str, Any] = msgspec.to_builtins(cell.measured)
    return {"setting": cell.setting, "policy": cell.policy, "seed": cell.seed, **measured}


def _result(row: dict[str, Any]) -> Result:
    labels = {name: row.pop(name) for name in ("setting", "policy", "seed")}
    return Result(**labels, measured=msgspec.convert(row, Measured))


_PART = pa.struct(
    {"name": pa.string(), "decisions": pa.int64(), "value": pa.float64(), "influence": pa.list_(pa.float64())}
)
_WEIGHTS = {
    **dict.fromkeys(("rows", "learned"), pa.int64()),
    **dict.fromkeys(("effective", "largest", "top_share", "mean_weight", "unsupported"), pa.float64()),
}
SCHEMA = pa.schema(
    {
        "setting": pa.string(),
        "policy": pa.string(),
        "seed": pa.int64(),
        "kind": pa.string(),
        "whole": _PART,
        "parts": pa.list_(_PART),
        "earned": pa.float64(),
        "best": pa.float64(),
        "curve": pa.struct({"rounds": pa.list_(pa.int64()), "regret": pa.list_(pa.float64())}),
        "shares": pa.list_(pa.struct({"action": pa.string(), "share": pa.float64(), "late": pa.float64()})),
        "weights": pa.struct(_WEIGHTS),
        "verdict": pa.string(),
        "reasons": pa.list_(pa.string()),
        "own_history": pa.bool_(),
    }
)
"""See ``Measured``, which has the same fields after the labels."""
