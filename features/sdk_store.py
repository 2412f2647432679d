"""The reference reader and writer: Feast's own client, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping

from features.clock import Clock, wall_clock
from features.errors import RepositoryError
from features.freshness import error_rows, missing_rows, row_of, typed, types_of, writable
from features.plan import Plan
from features.sdk_child import SdkChild
from features.sdk_messages import Read, Rows, Write, Written
from features.vector import Scalar, ViewRow


class SdkStore:
    """``FeatureStore`` over ``get_online_features`` and ``write_to_online_store``.

    Compare-and-set holds between the callers of one child only: Feast has none, so a writer elsewhere can come
    between. The direct stores have no such gap.
    """

    def __init__(self, plan: Plan, child: SdkChild, clock: Clock = wall_clock) -> None:
        self._views = plan.stored_views
        self._by_name = {view.name: view for view in self._views}
        self._types = {view.name: types_of(view) for view in self._views}
        self._child = child
        self._clock = clock

    async def read(self, keys: Mapping[str, str]) -> dict[str, ViewRow]:
        """See ``FeatureStore.read``."""
        rows = missing_rows(self._views, keys)
        if not rows:
            return rows
        try:
            reply = await self._child.call(Read(id=self._child.next_id, keys=dict(keys)))
        except (OSError, RepositoryError):
            return error_rows(self._views, keys)
        assert isinstance(reply, Rows)
        now_us = self._clock()
        for name, row in reply.rows.items():
            if name in rows:
                rows[name] = row_of(self._by_name[name], typed(self._types[name], row.values), row.timestamp_us, now_us)
        return rows

    async def write(
        self, view: str, key: str, values: Mapping[str, Scalar], *, timestamp_us: int, expected_us: int | None
    ) -> bool:
        """See ``FeatureStore.write``. Raises ``RowError`` for values that do not fit the view."""
        row = writable(self._by_name[view], values)
        call = Write(
            id=self._child.next_id,
            view=view,
            key=key,
            values=row,
            timestamp_us=timestamp_us,
            expected_us=expected_us,
        )
        try:
            reply = await self._child.call(call)
        except RepositoryError as error:
            raise OSError(str(error)) from error
        assert isinstance(reply, Written)
        return reply.done

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        await self._child.close()
