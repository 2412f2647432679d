"""The report counts users, not decisions, and refuses what cannot be known."""

from __future__ import annotations

import asyncio
import io

import httpx
import numpy as np
import pytest
from rich.console import Console

from api.client import AsyncClient
from api.demo.aftermath import every, settled_as_seen, worth_explaining
from api.demo.report import by_user, report
from api.demo.tables import print_explanation, print_report, shares
from api.demo.tally import Exposure
from engine.stats.lift import lift
from engine.stats.sums import Moments


def exposure(user: str, group: str, reward: float, *, placement: str = "offer", propensity: float = 0.2) -> Exposure:
    reason = "policy" if group == "champion" else "random"
    return Exposure(f"{user}-{reward}", user, group, placement, reason, propensity, reward, reward / 2.0, 1.0)


def many(users: int = 200) -> list[Exposure]:
    rng = np.random.default_rng(2)
    seen = []
    for number in range(users):
        group, rate = ("random", 0.2) if number % 4 == 0 else ("champion", 0.6)
        turns = int(rng.integers(1, 6))
        seen += [exposure(f"u{number}", group, float(rng.random() < rate)) for _ in range(turns)]
    return seen


def test_a_user_counts_once_however_often_it_came() -> None:
    often = [exposure("a", "random", 1.0)] * 99 + [exposure("b", "random", 0.0)]
    assert by_user(often) == Moments.from_array([1.0, 0.0])


def test_the_lift_is_the_lift_of_user_means() -> None:
    seen = many()
    groups = [by_user([e for e in seen if e.group == name]) for name in ("champion", "random")]
    expected = lift(*groups)
    overall = report(seen).overall.lift
    assert (overall.difference, overall.low, overall.high) == (expected.difference, expected.low, expected.high)
    assert overall.line == str(expected)
    assert overall.low is not None
    assert overall.low > 0.0


def test_a_user_who_changes_groups_counts_only_where_it_entered() -> None:
    seen = [*many(), exposure("u0", "champion", 1.0), exposure("u0", "champion", 1.0)]
    assert report(seen).overall.champion == report(many()).overall.champion


def test_shares_are_expected_reward_by_the_best_possible() -> None:
    seen = [exposure("a", "champion", 1.0), exposure("b", "champion", 0.0), exposure("c", "random", 0.0)]
    overall = report(seen).overall
    assert overall.champion.share_of_best == 0.25
    assert overall.random.share_of_best == 0.0
    assert overall.best_possible == 1.0
    assert "champion 25 %" in shares(overall)


def test_the_end_of_a_run_is_its_last_quarter() -> None:
    seen = [exposure("a", "champion", 0.0)] * 75 + [exposure("b", "champion", 1.0)] * 25
    overall = report(seen).overall
    assert (overall.champion.mean_reward, overall.late.mean_reward) == (0.25, 1.0)


def test_too_few_users_give_a_refusal_and_no_number() -> None:
    result = report(many(20)).overall.lift
    assert result.line.startswith("lift not evaluable: the treated group has 15 units")
    assert (result.difference, result.low, result.high, result.relative) == (None, None, None, None)


def test_placements_are_reported_one_by_one() -> None:
    seen = [exposure("a", "champion", 1.0, placement="greeting"), exposure("a", "champion", 0.0, placement="offer")]
    parts = report(seen).placements
    assert list(parts) == ["greeting", "offer"]
    assert [part.champion.mean_reward for part in parts.values()] == [1.0, 0.0]


def test_the_report_prints_its_lift_and_its_shares_in_eighty_columns() -> None:
    out = io.StringIO()
    print_report(Console(file=out, width=80), report(many()))
    lines = out.getvalue().splitlines()
    assert any(line.startswith("lift +") and line.endswith(")") for line in lines)
    assert any(line.startswith("share of the best possible: champion") for line in lines)
    assert max(len(line) for line in lines if not line.startswith(("lift", "share"))) <= 80


def test_a_decision_worth_explaining_was_sure_right_and_the_policys() -> None:
    right, unsure = (exposure("b", "champion", 1.0, propensity=p) for p in (0.9, 0.1))
    wrong, chance = exposure("a", "champion", 0.0, propensity=0.9), exposure("c", "random", 1.0, propensity=0.9)
    assert worth_explaining([right, unsure, wrong, chance]) is right
    assert worth_explaining([unsure, wrong, chance]) is chance


def test_only_rewards_that_the_service_settled_alike_count_as_seen() -> None:
    settlements = {"a-1.0": {"reward": 1.0}, "b-0.0": {"reward": 0.3}, "c-0.0": None}
    seen = [exposure("a", "champion", 1.0), exposure("b", "champion", 0.0), exposure("c", "champion", 0.0)]

    async def run() -> int:
        answer = lambda request: httpx.Response(200, json={"settlement": settlements[request.url.path[14:]]})  # noqa: E731
        async with AsyncClient("http://double", transport=httpx.MockTransport(answer)) as client:
            return await settled_as_seen(client, seen)

    assert asyncio.run(run()) == 1


def test_a_sample_is_spread_over_the_run() -> None:
    seen = [exposure(str(number), "random", 0.0) for number in range(1_000)]
    assert list(every(seen, 10)) == seen[::100]
    assert list(every(seen[:3], 10)) == seen[:3]


@pytest.mark.parametrize("contributions", [None, [{"feature": "tier=gold × kind=status", "contribution": 0.25}]])
def test_an_explanation_prints_what_was_known_possible_and_earned(contributions: list[object] | None) -> None:
    out = io.StringIO()
    explained = {
        "decision_id": "d-1",
        "placement": "greeting",
        "action": "hello",
        "propensity": 0.75,
        "group": "champion",
        "policy": "vw",
        "model_version": "m.1",
        "content": {"text": "Hi [Ada]!"},
        "features": [{"name": "user_profile.tier", "value": "gold"}, {"name": "user_activity.visits", "value": 0}],
        "freshness": {"user_profile": "stale"},
        "candidates": [{"id": "hello", "probability": 0.75}, {"id": "hey", "probability": 0.25}],
        "filtered": {"welcome_back": "rule"},
        "outcomes": [{"metric": "continued", "value": 1.0}],
        "settlement": {"reward": 1.0, "learned": True},
        "contributions": contributions,
    }
    print_explanation(Console(file=out, width=120), explained)
    said = out.getvalue()
    for expected in ("Hi [Ada]!", "user_profile: stale", "tier=gold", "0.750", "welcome_back", "continued=1", "1.000"):
        assert expected in said
    assert "user_activity.visits" not in said
