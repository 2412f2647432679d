"""A bounded sample of what was decided and what came of it, from every stretch of the journal and its archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise

from api.opened import Opened, Opening
from api.past import open_past
from api.settings import Settings
from api.wiring import open_keys
from engine.archive.history import History
from engine.journal.base import Stored
from engine.records.schema import DecisionRecord, SettlementRecord
from engine.records.sealing import Sealer
from features.observed import Observed
from features.session import SESSION_KEY

STRETCHES = 50
READ_RECORDS = 500
USER_KEY = "user_id"

Progress = Callable[[int], None]


class Decisions:
    """The decisions of a deployment, in the order of each shard's journal.

    Args:
        archive: where it is archived, if not where the settings say.
        placement: only this one's.

    Raises:
        ConfigError: nothing is recorded, or the key table is missing.
    """

    def __init__(self, settings: Settings, archive: str | None = None, placement: str | None = None) -> None:
        self._histories = open_past(settings, archive)
        self._opening = Opening(Sealer(open_keys(settings)), placement)

    @property
    def forgotten(self) -> int:
        """How many were left out so far, since their people were forgotten."""
        return self._opening.forgotten

    def records(self) -> int:
        """How many records there are."""
        return sum(history.last_position() for history in self._histories)

    def sample(self, most: int, progress: Progress) -> Iterator[Observed]:
        """At most so many, of each shard at least one: of each stretch of the journal the same number, if it has them.

        Args:
            most: 0 for all.
            progress: is told how many records are behind.
        """
        before, each = 0, max(1, most // len(self._histories)) if most else None
        for history in self._histories:
            stretches = 1 if each is None else min(STRETCHES, each)
            quota = None if each is None else each // stretches
            for start, end in pairwise(_edges(history, stretches)):
                yield from islice(self._stretch(history, start, end), quota)
                progress(before + end)
            before += history.last_position()

    def _stretch(self, history: History, start: int, end: int) -> Iterator[Observed]:
        for records in _read(history, start, end):
            opened = list(self._opening.of(records))
            rewards = _rewards(history, opened)
            yield from (_observed(each, rewards.get(_settling(each.record, each.position))) for each in opened)


def _edges(history: History, stretches: int) -> list[int]:
    """Where stretches of what is still there end; nothing is before the first one."""
    oldest = history.read(0, 1)
    start, last = (oldest[0].position - 1 if oldest else 0), history.last_position()
    return [start + (last - start) * part // stretches for part in range(stretches + 1)]


def _read(history: History, start: int, end: int) -> Iterator[Sequence[Stored]]:
    while start < end:
        records = [each for each in history.read(start, min(READ_RECORDS, end - start)) if each.position <= end]
        if not records:
            return
        yield records
        start = records[-1].position


def _rewards(history: History, opened: Sequence[Opened]) -> dict[str, float]:
    found = history.find_all("settlement", [_settling(each.record, each.position) for each in opened])
    records = {key: stored.record for key, stored in found.items()}
    return {key: record.reward for key, record in records.items() if isinstance(record, SettlementRecord)}


def _settling(record: DecisionRecord, position: int) -> str:
    """The idempotency key of the settlement that there is, or will be."""
    settlement = SettlementRecord(
        decision_id=record.id,
        decision_position=position,
        placement=record.placement,
        reward=0.0,
        outcomes=0,
        learn=False,
    )
    return str(settlement.idempotency_key)


def _observed(opened: Opened, reward: float | None) -> Observed:
    part = opened.part
    return Observed(
        time_us=opened.time_us,
        placement=opened.record.placement,
        unit=opened.record.unit,
        keys=(SESSION_KEY,) if part.user_id is None else (SESSION_KEY, USER_KEY),
        values={**part.features, **part.render_only},
        freshness=part.freshness,
        missing=part.missing,
        reward=reward,
    )
