"""What a benchmark answers: a measured ratio (or time) beside what was promised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Answer:
    """One line of the table.

    Attributes:
        promise: in words; ``kept`` says whether ``measured`` keeps it, ``None`` where nothing was promised.
        detail: the absolute figures behind the ratio, for people; ``figures`` are the same for programs.
    """

    question: str
    promise: str
    measured: str
    kept: bool | None
    detail: str
    figures: Mapping[str, float] = field(default_factory=dict)


NOT_PROMISED = "none"
