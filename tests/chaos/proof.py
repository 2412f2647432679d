"""What the project's own verbs say about a deployment that has ended, and what is left in its home."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

from engine.snapshots import SnapshotStore
from tests.chaos.audit import Finding
from tests.chaos.deployment import Deployment
from tests.chaos.journaled import Journaled

SNAPSHOTS = "snapshots"
SPOOL = "spool"


def proven(deployment: Deployment, journaled: Journaled) -> Iterator[Finding]:
    """Findings of ``maitred verify`` and ``maitred rebuild``, and what is left in the spool."""
    verified = deployment.run("verify")
    if verified.returncode != 0:
        yield f"maitred verify: {verified.stderr.strip()}"
    elif "all byte-identical" not in verified.stdout:
        yield f"maitred verify compared nothing: {verified.stdout.strip()}"
    with tempfile.TemporaryDirectory() as folder:
        rebuilt = deployment.run("rebuild", "--into", folder)
        if rebuilt.returncode != 0:
            yield f"maitred rebuild: {rebuilt.stderr.strip()}"
        else:
            yield from _compared(SnapshotStore(deployment.home / SNAPSHOTS), SnapshotStore(Path(folder)), journaled)
    yield from (f"the spool still has {path.name}" for path in spooled(deployment))


def spooled(deployment: Deployment) -> list[Path]:
    """Files that hold records which the journal does not have yet: a drained one is removed."""
    return [path for path in (deployment.home / SPOOL).glob("*") if path.is_file()]


def _compared(published: SnapshotStore, rebuilt: SnapshotStore, journaled: Journaled) -> Iterator[Finding]:
    """Every settlement is in the model that is served, once: the rebuilt one has the same bytes."""
    for placement, settlements in journaled.to_learn.items():
        served, anew = published.current(placement), rebuilt.current(placement)
        if served is None or anew is None:
            yield f"{placement}: no model is served, or none was rebuilt"
            continue
        if published.path(served).read_bytes() != rebuilt.path(anew).read_bytes():
            yield f"{placement}: the model {served.version} differs from the rebuilt {anew.version}"
        if served.learned != settlements:
            yield f"{placement}: {settlements} settlements were to be learned, {served.learned} were"
