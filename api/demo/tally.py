"""What the HTTP client saw: one exposure per decision that was shown, in the order of the answers."""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field

RECENT = 1_000


@dataclass(frozen=True, slots=True)
class Exposure:
    """One decision and what it earned.

    Attributes:
        group: of the user, as the answer named it.
        propensity: with which the shown action was chosen.
        expected, best: mean reward of the shown action and of the best candidate, if the truth is known.
    """

    decision_id: str
    user_id: str
    group: str
    placement: str
    reason: str
    propensity: float
    reward: float
    expected: float | None = None
    best: float | None = None


@dataclass(slots=True)
class Tally:
    """Grows while a run lasts; ``report`` makes sense of it. ``unseen`` decisions were never shown to anybody."""

    exposures: list[Exposure] = field(default_factory=list)
    unseen: int = 0
    nothing_eligible: int = 0
    degraded: int = 0
    _recent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=RECENT)))

    @property
    def decisions(self) -> int:
        """Decisions that chose an action."""
        return len(self.exposures) + self.unseen

    def add(self, exposure: Exposure) -> None:
        """One more decision was answered."""
        self.exposures.append(exposure)
        self._recent[exposure.group].append(exposure.reward)

    def recent_mean(self, group: str) -> float | None:
        """Mean reward of the group's last decisions."""
        recent = self._recent.get(group)
        return sum(recent) / len(recent) if recent else None
