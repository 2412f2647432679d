"""Loading a file into a store, as the tests of loading do."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import msgspec

from features.files.bulk_open import open_bulk
from features.files.columns import columns_of, view_to_load
from features.files.load import Load, Loaded
from features.files.parts import Parts, parts_of
from features.files.refusals import RefusedRows
from features.files.tabular import Tabular
from features.plan import Plan, PlannedSource

VIEW = "user_profile"


def with_history(plan: Plan, folder: Path, online_store: str | None = None) -> Plan:
    """The plan, with histories in a folder of the test's own."""
    sources = {
        view.name: PlannedSource(path=str(folder / f"{view.name}.*parquet"), timestamp="event_timestamp")
        for view in plan.stored_views
    }
    return msgspec.structs.replace(plan, sources=sources, online_store=online_store or plan.online_store)


def load(plan: Plan, file: Path, *, now_us: int, view: str = VIEW, **renamed: str) -> Loaded:
    """Load a file that comes at ``now_us``; refused rows go beside it."""
    planned, table = view_to_load(plan, view), Tabular(file)
    columns = columns_of(table.columns, planned, renamed, None, None)
    refused = RefusedRows(file.with_suffix(".refused.csv"), table.columns)
    with closing(open_bulk(plan, planned)) as store:
        loading = Load(table, columns, parts=parts(plan, view), refused=refused, clock=lambda: now_us)
        return loading.into(store, lambda _: None)


def parts(plan: Plan, view: str = VIEW) -> Parts | None:
    """The history of a view."""
    return parts_of(plan, view_to_load(plan, view))
