"""Forgetting somebody: their rows, the rows of their sessions, and what these rows ever were."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.files.parts import BATCH_ROWS, files_of, rewrite
from features.plan import Plan
from features.session import SESSION_KEY
from features.vector import FeatureStore

USER_KEY = "user_id"
SESSIONS = "recent_sessions"
"""The feature of a user that lists their last sessions, one a line, where a repository has it."""


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How much there was. All of it is 0 when asked again.

    Attributes:
        online_rows: in the online store; ``session_rows`` are those of ``sessions`` known sessions.
        history_rows: in the Parquet files that Feast's offline store reads; ``history_files`` had to be rewritten.
    """

    online_rows: int
    session_rows: int
    sessions: int
    history_rows: int
    history_files: int


async def sessions_of(store: FeatureStore, user_id: str) -> list[str]:
    """The user's last sessions, as far as the online store knows them.

    Raises:
        OSError: it does not answer.
    """
    rows = await store.read({USER_KEY: user_id})
    if any(row.freshness == "error" for row in rows.values()):
        raise OSError("online store: it does not answer")
    listed = (row.values.get(SESSIONS) for row in rows.values())
    return sorted({id for text in listed if isinstance(text, str) for id in text.split("\n") if id})


async def erase(plan: Plan, store: FeatureStore, user_id: str, sessions: list[str], at_us: int) -> Erased:
    """Forget a user and these sessions, everywhere but in the journal.

    The user's online rows go last: until then they name the sessions, so that what was interrupted can be asked again.

    Raises:
        OSError: something could not be erased; ask again.
        RowError: the online store is of a kind that cannot forget.
    """
    history = {path: rows for path, rows in _history(plan, user_id, sessions) if rows}
    session_rows = sum([await store.erase({SESSION_KEY: session}, at_us) for session in sessions])
    return Erased(
        online_rows=await store.erase({USER_KEY: user_id}, at_us),
        session_rows=session_rows,
        sessions=len(sessions),
        history_rows=sum(history.values()),
        history_files=len(history),
    )


def _history(plan: Plan, user_id: str, sessions: list[str]) -> list[tuple[Path, int]]:
    whose: Mapping[str | None, list[str]] = {USER_KEY: [user_id], SESSION_KEY: sessions}
    views = [view for view in plan.stored_views if view.name in plan.sources and whose.get(view.join_key)]
    files = {path: str(view.join_key) for view in views for path in files_of(plan.sources[view.name].path)}
    return [(path, without(path, key, whose[key])) for path, key in files.items()]


def without(path: Path, key: str, entities: list[str]) -> int:
    """Rewrite a Parquet file without the rows of some entities; how many there were. Flat memory."""
    gone = pa.array(entities, pa.string())
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        rows = sum(_count(batch.column(0), gone) for batch in file.iter_batches(BATCH_ROWS, columns=[key]))
    if rows:
        rewrite(path, schema, lambda batch: batch.filter(pc.invert(_among(batch.column(key), gone))))
    return rows


def _count(keys: pa.Array, gone: pa.Array) -> int:
    return int(np.count_nonzero(_among(keys, gone)))


def _among(keys: pa.Array, gone: pa.Array) -> pa.Array:
    return pc.is_in(keys.cast(pa.string()), gone)
