"""How many events a second does the learner learn, by a bare Vowpal Wabbit loop over the same examples?"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

from vowpalwabbit import Workspace

from benchmarks.learnable_journal import LearnableJournal, write_journal
from benchmarks.question import Answer
from benchmarks.rounds import Round, Rounds, in_turns
from benchmarks.size import Size
from engine.journal.sqlite import SqliteJournal
from engine.learn import Learner
from engine.policies.vw import DEFAULT_FLAGS
from engine.snapshots import SnapshotStore
from engine.tenure import Tenure, own_name
from engine.types import Candidate, TrainingExample
from features.clock import wall_clock

PROMISE = 0.5


class BareLoop:
    """Vowpal Wabbit alone: contexts and labelled actions are made from dicts, the other actions are parsed already."""

    def __init__(self, candidates: Sequence[Candidate]) -> None:
        self._workspace = Workspace(f"{DEFAULT_FLAGS} --quiet")
        self._label_type = self._workspace.get_label_type()
        self._actions = {each.id: self._example("A", each.features) for each in candidates}

    def parsed(self, example: TrainingExample) -> list[Any]:
        """What Vowpal Wabbit takes."""
        actions = [self._actions[candidate.id] for candidate in example.candidates]
        chosen = example.candidates[example.chosen]
        actions[example.chosen] = self._example("A", chosen.features, f"0:{-example.reward}:1")
        return [self._example("S", example.shared, "shared"), *actions]

    def learn(self, parsed: list[Any]) -> None:
        """One update."""
        self._workspace.learn(parsed)

    def _example(self, namespace: str, features: Any, label: str | None = None) -> Any:
        example = self._workspace.example({namespace: features}, self._label_type)
        if label is not None:
            example.set_label_string(label)
        example.setup_example()
        return example


def measure(home: Path, size: Size) -> list[Answer]:
    """One line: events/s of the learner over a journal of closed windows, by events/s of the loop."""
    with tempfile.TemporaryDirectory(dir=home) as name:
        folder = Path(name)
        journal = write_journal(folder, home, size.decisions)
        fresh = (folder / str(number) for number in count())
        sides = {
            "learner": lambda: _learned(journal, next(fresh)),
            "loop": _loop(journal, _parse_and_learn),
            "parsed": _loop(journal, _learn_parsed),
        }
        rounds = in_turns(sides, size.learn_rounds)
    return [_answer(rounds, size.decisions)]


def _answer(rounds: Rounds, decisions: int) -> Answer:
    learner, loop, parsed = (1e6 / rounds.median(side) for side in ("learner", "loop", "parsed"))
    share = rounds.ratio("loop", "learner")
    return Answer(
        "learner (decode, join, durable settlement, learn), by a bare VW loop over the same cached examples",
        f"≥ {PROMISE:g} of its events/s",
        f"{share:.2f}",
        share >= PROMISE,
        f"{learner:,.0f} by {loop:,.0f} events/s, {decisions:,} decisions with an outcome each; "
        f"a loop whose contexts are parsed beforehand, too: {parsed:,.0f}",
        {"learner_per_s": learner, "loop_per_s": loop, "parsed_loop_per_s": parsed, "share": share},
    )


def _learned(journal: LearnableJournal, folder: Path) -> float:
    """Microseconds an event of a learner that finds the journal and has nothing yet."""
    folder.mkdir()
    copy = folder / "journal.db"
    shutil.copy(journal.path, copy)
    with closing(SqliteJournal(copy, "power")) as copied:
        snapshots = SnapshotStore(folder / "snapshots")
        tenure = Tenure(copied, own_name())
        tenure.take()
        learner = Learner(journal=copied, snapshots=snapshots, sealer=journal.sealer, clock=wall_clock, tenure=tenure)
        start = time.perf_counter()
        learner.restore()
        while learner.step():
            pass
        taken = time.perf_counter() - start
    learned = sum(lineage.learned for lineage in learner.fold.lineages.values())
    if learned != journal.decisions:
        raise RuntimeError(f"{learned} of {journal.decisions} decisions were learned")
    shutil.rmtree(folder)
    return taken / learned * 1e6


def _loop(journal: LearnableJournal, learn: Callable[[BareLoop, Sequence[TrainingExample]], float]) -> Round:
    """Microseconds an event of a loop over the journal's examples; only ``learn`` is timed, and says how long."""

    def play() -> float:
        actions = journal.engine.placement.catalogue.actions.values()
        loop = BareLoop([action.candidate for action in actions])
        seconds = sum(learn(loop, examples) for examples in journal.examples())
        return seconds / journal.decisions * 1e6

    return play


def _parse_and_learn(loop: BareLoop, examples: Sequence[TrainingExample]) -> float:
    start = time.perf_counter()
    for example in examples:
        loop.learn(loop.parsed(example))
    return time.perf_counter() - start


def _learn_parsed(loop: BareLoop, examples: Sequence[TrainingExample]) -> float:
    parsed = [loop.parsed(example) for example in examples]
    start = time.perf_counter()
    for each in parsed:
        loop.learn(each)
    return time.perf_counter() - start
