"""Sentences whose intent is known: a few intents are offered, and only the right one helps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, ClassVar

import numpy as np

from engine.encode.codes import Encoded, FreeText
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.types import Candidate
from simulator.logged.errors import LogRefused
from simulator.logged.intents import TEXT, Sentence, intents_of, read_sentences
from simulator.worlds.stamp import Stamp, stamp_of
from simulator.worlds.world import Round

SECOND_US = 1_000_000
INTENT = "intent"
FILES_REMEMBERED = 4
_ORDER, _OFFERS = 13, 14
"""Streams of random numbers under one seed; other worlds have those before."""


class SentencesWorld:
    """Every sentence of a file once, in an order that the run's seed shuffles.

    The context is the sentence's words, and each two that follow each other, as the engine encodes free text.

    Args:
        path: a CSV with the columns ``text`` and ``category``, perhaps gzipped.
        offered: how many intents there are to choose from in a round, the right one and others drawn at random; all
            of them, if 0 or more than there are.
        described: whether policies see the words of an intent's name, beside its id.

    Raises:
        ConfigError: one intent offered, or fewer than none: no choice.
        LogRefused: the file is no such table, or has a single intent.
    """

    name = "sentences"
    reward_range = (0.0, 1.0)
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = ()

    def __init__(self, path: str, offered: int = 10, described: bool = False) -> None:
        if offered < 0 or offered == 1:
            raise ConfigError(f"offered: expected 2 or more, or 0 for all of them, found {offered}")
        self.path = path
        self.offered = offered
        self.described = described
        self.sentences = _read(stamp_of(path))
        intents = intents_of(self.sentences)
        if len(intents) < 2:
            raise LogRefused(f"{path}: expected 2 or more intents, found {len(intents)}")
        self.candidates = tuple(_candidate(intent, described) for intent in intents)

    def __reduce__(self) -> tuple[type[SentencesWorld], tuple[Any, ...]]:
        """Other processes read the file themselves."""
        return SentencesWorld, (self.path, self.offered, self.described)

    def play(self, count: int, seed: int) -> SentencesPlay:
        """See ``World.play``."""
        return SentencesPlay(self, count, seed)


class SentencesPlay:
    """One run; nobody remembers."""

    def __init__(self, world: SentencesWorld, count: int, seed: int) -> None:
        self._world = world
        self._count = count
        self._seed = seed

    def __iter__(self) -> Iterator[Round]:
        """See ``Play.__iter__``."""
        sentences, text = self._world.sentences, FreeText(TEXT)
        order, offers = (np.random.default_rng([self._seed, part]) for part in (_ORDER, _OFFERS))
        for number, row in enumerate(order.permutation(len(sentences))[: self._count].tolist()):
            shared: Encoded = {}
            text.add(sentences[row].text, shared)
            candidates = self._offered(sentences[row].intent, offers)
            earned = tuple(float(each.id == sentences[row].intent) for each in candidates)
            time_us = number * SECOND_US
            yield Round(number, time_us, f"row-{row + 1}", shared, candidates, earned, earned, earned)

    def shown(self, round: Round, index: int) -> None:
        """See ``Play.shown``."""

    def _offered(self, right: str, rng: np.random.Generator) -> tuple[Candidate, ...]:
        """In the order of all of them, which says nothing of which is right."""
        every, offered = self._world.candidates, self._world.offered
        if offered == 0 or offered >= len(every):
            return every
        order: list[int] = rng.permutation(len(every)).tolist()
        others = [place for place in order if every[place].id != right][: offered - 1]
        chosen = frozenset(others)
        return tuple(each for place, each in enumerate(every) if place in chosen or each.id == right)


def _candidate(intent: str, described: bool) -> Candidate:
    encoded: Encoded = StandardEncoder(StandardSpec()).action(intent, {})
    if described:
        FreeText(INTENT).add(intent, encoded)
    return Candidate(intent, intent, encoded)


@lru_cache(FILES_REMEMBERED)
def _read(stamp: Stamp) -> tuple[Sentence, ...]:
    return read_sentences(stamp.path)
