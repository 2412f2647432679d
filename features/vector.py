"""What is known about a user and a session at one moment, and how fresh each part is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

Scalar = str | int | float | bool
Freshness = Literal["fresh", "stale", "missing", "error"]


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One row of one feature view.

    Attributes:
        values: feature name → value; a declared feature that was never written is absent.
        timestamp_us: event time of the row, microseconds since the epoch; ``None`` if the row is missing.
        freshness: ``missing`` (no row), ``stale`` (older than the view's time to live), ``error``
            (the store did not answer) or ``fresh``.
        remembered: the store did not answer; this is what was read before.
    """

    values: Mapping[str, Scalar]
    timestamp_us: int | None
    freshness: Freshness
    remembered: bool = False


MISSING_ROW = ViewRow({}, None, "missing")
ERROR_ROW = ViewRow({}, None, "error")


@dataclass(frozen=True, slots=True)
class FeatureVector:
    """The features of one decision, as seen at decision time.

    Attributes:
        values: qualified name (``user_profile.tier``, ``request.channel``, ``local_time.hour``) → value. Declared
            features without a stored value carry their declared default.
        render_only: qualified name → value of features that may reach templates and nothing else.
        freshness: view name → freshness of the row the values came from.
        missing: names in ``values`` that have their default, though the row of their view is there (of what comes with
            the request: though it came without).
        unread: views whose row the store did not give, whatever stands in.
        mistyped: declared request feature that came with a value it cannot have, and whose default stands in → why,
            as ``string-for-float``; never the value.
    """

    values: Mapping[str, Scalar]
    render_only: Mapping[str, Scalar] = field(default_factory=dict)
    freshness: Mapping[str, Freshness] = field(default_factory=dict)
    mistyped: Mapping[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class FeatureStore(Protocol):
    """Online rows by entity: the one seam between serving and Feast's online store.

    Implementations: ``direct`` over SQLite, ``direct`` over Redis (both read and write Feast's own store layout
    without Feast), and ``sdk`` (Feast itself, in a process of its own).
    """

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """Rows of every view of the given entities.

        Args:
            keys: join key → entity value, e.g. ``{"user_id": "u1", "session_id": "s1"}``.

        Returns:
            View name → row, for every view whose join key is in ``keys``. Never raises: a store that does not
            answer gives rows with freshness ``error``.
        """
        ...

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """Replace one row if nobody else did since it was read (compare-and-set).

        Args:
            expected_us: the timestamp of the row that ``values`` was derived from; ``None`` if there was none.
            timestamp_us: must be greater than ``expected_us``.

        Returns:
            False, with nothing written, if the stored timestamp is not ``expected_us``.

        Raises:
            OSError: the store did not answer.
        """
        ...

    async def close(self) -> None:
        """Release connections and child processes."""
        ...
