"""A classification set in a CSV file: a row is what is known, one of its columns the right class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from engine.encode.codes import Category, Encoded
from engine.encode.names import safe
from simulator.logged.errors import LogRefused
from simulator.logged.mapping import LONGEST_LABEL
from simulator.logged.table import Table, read_table
from simulator.worlds.labelled import FEWEST_VALUES, Labelled, labelled

MISSING = "?"


def read_labelled_table(path: Path, target: str) -> Labelled:
    """Columns whose values are all finite numbers, more than ten different ones, are numbers; others are categories.

    What is missing (empty, or ``?``) is the feature ``name=?``, of a number as well.

    Args:
        target: the column with the class; the last, if empty.

    Raises:
        LogRefused: no table, no such column, or a row that is too short, too long or without a class.
    """
    table = read_table(path)
    at = table.index(target or table.header[-1])
    _require_cells(table)
    numbers: dict[str, list[float]] = {}
    others: list[Encoded] = [{} for _ in table.lines]
    for place, name in enumerate(table.header):
        cells = [line.cells[place].strip() or MISSING for line in table.lines]
        column = None if place == at else _numbers(cells)
        if place == at:
            _require_classes(table, name, cells)
            labels = cells
        elif column is None:
            _add_categories(name, cells, others)
        else:
            numbers[safe(name)] = column
            _add_missing(name, cells, others)
    return labelled(path, labels, numbers, others)


def _require_cells(table: Table) -> None:
    for number, cells in table.lines:
        if len(cells) != len(table.header):
            expected = f"expected {len(table.header)} cells, found {len(cells)}"
            raise LogRefused(f"{table.path}: line {number}: {expected}")


def _require_classes(table: Table, column: str, labels: Sequence[str]) -> None:
    for line, label in zip(table.lines, labels, strict=True):
        if label == MISSING or len(label) > LONGEST_LABEL:
            where, expected = (
                f"{table.path}: line {line.number}: {column}",
                f"a class of 1 to {LONGEST_LABEL} characters",
            )
            raise LogRefused(f"{where}: expected {expected}, found {label[:80]!r}")


def _numbers(cells: Sequence[str]) -> list[float] | None:
    """One number a cell, NaN where it is missing; ``None`` if these are categories."""
    try:
        present = [float(cell) for cell in cells if cell != MISSING]
    except ValueError:
        return None
    if len(set(present)) < FEWEST_VALUES or not all(map(math.isfinite, present)):
        return None
    return [math.nan if cell == MISSING else float(cell) for cell in cells]


def _add_categories(name: str, cells: Sequence[str], others: Sequence[Encoded]) -> None:
    code = Category(name)
    for cell, encoded in zip(cells, others, strict=True):
        code.add(cell, encoded)


def _add_missing(name: str, cells: Sequence[str], others: Sequence[Encoded]) -> None:
    for cell, encoded in zip(cells, others, strict=True):
        if cell == MISSING:
            encoded[safe(f"{name}={MISSING}")] = 1.0
