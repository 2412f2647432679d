"""A sample of decisions is bounded, comes from everywhere in the journal, and knows what came of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from api.sampled import Decisions
from api.settings import Settings
from api.wiring import open_keys
from engine.errors import ConfigError
from engine.records.schema import SettlementRecord
from features.observed import Observed

TURNS = 120
REWARDED = 0.25


def ask(edge, number: int) -> None:
    body = {
        "decision_id": f"d-{number}",
        "placement": "greeting" if number % 2 else "offer",
        "session_id": f"s-{number}",
        "user_id": f"u-{number % 10}",
        "consent": number % 10 != 3,
        "context": {"channel": "app", "number": number},
    }
    assert edge.send("POST", "/v1/decisions", json=body).status_code == 200


@pytest.fixture
def settings(own_edge) -> Settings:
    """A home in which 120 decisions were made by ten people, and one was settled."""
    for number in range(TURNS):
        ask(own_edge, number)
    journal = own_edge.service.journal.journals[0]
    stored = journal.find("decision", "d-7")
    settled = SettlementRecord(
        decision_id="d-7",
        decision_position=stored.position,
        placement="greeting",
        reward=REWARDED,
        outcomes=1,
        learn=True,
    )
    journal.append([settled])
    found: Settings = own_edge.service.settings
    return found


def sampled(decisions: Decisions, most: int) -> list[Observed]:
    behind: list[int] = []
    sample = list(decisions.sample(most, behind.append))
    assert behind == sorted(behind)
    assert behind[-1] == decisions.records()
    return sample


def numbers(sample: list[Observed]) -> Iterator[int]:
    return (int(decision.values["request.number"]) for decision in sample)


def test_all_means_all_in_order(settings: Settings) -> None:
    assert list(numbers(sampled(Decisions(settings), 0))) == list(range(TURNS))


@pytest.mark.parametrize("most", [1, 7, 30, 100])
def test_a_sample_is_bounded_and_comes_from_everywhere(settings: Settings, most: int) -> None:
    found = list(numbers(sampled(Decisions(settings), most)))
    assert 0.7 * most <= len(found) <= most
    assert found == sorted(set(found))
    if most >= 7:
        assert found[0] < TURNS / 5
        assert found[-1] > TURNS * 4 / 5


def test_a_decision_is_told_as_it_was_made(settings: Settings) -> None:
    told = sampled(Decisions(settings), 0)
    assert [decision.reward for decision in told if decision.reward is not None] == [REWARDED]
    assert (told[7].reward, told[7].placement) == (REWARDED, "greeting")
    assert told[7].values["request.channel"] == "app"
    assert told[7].values["user_profile.tier"] == "new"
    assert told[7].freshness["user_profile"] == "missing"
    assert (set(told[3].keys), set(told[4].keys)) == ({"session_id"}, {"session_id", "user_id"})
    assert len({decision.unit for decision in told}) == 9 + TURNS // 10


def test_one_placement_alone_can_be_asked_for(settings: Settings) -> None:
    told = sampled(Decisions(settings, placement="offer"), 0)
    assert {decision.placement for decision in told} == {"offer"}
    assert len(told) == TURNS / 2


def test_who_was_forgotten_is_left_out_and_counted(settings: Settings) -> None:
    assert open_keys(settings).forget("user", "u-4") == 1
    decisions = Decisions(settings)
    assert len(sampled(decisions, 0)) == TURNS * 9 / 10
    assert decisions.forgotten == TURNS / 10


def test_an_empty_home_has_nothing_to_sample(make_home, tmp_path) -> None:
    with pytest.raises(ConfigError, match="nothing is recorded"):
        Decisions(Settings(home=make_home(tmp_path / "empty")))
