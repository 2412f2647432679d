"""What an audit means for an estimate: trust, caution or not evaluable, with the reasons in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from simulator.audit.audit import Audit
from simulator.audit.deviation import Deviation, by_holm

SURE = 1e-4
DOUBTFUL = 1e-3
"""P-values, adjusted for how many there are, from which on propensities are wrong or doubtful."""

LITTLE, MATERIAL = 0.02, 0.05
"""Deviations in parts of what is expected: one below the first does not count, one below the second is no more than
doubtful, however sure it is."""

LEAST_EFFECTIVE, FEW_EFFECTIVE = 50.0, 500.0
TOP_SHARE = 0.5
SOME_UNSUPPORTED, MUCH_UNSUPPORTED = 0.001, 0.05
SOME_BAD, MANY_BAD = 0.01, 0.25
NAMED = 3


class Level(IntEnum):
    """How far an estimate may be believed; the value is the exit code of a command."""

    TRUST = 0
    CAUTION = 3
    NOT_EVALUABLE = 4

    def __str__(self) -> str:
        return self.name.lower().replace("_", " ")


class Reason(NamedTuple):
    """One thing that was found."""

    level: Level
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst of its reasons, which come worst first; without any, the estimate may be trusted."""

    reasons: tuple[Reason, ...]

    @property
    def level(self) -> Level:
        """How far the estimate may be believed."""
        return max((reason.level for reason in self.reasons), default=Level.TRUST)

    @property
    def exit_code(self) -> int:
        """0, 3 or 4."""
        return int(self.level)

    def __str__(self) -> str:
        return "; ".join([str(self.level), *(reason.words for reason in self.reasons)])


def judged(audit: Audit) -> Verdict:
    """The verdict on what an audit found."""
    return Verdict(tuple(sorted(_reasons(audit), key=lambda reason: -reason.level)))


def _reasons(audit: Audit) -> Iterator[Reason]:
    yield from _row_reasons(audit)
    if audit.rows.usable:
        yield from _weight_reasons(audit)
        yield from _action_reasons(audit)
        yield from _propensity_reasons(audit)
        yield from _seed_reasons(audit)


def _row_reasons(audit: Audit) -> Iterator[Reason]:
    rows = audit.rows
    if not rows.usable:
        yield Reason(Level.NOT_EVALUABLE, f"none of {rows.total:,} rows can be used")
    if rows.in_sample:
        level = Level.CAUTION if rows.usable else Level.NOT_EVALUABLE
        yield Reason(level, f"in-sample: {rows.in_sample:,} rows that the policy may have learned from were left out")
    if rows.deterministic:
        level = Level.CAUTION if rows.deterministic > rows.total / 2 else Level.TRUST
        yield Reason(level, f"{rows.deterministic:,} rows in which nothing was left to chance were left out")
    if rows.unsettled:
        yield Reason(Level.TRUST, f"{rows.unsettled:,} rows without a final reward were left out")
    if rows.unpriced:
        yield Reason(Level.NOT_EVALUABLE, f"{rows.unpriced:,} rows have no propensity")
    share = audit.bad / (audit.bad + rows.total) if audit.bad else 0.0
    if share > SOME_BAD:
        level = Level.NOT_EVALUABLE if share > MANY_BAD else Level.CAUTION
        yield Reason(level, f"{audit.bad:,} rows ({share:.1%}) cannot be used: see what is wrong with them")


def _weight_reasons(audit: Audit) -> Iterator[Reason]:
    weights = audit.weights
    effective = f"effective sample size {weights.effective:,.1f} of {weights.moments.n:,}"
    told = f"{effective}, largest weight {weights.largest:,.4g}"
    if weights.effective < LEAST_EFFECTIVE:
        yield Reason(Level.NOT_EVALUABLE, f"{told}: the logger did too seldom what the policy would do")
    elif weights.effective < FEW_EFFECTIVE:
        yield Reason(Level.CAUTION, told)
    if weights.top_share > TOP_SHARE and weights.moments.n > 2 * len(weights.top):
        yield Reason(Level.CAUTION, f"{len(weights.top)} rows carry {weights.top_share:.0%} of all weight")
    for each in by_holm(weights.deviations()):
        level = _level(each)
        if level:
            yield Reason(
                level,
                f"mean weight {each.name} is {each.found:.3g}, and is 1 where propensities are true ({_tested(each)})",
            )


def _action_reasons(audit: Audit) -> Iterator[Reason]:
    unsupported = audit.actions.unsupported
    if unsupported > SOME_UNSUPPORTED:
        level = Level.NOT_EVALUABLE if unsupported > MUCH_UNSUPPORTED else Level.CAUTION
        yield Reason(level, f"{unsupported:.1%} of what the policy would do the logger never did")


def _propensity_reasons(audit: Audit) -> Iterator[Reason]:
    if audit.propensities == "estimated":
        yield Reason(Level.CAUTION, "propensities are estimated: what they do not know of the logger is not corrected")
        return
    found = [(each, level) for each in by_holm(audit.actions.deviations()) if (level := _level(each))]
    if not found:
        return
    uniform = "every propensity is 1 / n, but the logger was not uniform: " if audit.actions.uniform else ""
    named = ", ".join(f"{each.name!r} {_ratio(each)}" for each, _ in sorted(found, key=_surest)[:NAMED])
    words = f"{uniform}{len(found)} actions were not chosen as often as their propensities say: {named}"
    yield Reason(max(level for _, level in found), words)


def _seed_reasons(audit: Audit) -> Iterator[Reason]:
    agreement = audit.agreement
    if agreement.p_value < SURE:
        words = f"logger and policy share a seed: they drew the same in {agreement.agreed / agreement.n:.1%} of rows, "
        yield Reason(Level.NOT_EVALUABLE, f"{words}not in {agreement.expected / agreement.n:.1%}")


def _level(deviation: Deviation) -> Level:
    if deviation.p_value > DOUBTFUL or deviation.relative < LITTLE:
        return Level.TRUST
    sure = deviation.p_value < SURE and deviation.relative > MATERIAL
    return Level.NOT_EVALUABLE if sure else Level.CAUTION


def _surest(found: tuple[Deviation, Level]) -> tuple[float, str]:
    return (-abs(found[0].z), found[0].name)


def _ratio(deviation: Deviation) -> str:
    return f"{deviation.found / deviation.expected:.2f} × ({_tested(deviation)})"


def _tested(deviation: Deviation) -> str:
    return f"z = {deviation.z:+.1f}, p = {deviation.p_value:.1g}"
