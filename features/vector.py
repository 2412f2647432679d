"""What is known about a user and a session at one moment, and how fresh each part is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

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


class RowChange(NamedTuple):
    """One row, whole, that takes the place of another; times in microseconds since the epoch.

    Attributes:
        key: the entity's value, e.g. the session's id.
        timestamp_us: event time of the row; must be greater than ``expected_us``.
        expected_us: the timestamp of the row that ``values`` was derived from; ``None`` if there was none.
        began_us: when whoever makes the change began to read. An entity erased since then stays erased.
    """

    view: str
    key: str
    values: Mapping[str, Scalar]
    timestamp_us: int
    expected_us: int | None
    began_us: int


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

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """Replace each row if nobody else did since it was read (compare-and-set, row by row).

        One command on one Redis (on a cluster: one for each slot, sent together), one transaction on SQLite.

        Returns:
            For each change: False, with nothing written, if the stored timestamp is not its ``expected_us``. True, also
            with nothing written, if the entity was erased at or after its ``began_us``: then the change is over.

        Raises:
            OSError: the store did not answer.
            RowError: values that do not fit their view; nothing is written.
        """
        ...

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """Forget every row of the given entities; what began to read before ``at_us`` cannot bring them back.

        That holds for 24 hours, and for whoever writes through ``write``.

        Args:
            keys: join key → entity value.

        Returns:
            How many rows there were; 0 when asked again.

        Raises:
            OSError: the store did not answer.
            RowError: this kind of store cannot forget.
        """
        ...

    async def close(self) -> None:
        """Release connections and child processes."""
        ...
