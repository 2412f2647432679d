"""Writes a table's repository: two YAMLs and the definitions as they are shipped, the description, the rows."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from feature_repo.seed import Row, write_rows
from feature_repo.table.schema import FILE, KEY, VIEW, TableSchema

SHIPPED = Path(__file__).parent
YAMLS = ("feature_store.yaml", "feature_store.redis.yaml")


def write_repository(schema: TableSchema, folder: Path) -> None:
    """A Feast repository in ``folder``, ready for ``maitred features apply`` and for stock ``feast``.

    Raises:
        RepositoryError: the schema contradicts itself.
    """
    schema.check()
    folder.mkdir(parents=True, exist_ok=True)
    for name in YAMLS:
        shutil.copyfile(SHIPPED.parent / name, folder / name)
    shutil.copyfile(SHIPPED / "definitions.py", folder / "definitions.py")
    (folder / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(schema), indent=1))


def write_users(schema: TableSchema, rows: Sequence[Row], folder: Path, at: datetime | None = None) -> Path:
    """The rows of ``customer``, each with ``user_id`` and any of its features; what is absent is null.

    ``at`` is the rows' event time; now, if ``None``.
    """
    return write_rows(VIEW, KEY, schema.features, rows, folder / "data", at or datetime.now(UTC))
