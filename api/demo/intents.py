"""BANKING77: what bank customers wrote, 77 answers, and word only of whether the given one helped."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from rich.console import Console

from api.demo.count import JournalCount, count_when_settled
from api.demo.dataset import Example, Ran
from api.demo.errors import DemoFailed
from api.demo.home import DemoHome
from api.demo.pace import Pace
from api.demo.rate import rate
from engine.config import ActionSpec, Config, PlacementSpec, PolicySpec, RewardSpec, TrafficSpec
from engine.journal.open import open_journal
from feature_repo.table.schema import REQUEST, TableSchema
from feature_repo.table.write import write_repository
from features.schema import FeatureSpec
from simulator.logged.intents import TEXT, IntentVisits, Sentence, intents_of, read_sentences
from simulator.worlds.visits import Visit

POLICY = PolicySpec()
TRAFFIC = TrafficSpec(champion=0.95, random=0.05)
EPSILON = 0.02
WINDOW, GRACE = "1s", "1s"
PACE = Pace(turns_per_second=60.0)

FILES = ("train.csv.gz", "train.csv")
PLACEMENT, METRIC = "answer", "helped"
LAST_TURNS = 2_000
COMMENT = "Every intent is an action, and the sentence comes with the request."
EXAMPLE = Example(
    '{"placement": "answer", "session_id": "s-1", "context": {"text": "My card has still not arrived"}}', METRIC
)
SCHEMA = TableSchema(
    service=PLACEMENT,
    request=(FeatureSpec(REQUEST, TEXT, "string", "", "what the customer wrote", free_text=True),),
)


class IntentResult(msgspec.Struct, frozen=True, kw_only=True):
    """What the journal says about the last turns; a guess among all intents is right with ``uniform_rate``."""

    metric: str
    decisions: int
    matched: int
    last_turns: int
    last_turns_rate: float | None
    interval: tuple[float, float] | None
    line: str
    uniform_rate: float
    unsettled: int


@dataclass(slots=True)
class Intents:
    """The sentences in a folder of the data set, in an order that the seed shuffles."""

    folder: Path
    seed: int
    limit: int | None = None
    pace: Pace = PACE
    example: Example = EXAMPLE
    _read: tuple[Sentence, ...] = field(default=(), init=False)

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """The folder's content, read once. Raises ``DemoFailed``, ``LogRefused``."""
        if not self._read:
            self._read = read_sentences(_file_in(self.folder))
        return self._read

    @property
    def decisions(self) -> int:
        """One a sentence."""
        return len(self._visits())

    def prepare(self, home: DemoHome) -> str:
        """A bot with one action an intent, and a Feast repository without any user."""
        home.write_config(bot_of(intents_of(self.sentences)), COMMENT)
        write_repository(SCHEMA, home.own_repository)
        return f"nothing about anybody; {len(self.sentences):,} sentences will tell"

    def visits(self) -> Iterable[Visit]:
        """Every sentence once."""
        return self._visits()

    def conclude(self, ran: Ran, console: Console) -> IntentResult:
        """The rate of answers that helped, beside that of a guess."""
        with console.status("waiting for the last reward windows to close"):
            count = count_when_settled(open_journal(ran.home.journal_url))
        result = result_of(count, len(intents_of(self.sentences)))
        last = f"the last {result.last_turns:,} of {result.decisions:,} answers (seed {ran.seed})"
        console.print(f"{METRIC} in {last}, from the journal: {result.line}", style="bold green", soft_wrap=True)
        console.print(f"a guess is right with {result.uniform_rate:.4f}")
        return result

    def _visits(self) -> IntentVisits:
        return IntentVisits(self.sentences, PLACEMENT, METRIC, self.seed, self.limit)


def bot_of(intents: tuple[str, ...]) -> Config:
    """A bot that can say one thing about each intent."""
    placement = PlacementSpec(
        reward=RewardSpec(metrics={METRIC: 1.0}, window=WINDOW, grace=GRACE),
        policy=POLICY,
        traffic=TRAFFIC,
        epsilon=EPSILON,
        baseline=intents[0],
        fallback={"en": "What can I help with?"},
        actions=tuple(_action(intent) for intent in intents),
    )
    return Config(schema_version=1, bot="bank", placements={PLACEMENT: placement})


def result_of(count: JournalCount, intents: int) -> IntentResult:
    """What a count of the journal says about its last turns."""
    last = rate(count.decisions[-LAST_TURNS:])
    return IntentResult(
        metric=METRIC,
        decisions=len(count.decisions),
        matched=len(count.earned()),
        last_turns=min(LAST_TURNS, len(count.decisions)),
        last_turns_rate=last.mean,
        interval=last.interval,
        line=last.line,
        uniform_rate=1.0 / intents,
        unsettled=count.unsettled,
    )


def _action(intent: str) -> ActionSpec:
    """Its words are features: what is learned about ``card`` helps with every answer about cards."""
    words = intent.split("-")
    return ActionSpec(
        id=intent, templates={"en": f"I can help with: {' '.join(words)}."}, features={w: True for w in words if w}
    )


def _file_in(folder: Path) -> Path:
    for name in FILES:
        if (folder / name).is_file():
            return folder / name
    raise DemoFailed(f"{folder}: expected a folder with {' or '.join(FILES)}")
