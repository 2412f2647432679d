"""Free text and many actions: what was decided over HTTP, by Vowpal Wabbit's own driver over the same stream and flags.

    maitred demo --data banking77 --path DIR --once --home FOLDER
    python -m benchmarks.text_by_native_driver FOLDER DIR

The driver reads the logged decisions as text and scores each before it learns it. The right answer to every sentence is
known, so both are asked the same on the very same turns: with which probability did you give it? The differences are
paired. The driver learns at once, the service after reward windows have closed: the delay is part of what is measured.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from api.settings import Settings
from api.wiring import open_history, open_keys
from engine.example import ExampleMaker
from engine.fold import Origin
from engine.journal.base import Journal, Stored
from engine.policies.vw import DEFAULT_FLAGS
from engine.records.schema import AnyRecord, ControlRecord, DecisionRecord, PersonalPart, SettlementRecord
from engine.records.sealing import Sealer
from engine.stats.mean import mean
from engine.stats.sums import Moments
from engine.types import TrainingExample
from simulator.logged.intents import TEXT, read_sentences

LAST = 2_000
BATCH = 1_000
_NOT_IN_TEXT = re.compile(r"[\s|:]")


@dataclass(frozen=True, slots=True)
class Turn:
    """A decision that was learned: ``right`` is the index of the right answer among the candidates."""

    example: TrainingExample
    right: int
    probability_of_right: float
    champion: bool


def main(folder: Path, data: Path) -> None:
    """Print the answers."""
    settings = Settings(home=folder / "home", config=folder / "bot.yaml")
    journal, sealer = open_history(settings), Sealer(open_keys(settings))
    records = [stored.record for stored in _all(journal)]
    turns = list(_turns(records, sealer, dict(read_sentences(data / "train.csv.gz"))))
    native = _native(turns, _flags(records))
    compared = [(turn, p) for turn, p in zip(turns, native, strict=True) if turn.champion][-LAST:]
    ours = Moments.from_array([turn.probability_of_right for turn, _ in compared])
    theirs = Moments.from_array([p for _, p in compared])
    ahead = Moments.from_array([turn.probability_of_right - p for turn, p in compared])
    earned = Moments.from_array([turn.example.reward for turn, _ in compared])
    arms = len(turns[-1].example.candidates)
    print(f"the last {len(compared):,} champion's turns of {len(turns):,}; uniform: {1 / arms:.4f}")
    print(f"earned over HTTP:                 {mean(earned)}")
    print(f"probability of the right answer:  {mean(ours)}")
    print(f"the driver's, same turns:         {mean(theirs)}")
    print(f"difference, paired:               {mean(ahead)}")


def _all(journal: Journal) -> Iterator[Stored]:
    position = 0
    while batch := journal.read(position, BATCH):
        yield from batch
        position = batch[-1].position


def _turns(records: Iterable[AnyRecord], sealer: Sealer, intents: Mapping[str, str]) -> Iterator[Turn]:
    """In the order of the decisions, which is that of the sentences."""
    maker, decisions, rewards = ExampleMaker(sealer), list[DecisionRecord](), dict[str, float]()
    for record in records:
        if isinstance(record, ControlRecord):
            maker.observe(record)
        elif isinstance(record, DecisionRecord):
            decisions.append(record)
        elif isinstance(record, SettlementRecord) and record.learn:
            rewards[record.decision_id] = record.reward
    for decision in decisions:
        if decision.id in rewards:
            personal = sealer.open(decision.key_ref, decision.sealed, PersonalPart, decision.id.encode())
            right = decision.candidates.index(intents[str(personal.context[TEXT])])
            example = maker.make(decision, maker.open(decision), rewards[decision.id])
            yield Turn(example, right, decision.pmf[right], decision.group == "champion")


def _flags(records: Iterable[AnyRecord]) -> str:
    origins = [r.payload for r in records if isinstance(r, ControlRecord) and r.action == "origin"]
    return str(msgspec.convert(origins[-1], Origin).params.get("flags", DEFAULT_FLAGS))


def _native(turns: Iterable[Turn], flags: str) -> list[float]:
    """The driver's probability of the right answer, turn by turn, each before the turn was learned."""
    turns = list(turns)
    with tempfile.TemporaryDirectory() as folder:
        log, predictions = Path(folder) / "log.txt", Path(folder) / "predictions.txt"
        with log.open("w") as file:
            file.writelines(_as_text(turn.example) for turn in turns)
        command = [sys.executable, "-m", "vowpalwabbit", *flags.split(), "--quiet", "-d", str(log)]
        subprocess.run([*command, "-p", str(predictions)], check=True, capture_output=True)
        lines = [line for line in predictions.read_text().splitlines() if line.strip()]
    return [_probability(line, turn.right) for line, turn in zip(lines, turns, strict=True)]


def _as_text(example: TrainingExample) -> str:
    """As our policy learns it: cost −reward, unweighted."""
    lines = [f"shared |S {_features(example.shared)}"]
    for index, candidate in enumerate(example.candidates):
        label = f"0:{-example.reward}:1 " if index == example.chosen else ""
        lines.append(f"{label}|A {_features(candidate.features)}")
    return "\n".join(lines) + "\n\n"


def _features(features: Mapping[str, float]) -> str:
    return " ".join(f"{_NOT_IN_TEXT.sub('_', name)}:{value!r}" for name, value in features.items())


def _probability(line: str, action: int) -> float:
    pairs = (pair.split(":") for pair in line.split(","))
    return next(float(probability) for index, probability in pairs if int(index) == action)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
