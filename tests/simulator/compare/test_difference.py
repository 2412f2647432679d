"""Two policies on the same rows: what they do alike cancels out, and chance is called chance."""

from __future__ import annotations

import math

import numpy as np
import pytest

from engine.errors import NotEvaluable
from simulator.compare.against import against, by_part
from simulator.compare.difference import NO_DIFFERENCE, Target, difference
from simulator.compare.holm import adjusted_p_values
from simulator.compare.needed import more_decisions, units_needed
from simulator.ope.evaluated import Evaluated
from simulator.ope.ips import IPS
from simulator.ope.snips import SNIPS

ACTIONS = 4


class Log:
    """A uniform log of clicks; action 3 earns ``gap`` more than the others."""

    def __init__(self, n: int, seed: int, gap: float = 0.1) -> None:
        self.rng = np.random.default_rng(seed)
        self.n, self.chosen = n, self.rng.integers(ACTIONS, size=n)
        self.reward = (self.rng.random(n) < 0.3 + gap * (self.chosen == 3)).astype(float)

    def target(self, name: str, pmf: list[float]) -> Target:
        return Target(name, Evaluated(self.reward, np.full(self.n, 1.0 / ACTIONS), np.array(pmf)[self.chosen]))


UNIFORM, BEST, ALMOST = [0.25] * 4, [0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.02, 0.98]


def test_a_real_difference_is_found_and_named() -> None:
    log = Log(8_000, 1)
    found = difference(log.target("best", BEST), log.target("uniform", UNIFORM), SNIPS())
    assert (found.verdict, found.significant) == ("better", True)
    assert found.interval.low <= 0.075 <= found.interval.high
    assert found.interval.mean == pytest.approx(found.value - found.reference_value)
    assert difference(log.target("u", UNIFORM), log.target("b", BEST), SNIPS()).verdict == "worse"
    assert "better" in str(found)


def test_what_both_do_alike_cancels_out() -> None:
    log = Log(8_000, 2)
    paired = difference(log.target("best", BEST), log.target("almost", ALMOST), IPS())
    alone = IPS().influence(log.target("best", BEST).rows, IPS().sums(log.target("best", BEST).rows)).std()
    assert paired.deviation < 0.05 * alone


def test_intervals_cover_and_nothing_is_found_where_nothing_is() -> None:
    """Of 400 comparisons of two policies worth the same, 5 % and chance may be significant."""
    found = []
    for seed in range(400):
        log = Log(500, 1_000 + seed, gap=0.0)
        a, b = log.target("a", [0.7, 0.1, 0.1, 0.1]), log.target("b", [0.1, 0.1, 0.1, 0.7])
        found.append(difference(a, b, SNIPS()))
    allowed = 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 400)
    assert sum(each.verdict != NO_DIFFERENCE for each in found) / 400 <= allowed
    assert sum(not each.interval.low <= 0.0 <= each.interval.high for each in found) / 400 <= allowed


def test_rows_of_one_user_count_as_one() -> None:
    """Every row four times: four times the rows, and not a bit more known."""
    log = Log(1_000, 3)
    once = difference(log.target("best", BEST), log.target("uniform", UNIFORM), SNIPS())
    users = np.repeat(np.arange(1_000), 4)
    a, b = (Target(each.name, each.rows[users]) for each in (log.target("best", BEST), log.target("uniform", UNIFORM)))
    by_user = difference(a, b, SNIPS(), units=users)
    assert (by_user.interval.low, by_user.interval.high) == pytest.approx((once.interval.low, once.interval.high))
    assert (by_user.interval.n, by_user.decisions) == (1_000, 4_000)
    assert difference(a, b, SNIPS()).deviation / math.sqrt(4_000) < 0.6 * by_user.deviation / math.sqrt(1_000)


def test_policies_that_choose_alike_differ_by_nothing() -> None:
    log = Log(100, 4)
    found = difference(log.target("a", BEST), log.target("b", BEST), IPS())
    assert (found.interval.low, found.interval.high, found.p_value, found.verdict) == (0.0, 0.0, 1.0, NO_DIFFERENCE)


@pytest.mark.parametrize("rows", [slice(0, 99), slice(1, 101)])
def test_other_rows_are_refused(rows: slice) -> None:
    log = Log(101, 5)
    ours, theirs = log.target("a", BEST), log.target("b", UNIFORM)
    with pytest.raises(NotEvaluable, match="rows"):
        difference(Target("a", ours.rows[:100]), Target("b", theirs.rows[rows]), IPS())


def test_units_of_other_rows_and_too_few_units_are_refused() -> None:
    log = Log(100, 6)
    ours, theirs = log.target("a", BEST), log.target("b", UNIFORM)
    with pytest.raises(NotEvaluable, match="99 units for 100 rows"):
        difference(ours, theirs, IPS(), units=np.arange(99))
    with pytest.raises(NotEvaluable, match="units"):
        difference(ours, theirs, IPS(), units=np.arange(100) % 5)


def test_holm_is_holm() -> None:
    """The example of his paper's kind: sorted p-values times what is left, never falling."""
    assert adjusted_p_values(np.array([0.01, 0.04, 0.03, 0.005])) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert adjusted_p_values(np.array([0.9, 0.8])).tolist() == [1.0, 1.0]
    assert adjusted_p_values(np.zeros(0)).tolist() == []


def test_ten_policies_worth_the_same_are_seldom_told_apart() -> None:
    """The chance of any false verdict among ten is at most 5 %, and Monte Carlo error, over 300 logs."""
    wrong = 0
    for seed in range(300):
        log = Log(400, 5_000 + seed, gap=0.0)
        targets = [log.target(f"p{number}", log.rng.dirichlet(np.ones(ACTIONS)).tolist()) for number in range(10)]
        found = against(log.target("uniform", UNIFORM), targets, SNIPS())
        wrong += any(each.significant for each in found)
    assert wrong / 300 <= 0.05 + 3.0 * math.sqrt(0.05 * 0.95 / 300)


def test_parts_are_compared_each_by_itself_and_the_small_ones_are_named() -> None:
    log = Log(6_010, 7)
    days = np.datetime64("2026-03-01") + np.concatenate([np.repeat(np.arange(3), 2_000), np.full(10, 3)])
    parts = by_part(log.target("best", BEST), log.target("uniform", UNIFORM), SNIPS(), days.astype("datetime64[D]"))
    assert [part.label for part in parts] == ["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04"]
    assert [part.decisions for part in parts] == [2_000, 2_000, 2_000, 10]
    assert all(part.difference is not None and part.difference.decisions == 2_000 for part in parts[:3])
    assert parts[3].difference is None
    assert "10 units" in str(parts[3].reason)


def test_parts_know_their_units() -> None:
    log = Log(400, 8)
    segments = np.where(np.arange(400) < 200, "new", "old")
    ours, theirs = log.target("a", BEST), log.target("b", UNIFORM)
    parts = by_part(ours, theirs, IPS(), segments, units=np.arange(400) // 2)
    assert [part.difference.interval.n for part in parts if part.difference is not None] == [100, 100]


def test_as_many_decisions_as_it_says_find_the_difference_as_often_as_it_says() -> None:
    """Deviation 2, effect 0.5: 126 units for a power of 80 %, by simulation of 2,000 tests."""
    n = units_needed(2.0, 0.5)
    assert n == 126
    samples = np.random.default_rng(9).normal(0.5, 2.0, size=(2_000, n))
    found = np.abs(samples.mean(axis=1)) > 1.96 * samples.std(axis=1, ddof=1) / math.sqrt(n)
    assert abs(found.mean() - 0.8) <= 3.0 * math.sqrt(0.8 * 0.2 / 2_000) + 0.01


def test_decisions_still_missing_are_counted_from_those_there_are() -> None:
    log = Log(300, 10, gap=0.05)
    found = difference(log.target("best", BEST), log.target("uniform", UNIFORM), SNIPS())
    wanted = units_needed(found.deviation, 0.0375)
    assert more_decisions(found, effect=0.0375) == wanted - 300
    assert more_decisions(found, effect=10.0) == 0
    alike = difference(log.target("a", BEST), log.target("b", BEST), SNIPS())
    with pytest.raises(NotEvaluable, match="difference of nothing"):
        more_decisions(alike)
