"""A bot with a past, and where it is archived."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.archive.files import LocalFiles
from engine.archive.write import Archiver

TURNS = 12


def live(bot: Any, turns: int = TURNS) -> Any:
    """Turns in two placements on two days, with outcomes, answers without chance, and a decision never shown."""
    learner = bot.learner()
    for n in range(turns):
        placement = ("greeting", "offer")[n % 3 == 2]
        decision = bot.ask(placement, context={"n": n}, explore=n % 5 != 4, deferred=n % 6 == 5)
        if n % 2:
            bot.tell(decision.id, 0.5, outcome_id=f"o{n}")
        if n % 4 == 3:
            bot.settle(learner)
            bot.clock.advance(6 * 3600)
    bot.settle(learner)
    return bot


@pytest.fixture
def lived(bot: Any) -> Any:
    """The bot after it has lived."""
    return live(bot)


@pytest.fixture
def files(tmp_path: Path) -> LocalFiles:
    """An empty archive."""
    return LocalFiles(tmp_path / "archive")


@pytest.fixture
def archive(lived: Any, files: LocalFiles) -> Callable[..., Archiver]:
    """Archives what the bot's journal has, in files of 10 records."""

    def run(**options: Any) -> Archiver:
        archiver = Archiver(lived.journal, options.pop("files", files), part_rows=10, **options)
        while archiver.archive():
            pass
        return archiver

    return run
