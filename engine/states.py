"""The states from which lineages start that a person ordered: a rollback's, an import's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from engine.errors import SnapshotError
from engine.journal.base import Stored
from engine.lineage import Lineage, Start, State
from engine.policies import registry
from engine.records.schema import ControlRecord
from engine.snapshots import SnapshotStore, sha256_of

Version = tuple[str, str]
"""A placement, and the version of one of its snapshots."""


class States(Protocol):
    """Asked by a fold when it comes to a ``rollback`` or ``import``."""

    def of(self, record: ControlRecord) -> State:
        """The state that the record names. Raises ``SnapshotError`` if it cannot be had."""
        ...

    def keep(self, placement: str, version: str, lineage: Lineage) -> None:
        """This version was published, with just what the lineage has learned now."""
        ...


class StoredStates:
    """Loads them from the snapshots that are kept."""

    def __init__(self, snapshots: SnapshotStore) -> None:
        self._snapshots = snapshots

    def of(self, record: ControlRecord) -> State:
        """See ``States.of``."""
        start = Start.of(record)
        for version in filter(None, (start.after, start.source)):
            manifest = self._snapshots.manifest(record.placement, version)
            if manifest is not None and manifest.sha256 == start.sha256:
                return State.of(self._snapshots.load(manifest), manifest, start.settled_position)
        raise SnapshotError(f"the {record.action} of {record.placement} needs {start.after}, which is gone")

    def keep(self, placement: str, version: str, lineage: Lineage) -> None:
        """They are kept already."""


@dataclass(frozen=True, slots=True)
class _Folded:
    path: Path
    state: State


class FoldedStates:
    """Keeps what is folded anew, as far as a later rollback asks for it. Imports are taken from where they are kept.

    Args:
        wanted: see ``wanted_states``.
        stored: for what no fold can give.
        folder: for as long as the fold takes.
    """

    def __init__(self, wanted: frozenset[Version], stored: States, folder: Path) -> None:
        self._wanted = wanted
        self._stored = stored
        self._folder = folder
        self._folded: dict[Version, _Folded] = {}

    def of(self, record: ControlRecord) -> State:
        """See ``States.of``."""
        start = Start.of(record)
        folded = self._folded.get((record.placement, start.source))
        if folded is None or sha256_of(folded.path) != start.sha256:
            return self._stored.of(record)
        policy = registry.load(start.policy, start.params, folded.path)
        return replace(folded.state, policy=policy, settled_position=start.settled_position)

    def keep(self, placement: str, version: str, lineage: Lineage) -> None:
        """See ``States.keep``."""
        if (placement, version) in self._wanted:
            with tempfile.NamedTemporaryFile(dir=self._folder, delete=False) as file:
                path = Path(file.name)
            lineage.policy.save(path)
            self._folded[placement, version] = _Folded(path, lineage.state)


def wanted_states(records: Iterable[Stored]) -> frozenset[Version]:
    """The versions that some rollback in these records goes back to."""
    controls = (stored.record for stored in records if isinstance(stored.record, ControlRecord))
    return frozenset((each.placement, str(each.payload.get("from"))) for each in controls if each.action == "rollback")
