"""The reference reader and writer: Feast's own client, in a process of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from features.clock import Clock, wall_clock
from features.errors import RepositoryError, RowError
from features.freshness import error_rows, missing_rows, row_of, typed, types_of, writable
from features.plan import Plan
from features.sdk.child import SdkChild
from features.sdk.messages import Read, Rows, Write, Written
from features.vector import FeatureStore, RowChange, ViewRow


class SdkStore:
    """``FeatureStore`` over ``get_online_features`` and ``write_to_online_store``.

    Compare-and-set holds between the callers of one child only: Feast has none, so a writer elsewhere can come
    between. Nor does it forget: a turn under way can bring back what was erased. The direct stores have no such gaps.

    Args:
        eraser: a direct store over the same rows, if there is one; closed with this one.
    """

    def __init__(
        self, plan: Plan, child: SdkChild, clock: Clock = wall_clock, *, eraser: FeatureStore | None = None
    ) -> None:
        self._eraser = eraser
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

    async def write(self, changes: Sequence[RowChange]) -> list[bool]:
        """See ``FeatureStore.write``; one call to Feast for each row."""
        calls = [self._call(change) for change in changes]
        return [await self._written(call) for call in calls]

    async def erase(self, keys: Mapping[str, str], at_us: int) -> int:
        """See ``FeatureStore.erase``. Feast itself cannot forget anybody."""
        if self._eraser is None:
            raise RowError("Feast cannot erase an entity from this kind of online store")
        return await self._eraser.erase(keys, at_us)

    async def close(self) -> None:
        """See ``FeatureStore.close``."""
        await self._child.close()
        if self._eraser is not None:
            await self._eraser.close()

    def _call(self, change: RowChange) -> Write:
        return Write(
            id=self._child.next_id,
            view=change.view,
            key=change.key,
            values=writable(self._by_name[change.view], change.values),
            timestamp_us=change.timestamp_us,
            expected_us=change.expected_us,
        )

    async def _written(self, call: Write) -> bool:
        try:
            reply = await self._child.call(call)
        except RepositoryError as error:
            raise OSError(str(error)) from error
        assert isinstance(reply, Written)
        return reply.done
