"""Rows that hold what their view no longer allows: a changed type, a broken value."""

from __future__ import annotations

import uuid
from pathlib import Path

from features.changes import Decided
from features.embedded.rowstore import RowStore, RowWrite
from features.embedded.store import DirectSqliteStore
from features.entity_key import EntityKeys
from features.plan import Plan
from features.session import SESSION_KEY, SESSION_VIEW
from features.state import StateWriter


def test_stored_values_of_another_type_count_as_never_written_and_the_session_goes_on(
    plan: Plan, feast_home: Path, run
):
    path, session = feast_home / "features" / "online.db", uuid.uuid4().hex
    store = DirectSqliteStore(plan, path)
    broken = {"turn": "three", "cart_value": float("nan"), "clicks": 2**63, "page": b"\xff", "accepted": 2}
    entity = EntityKeys(SESSION_KEY).key(session)
    rows = RowStore(path, plan.definitions.project, busy_ms=1_000)
    rows.merge([RowWrite(SESSION_VIEW, entity, 1, broken)])
    rows.close()
    writer = StateWriter(store)
    assert run(writer.apply({SESSION_KEY: session}, Decided((("greeting", "hello"),))))
    row = run(store.read({SESSION_KEY: session}))[SESSION_VIEW]
    assert (row.values["turn"], row.values["accepted"], row.values["last_action"]) == (1, 2, "hello")
    assert not {"cart_value", "clicks", "page"} & row.values.keys()
    run(store.close())
