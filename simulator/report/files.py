"""What is left of an experiment in a folder: results, page, and measurements to go on from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from simulator.experiments.results import Results
from simulator.experiments.store import Store
from simulator.experiments.summary import Summary
from simulator.logs.whole_file import write_lines
from simulator.report.page import page


@dataclass(frozen=True, slots=True)
class Files:
    """The files of one experiment, or of several: measurements are found by what they are of."""

    folder: Path

    @property
    def store(self) -> Store:
        """Where measurements are kept while the experiment is under way."""
        return Store(self.folder / "cells")

    @property
    def results(self) -> Path:
        """One row a cell, Parquet."""
        return self.folder / "results.parquet"

    @property
    def page(self) -> Path:
        """For browsers."""
        return self.folder / "report.html"

    def write(self, results: Results, summary: Summary) -> None:
        """Both, whole or not at all. Raises ``OSError``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        results.write(self.results)
        write_lines([page(summary).encode()], self.page)
