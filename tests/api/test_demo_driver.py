"""The driver lets every visit happen, reports every outcome once, and tallies what the answers said."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import pytest

from api.client import AsyncClient, ProblemError, Unreachable
from api.demo.driver import drive
from api.demo.pace import Pace
from api.demo.tally import Tally
from simulator.worlds.visits import Happening, Response, Visit

QUICK = Pace(concurrency=4, mean_delay_s=0.001, longest_delay_s=0.01, patience_s=0.0)


@dataclass(frozen=True)
class LikesGreen:
    """A turn of somebody who clicks and then buys whatever is green."""

    happenings: tuple[Happening, ...] = (Happening("product_viewed", {"category": "books"}),)
    placements: tuple[str, ...] = ("greeting", "offer")
    context: dict[str, str] = field(default_factory=lambda: {"device": "mobile"})

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        assert candidates == ["green", "red"]
        both = {"clicked": 1.0, "bought": 1.0}
        return Response(both, 1.0, 0.9, 0.9) if action == "green" else Response({}, 0.0, 0.1, 0.9)


@dataclass(frozen=True)
class ReallySawGreen(LikesGreen):
    """Somebody of whom only is known what green was worth: 3.5."""

    happenings: tuple[Happening, ...] = ()
    placements: tuple[str, ...] = ("offer",)

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        return Response({"spent": 3.5}, 3.5) if action == "green" else Response({}, 0.0, shown=False)


@dataclass
class Colours:
    """A service that answers green and red in turns; nothing is eligible for users called ``nobody``."""

    away: int = 0
    turns: int = 0
    events: Counter[str] = field(default_factory=Counter)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.away:
            self.away -= 1
            return httpx.Response(503, json={"title": "Journal unavailable"})
        if request.url.path.endswith("/shown"):
            self.calls.append(f"shown {request.url.path.split('/')[3]}")
            return httpx.Response(202, json={"duplicate": False})
        body = json.loads(request.content)
        if request.url.path == "/v1/outcomes":
            self.calls += [f"outcome {outcome['decision_id']}" for outcome in body["outcomes"]]
            self.outcomes += body["outcomes"]
            return httpx.Response(202, json={"accepted": len(body["outcomes"])})
        if request.url.path.endswith("/events"):
            self.events.update(event["event"] for event in body["events"])
            return httpx.Response(202, json={"accepted": len(body["events"])})
        self.turns += 1
        self.calls.append(f"deferred {body.get('deferred', False)}")
        decisions = [self._decision(body, placement) for placement in body["placements"]]
        return httpx.Response(200, json={"turn_id": body["turn_id"], "decisions": decisions})

    def _decision(self, body: dict[str, Any], placement: str) -> dict[str, Any]:
        action = None if body["user_id"] == "nobody" else {"id": "green" if self.turns % 2 else "red"}
        return {
            "decision_id": f"{body['turn_id']}-{placement}",
            "placement": placement,
            "action": action,
            "propensity": 0.5,
            "ranking": [{"id": "green", "probability": 0.5}, {"id": "red", "probability": 0.5}],
            "policy": "uniform",
            "model_version": "none",
            "group": "random",
            "reason": "random",
            "expires_at": "2030-01-01T00:00:00+00:00",
        }

    def connect(self) -> AsyncClient:
        return AsyncClient("http://double", transport=httpx.MockTransport(self), attempts=1)


def visits(count: int, user: str = "u") -> list[Visit]:
    return [Visit(f"{user}", f"s-{number}", [LikesGreen(), LikesGreen()]) for number in range(count)]


def driven(service: Colours, some: list[Visit], pace: Pace = QUICK) -> tuple[Tally, int]:
    tally, seen = Tally(), []
    asyncio.run(drive(service.connect, some, tally, pace=pace, progress=lambda t: seen.append(t), seed=1))
    return tally, len(seen)


def test_every_turn_is_asked_once_and_every_outcome_arrives_once() -> None:
    service = Colours()
    tally, progressed = driven(service, visits(25))
    assert service.turns == progressed == 50
    assert service.events == {"product_viewed": 50}
    assert len(tally.exposures) == 100
    earned = {exposure.decision_id for exposure in tally.exposures if exposure.reward == 1.0}
    assert len(earned) == 50
    assert Counter((o["decision_id"], o["metric"]) for o in service.outcomes) == {
        (decision_id, metric): 1 for decision_id in earned for metric in ("clicked", "bought")
    }


def test_outcomes_of_a_decision_arrive_in_the_order_of_their_happening() -> None:
    service = Colours()
    driven(service, visits(10))
    order: dict[str, list[str]] = {}
    for outcome in service.outcomes:
        order.setdefault(outcome["decision_id"], []).append(outcome["metric"])
    assert all(metrics == ["clicked", "bought"] for metrics in order.values())


def test_the_tally_knows_what_the_answer_said() -> None:
    tally, _ = driven(Colours(), visits(1))
    exposure = tally.exposures[0]
    assert (exposure.user_id, exposure.group, exposure.placement) == ("u", "random", "greeting")
    assert (exposure.expected, exposure.best, exposure.propensity) == (0.9, 0.9, 0.5)
    assert tally.recent_mean("random") == 0.5
    assert tally.recent_mean("champion") is None


def test_a_turn_without_any_eligible_action_is_counted_and_earns_nothing() -> None:
    service = Colours()
    tally, _ = driven(service, visits(3, user="nobody"))
    assert (tally.nothing_eligible, tally.exposures, service.outcomes) == (12, [], [])


def test_what_was_never_shown_is_neither_reported_nor_an_exposure() -> None:
    service = Colours()
    logged = [Visit("u", f"s-{number}", [ReallySawGreen()], deferred=True) for number in range(10)]
    tally, _ = driven(service, logged)
    assert (tally.decisions, tally.unseen, len(tally.exposures)) == (10, 5, 5)
    assert {(outcome["metric"], outcome["value"]) for outcome in service.outcomes} == {("spent", 3.5)}
    assert service.calls.count("deferred True") == 10
    shown = {exposure.decision_id for exposure in tally.exposures}
    assert {outcome["decision_id"] for outcome in service.outcomes} == shown
    assert all(service.calls.index(f"shown {id}") < service.calls.index(f"outcome {id}") for id in shown)


def test_a_paced_run_takes_its_time() -> None:
    loop_seconds = 19 / 200.0
    started = time.monotonic()
    driven(Colours(), visits(10), replace(QUICK, turns_per_second=200.0))
    assert time.monotonic() - started >= loop_seconds


def test_no_visit_starts_after_the_time_is_up() -> None:
    service = Colours()
    driven(service, visits(50), Pace(concurrency=2, seconds=-1.0, patience_s=0.0))
    assert service.turns == 0


def test_a_service_that_is_away_for_a_moment_loses_nothing() -> None:
    service = Colours(away=3)
    patient = Pace(concurrency=2, mean_delay_s=0.001, longest_delay_s=0.01, patience_s=30.0)
    tally, _ = driven(service, visits(4), patient)
    assert len(tally.exposures) == 16


def test_a_service_that_stays_away_ends_the_run_with_its_own_error() -> None:
    with pytest.raises(ProblemError, match="503"):
        driven(Colours(away=1_000_000), visits(4))


def test_a_service_that_cannot_be_reached_ends_the_run() -> None:
    def gone(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    async def run() -> None:
        connect = lambda: AsyncClient("http://double", transport=httpx.MockTransport(gone))  # noqa: E731
        await drive(connect, visits(4), Tally(), pace=QUICK, progress=lambda t: None, seed=1)

    with pytest.raises(Unreachable):
        asyncio.run(run())
