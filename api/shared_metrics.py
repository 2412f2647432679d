"""Several workers, one scrape: each keeps its counts in files that all of them read.

A worker's files are known by its number, not its process id: whoever is started in the place of one that died counts
on from where that one was, and there are never more files than workers.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, values
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector

from api.children import METRICS_FOLDER
from engine.errors import ConfigError

LAST: Final = "livemostrecent"
"""Multiprocess mode of a gauge about the deployment: what was seen last counts."""
LEAST: Final = "livemin"
"""Multiprocess mode of a gauge about one worker whose worst value is the least."""
GREATEST: Final = "livemax"

FILES = ("counter", "histogram", f"gauge_{LAST}", f"gauge_{LEAST}", f"gauge_{GREATEST}")
FILE_BYTES = 1 << 20
"""Some 5,000 series."""


def share(number: int) -> Path:
    """Count as the worker of this number from now on; returns the folder that the workers share.

    Call it before the first metric is made. Raises ``OSError``, and ``ConfigError`` without a supervisor.

    The files get their blocks now: who writes to a mapped file when the disk is full is killed.
    """
    named = os.environ.get(METRICS_FOLDER)
    if named is None:
        raise ConfigError(f"{METRICS_FOLDER} is not set: workers are started by `maitred serve --workers`")
    folder = Path(named)
    for name in FILES:
        with (folder / f"{name}_{number}.db").open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, FILE_BYTES)
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]
    return folder


class Gathered:
    """A collector of everything: what this process counts, or what all workers do together; and what is on disk.

    Attributes:
        refused_learning: reason → settlements that the deployment's learners refused.
        restarts: child → how often it died and was started again.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.refused_learning: Mapping[str, int] = {}
        self.restarts: Mapping[str, int] = {}

    def collect(self) -> Iterable[Metric]:
        """Every metric with its values."""
        families = {family.name: family for family in self._counted()}
        learning = CounterMetricFamily("maitred_quarantined", "Refused or made safe.", labels=("where", "reason"))
        for reason, count in self.refused_learning.items():
            learning.add_metric(("learning", reason), count)
        families.setdefault(learning.name, learning).samples += learning.samples
        restarts = CounterMetricFamily("maitred_child_restarts", "Processes started again.", labels=("child",))
        for child, count in self.restarts.items():
            restarts.add_metric((child,), count)
        return [*families.values(), restarts]

    def _counted(self) -> Iterable[Metric]:
        folder = os.environ.get(METRICS_FOLDER)
        if folder is None:
            return self._registry.collect()
        return MultiProcessCollector(None, folder).collect()  # type: ignore[no-untyped-call, no-any-return]
