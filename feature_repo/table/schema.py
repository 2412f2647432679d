"""What a table's repository is made of: the content of its ``table.json``. Knows no Feast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec

from features.errors import RepositoryError
from features.schema import FeatureSpec

VIEW, REQUEST = "customer", "request"
KEY = "user_id"
FILE = "table.json"
RESERVED = frozenset({KEY, "event_timestamp"})
"""Columns that the Parquet file has beside the features."""


class TableSchema(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One row a user, and what comes with a request.

    Attributes:
        service: the feature service, named like the placement that reads it.
        features: of the view ``customer``; without any there is no such view.
        request: what the bot sends with each question.
    """

    service: str
    features: tuple[FeatureSpec, ...] = ()
    request: tuple[FeatureSpec, ...] = ()

    def check(self) -> None:
        """Raises ``RepositoryError`` for a feature of another view, a name that is taken, or nothing at all."""
        for problem in self._problems():
            raise RepositoryError(problem)

    def _problems(self) -> Iterator[str]:
        if not (self.features or self.request):
            yield "a table needs features of its users or of its requests"
        for view, features in ((VIEW, self.features), (REQUEST, self.request)):
            names = [feature.name for feature in features]
            yield from (f"{each.qualified}: expected a feature of {view}" for each in features if each.view != view)
            yield from (f"{view}.{name}: the name is taken" for name in sorted(RESERVED.intersection(names)))
            yield from (f"{view}.{name}: declared twice" for name in sorted({n for n in names if names.count(n) > 1}))


def read(folder: Path) -> TableSchema:
    """The schema of a repository that was written into ``folder``. Raises ``RepositoryError``."""
    try:
        return msgspec.json.decode((folder / FILE).read_bytes(), type=TableSchema)
    except (OSError, msgspec.DecodeError) as error:
        raise RepositoryError(f"{folder / FILE} is not the description of a table: {error}") from error
