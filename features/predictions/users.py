"""Where the users come from of whom something is predicted: Feast's history, or a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from features.errors import PredictionError
from features.files.tabular import Tabular
from features.plan import Plan
from features.predictions.choice import Target, choice_of
from features.predictions.from_file import table_of, whole
from features.predictions.from_history import latest
from features.predictions.table import Table, last_of_each

HISTORY = "history"
USER = "user_id"


@dataclass(frozen=True, slots=True)
class FromHistory:
    """Everybody in Feast's history, with what is known of them now.

    Attributes:
        only: qualified names of features; without any, all that nothing speaks against.
    """

    plan: Plan
    target: Target
    only: Sequence[str] = ()
    without: Sequence[str] = ()

    @property
    def name(self) -> str:
        """As a segmentation's ``source``."""
        return HISTORY

    def table(self) -> Table:
        """One row a user. Raises ``PredictionError`` or ``OSError``."""
        chosen, left_out = choice_of(self.plan, self.target, self.only, self.without)
        return replace(latest(self.plan, chosen), left_out=left_out)


@dataclass(frozen=True, slots=True)
class FromFile:
    """Everybody in a CSV or Parquet file; somebody's last row counts.

    Attributes:
        key: column that says whose row it is; ``None``: every row is somebody else.
        only: the columns to take; without any, all that something can be learned from.
        unknown: column → what it says where nothing is known.
    """

    path: Path
    key: str | None
    only: Sequence[str] = ()
    without: Sequence[str] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As a segmentation's ``source``."""
        return self.path.name

    def table(self) -> Table:
        """One row a user. Raises ``PredictionError``, ``LoadError`` or ``OSError``."""
        read = whole(self.path)
        table = table_of(read, key=self.key, only=self.only, without=self.without, unknown=self.unknown)
        return table if table.keys is None else table.at(last_of_each(table.keys))


Users = FromHistory | FromFile


def users_of(before_source: str, again: Users) -> Users:
    """``again``, if it is of the kind that was learned from. Raises ``PredictionError``."""
    if (before_source == HISTORY) != isinstance(again, FromHistory):
        wanted = "Feast's history: leave out --data" if before_source == HISTORY else "a file: say which with --data"
        raise PredictionError(f"the segments were found in {wanted}")
    return again


def user_column(path: Path, key: str | None, *, needed: bool) -> str | None:
    """The column that says whose row it is: ``key``, else ``user_id`` if there is one.

    Raises:
        PredictionError: there is no such column, or none though it is ``needed``.
    """
    columns = Tabular(path).columns
    if key is not None and key not in columns:
        raise PredictionError(f"the file has no column {key!r}: it has {', '.join(columns)}")
    if key is None and USER not in columns and needed:
        raise PredictionError("say with --key in which column the users' ids are, or look only, with --dry-run")
    return key or (USER if USER in columns else None)
