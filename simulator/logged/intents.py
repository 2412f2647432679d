"""Sentences whose intent is known, as a bandit problem: an answer helps or not, and nobody says which would have.

I. Casanueva, T. Temčinas, D. Gerz, M. Henderson, I. Vulić, "Efficient intent detection with dual sentence encoders",
NLP4ConvAI 2020, has the sentences of bank customers that this was made for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from features.vector import Scalar
from simulator.logged.errors import LogRefused
from simulator.logged.mapping import action_id
from simulator.logged.table import read_table
from simulator.worlds.visits import Happening, Response, Visit

TEXT, INTENT = "text", "category"
LONGEST_TEXT = 4_096
_SHUFFLE = 8


class Sentence(NamedTuple):
    """What somebody wrote, and the id of the action that answers it."""

    text: str
    intent: str


def read_sentences(path: Path) -> tuple[Sentence, ...]:
    """Every sentence of a file with the columns ``text`` and ``category``. Raises ``LogRefused``."""
    table = read_table(path, (TEXT, INTENT))
    text, intent = table.index(TEXT), table.index(INTENT)
    for number, cells in table.lines:
        if len(cells) != len(table.header) or len(cells[text]) > LONGEST_TEXT or not action_id(cells[intent]):
            expected = f"a text of at most {LONGEST_TEXT} characters and its intent"
            raise LogRefused(f"{path}: line {number}: expected {expected}, found {len(cells)} cells")
    return tuple(Sentence(cells[text], action_id(cells[intent])) for _, cells in table.lines)


def intents_of(sentences: Sequence[Sentence]) -> tuple[str, ...]:
    """Every intent, sorted."""
    return tuple(sorted({sentence.intent for sentence in sentences}))


@dataclass(frozen=True, slots=True)
class IntentTurn:
    """One sentence, in want of its answer."""

    sentence: Sentence
    placement: str
    metric: str
    happenings: tuple[Happening, ...] = ()

    @property
    def context(self) -> Mapping[str, Scalar]:
        """The sentence."""
        return {TEXT: self.sentence.text}

    @property
    def placements(self) -> tuple[str, ...]:
        """The only one."""
        return (self.placement,)

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        """1 if the answer is the right one."""
        return Response({self.metric: 1.0}, 1.0) if action == self.sentence.intent else Response({}, 0.0)


@dataclass(frozen=True, slots=True)
class IntentVisits:
    """Every sentence once, each somebody else's, in an order that ``seed`` shuffles; ``limit`` of them, if given."""

    sentences: Sequence[Sentence]
    placement: str
    metric: str
    seed: int
    limit: int | None = None

    def __len__(self) -> int:
        return len(self.sentences) if self.limit is None else min(len(self.sentences), self.limit)

    def __iter__(self) -> Iterator[Visit]:
        order = np.random.default_rng([self.seed, _SHUFFLE]).permutation(len(self.sentences))[: len(self)]
        for index in order:
            turn = IntentTurn(self.sentences[index], self.placement, self.metric)
            yield Visit(f"customer-{index}", f"visit-{index}", (turn,))
