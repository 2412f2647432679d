"""A randomised experiment from a log: real people, the arms they were really shown, what they really did."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console

from api.demo.count import count_when_settled
from api.demo.dataset import Example, Ran
from api.demo.experiment_bot import COMMENT, bot_of, pace_of
from api.demo.experiment_result import ExperimentResult, print_result, result_of
from api.demo.home import DemoHome
from api.demo.pace import Pace
from engine.journal.open import open_journal
from feature_repo.table.schema import TableSchema
from feature_repo.table.write import write_repository, write_users
from simulator.logged.experiment import Experiment
from simulator.logged.mapping import LogMapping
from simulator.logged.read import FAULTS_NAMED, read_experiment
from simulator.logged.visits import LoggedVisits
from simulator.worlds.visits import Visit


@dataclass(slots=True)
class LoggedExperiment:
    """The experiment in ``path`` as ``mapping`` reads it; ``metric`` is the mapping's first one unless given."""

    path: Path
    mapping: LogMapping
    seed: int
    metric: str
    limit: int | None = None
    _experiment: Experiment | None = field(default=None, init=False)

    @property
    def experiment(self) -> Experiment:
        """The file's content, read once. Raises ``LogRefused``."""
        if self._experiment is None:
            self._experiment = read_experiment(self.path, self.mapping)
        return self._experiment

    @property
    def pace(self) -> Pace:
        """By the number of rows."""
        return pace_of(self.decisions)

    @property
    def decisions(self) -> int:
        """One a row."""
        return len(self._visits())

    @property
    def example(self) -> Example:
        """About somebody whose features are known."""
        known = {"user_id": self.experiment.rows[0].user_id, "consent": True}
        return Example(json.dumps({"placement": self.mapping.placement, "session_id": "s-1", **known}), self.metric)

    def prepare(self, home: DemoHome) -> str:
        """A bot with one placement, a Feast repository with one view, and a row a user."""
        experiment = self.experiment
        home.write_config(bot_of(experiment, self.metric), COMMENT)
        schema = TableSchema(service=self.mapping.placement, features=experiment.features)
        write_repository(schema, home.own_repository)
        write_users(schema, [{"user_id": row.user_id, **row.features} for row in experiment.rows], home.own_repository)
        return "\n".join(
            [f"{len(experiment.rows):,} rows of {self.path.name}, {_bad(experiment)}", *_named(experiment)]
        )

    def visits(self) -> Iterable[Visit]:
        """Every row once, shuffled by the seed."""
        return self._visits()

    def conclude(self, ran: Ran, console: Console) -> ExperimentResult:
        """The last third's rate beside what the file says about chance and about every arm."""
        with console.status("waiting for the last reward windows to close"):
            count = count_when_settled(open_journal(ran.home.journal_url))
        result = result_of(count, self.experiment, self.metric)
        print_result(console, result, ran.seed)
        return result

    def _visits(self) -> LoggedVisits:
        return LoggedVisits(self.experiment, self.metric, self.seed, self.limit)


def _bad(experiment: Experiment) -> str:
    return f"{len(experiment.faults):,} that cannot be used" if experiment.faults else "all usable"


def _named(experiment: Experiment) -> list[str]:
    more = len(experiment.faults) - FAULTS_NAMED
    named = [f"  {fault}" for fault in experiment.faults[:FAULTS_NAMED]]
    return [*named, f"  and {more:,} more"] if more > 0 else named
