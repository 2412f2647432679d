"""Which ``BulkWriter`` a deployment gets."""

from __future__ import annotations

from pathlib import Path

from features.embedded.bulk import BulkSqlite
from features.errors import PlanError
from features.files.bulk import BulkWriter
from features.open import SQLITE
from features.plan import Plan, PlannedView
from features.redis.bulk import BulkRedis
from features.redis.open import REDIS


def open_bulk(plan: Plan, view: PlannedView) -> BulkWriter:
    """The writer for the store that ``plan`` names.

    Raises:
        PlanError: only Feast itself can write this kind of store.
        OSError: the store does not answer.
    """
    url = plan.online_store
    if url.startswith(SQLITE):
        return BulkSqlite(plan, view, Path(url.removeprefix(SQLITE)))
    if url.startswith(REDIS):
        return BulkRedis(plan, view)
    raise PlanError(f"the online store {url} cannot be loaded directly: use Feast's write_to_online_store")
