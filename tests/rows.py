"""Writing one row, as tests that are about something else do."""

from __future__ import annotations

from collections.abc import Mapping

from features.vector import FeatureStore, RowChange, Scalar


async def put(
    store: FeatureStore,
    view: str,
    key: str,
    values: Mapping[str, Scalar],
    *,
    timestamp_us: int,
    expected_us: int | None = None,
    began_us: int | None = None,
) -> bool:
    """Whether the row was replaced, or was erased meanwhile. The change began when its row did, if nothing is said."""
    began_us = timestamp_us if began_us is None else began_us
    [done] = await store.write([RowChange(view, key, values, timestamp_us, expected_us, began_us)])
    return done
