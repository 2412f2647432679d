"""One row of a table, cell by cell: what it says, or which cell cannot be used."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from features.vector import Scalar
from simulator.logged.experiment import LoggedRow, RowFault
from simulator.logged.mapping import FeatureKind, LogMapping, feature_name
from simulator.logged.table import Line, Table

LONGEST_USER = 128
LONGEST_CELL = 4_096
LEAST_PROPENSITY = 1e-6
"""A row counts with the least probability of all: one below this would leave no matches to count."""


class BadCell(ValueError):
    """A cell that cannot be used; a row with one is not."""

    def __init__(self, column: str, expected: str, found: str) -> None:
        super().__init__(column)
        self.column, self.expected, self.found = column, expected, found


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one table, in order; remembers the users, since each may come once.

    Args:
        arms: label → action id.
    """

    table: Table
    mapping: LogMapping
    arms: Mapping[str, str]
    _at: dict[str, int] = field(init=False)
    _users: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._at = {column: at for at, column in enumerate(self.table.header)}

    def read(self, line: Line) -> LoggedRow | RowFault:
        """The row, or the first reason why it cannot be used."""
        try:
            if len(line.cells) != len(self.table.header):
                raise BadCell("row", f"{len(self.table.header)} cells", str(len(line.cells)))
            row = self._row(line)
        except BadCell as bad:
            return RowFault(line.number, bad.column, bad.expected, bad.found)
        self._users[row.user_id] = line.number
        return row

    def _row(self, line: Line) -> LoggedRow:
        label = self._cell(line, self.mapping.arm)
        if label not in self.arms:
            raise BadCell(self.mapping.arm, "one of the arms", repr(label[:80]))
        return LoggedRow(
            user_id=self._user(line),
            arm=self.arms[label],
            propensity=self._propensity(line, label),
            features=dict(self._features(line)),
            metrics={metric: self._metric(line, metric) for metric in self.mapping.metrics},
        )

    def _user(self, line: Line) -> str:
        column = self.mapping.user
        if column is None:
            return f"line-{line.number}"
        user = self._cell(line, column)
        if not 0 < len(user) <= LONGEST_USER:
            raise BadCell(column, f"an id of 1 to {LONGEST_USER} characters", repr(user[:80]))
        if user in self._users:
            raise BadCell(column, "a user who has no row yet", f"{user!r} of line {self._users[user]}")
        return user

    def _propensity(self, line: Line, label: str) -> float:
        given = self.mapping.propensity
        if given is None:
            return 1.0 / len(self.arms)
        if isinstance(given, float):
            return given
        if isinstance(given, dict):
            return given[label]
        value = self._number(line, given)
        if not LEAST_PROPENSITY <= value <= 1.0:
            raise BadCell(given, f"a probability from {LEAST_PROPENSITY:g} to 1", f"{value:g}")
        return value

    def _features(self, line: Line) -> Iterator[tuple[str, Scalar]]:
        for column, kind in self.mapping.features.items():
            yield feature_name(column), self._feature(line, column, kind)

    def _feature(self, line: Line, column: str, kind: FeatureKind) -> Scalar:
        if kind == "number":
            return self._number(line, column)
        cell = self._cell(line, column)
        if len(cell) > LONGEST_CELL:
            raise BadCell(column, f"at most {LONGEST_CELL} characters", str(len(cell)))
        return cell

    def _metric(self, line: Line, metric: str) -> float:
        column, range_ = self.mapping.column_of(metric), self.mapping.metrics[metric].range
        value = self._number(line, column)
        if range_ is not None and not range_[0] <= value <= range_[1]:
            raise BadCell(column, f"a number within [{range_[0]:g}, {range_[1]:g}]", f"{value:g}")
        return value

    def _number(self, line: Line, column: str) -> float:
        cell = self._cell(line, column)
        try:
            value = float(cell)
        except ValueError:
            raise BadCell(column, "a number", repr(cell[:80])) from None
        if not math.isfinite(value):
            raise BadCell(column, "a finite number", cell[:80])
        return value

    def _cell(self, line: Line, column: str) -> str:
        return line.cells[self._at[column]]
