"""Customers of the shop visiting it, one session after another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.vector import Scalar
from simulator.worlds.customers import Customer
from simulator.worlds.shop import ShopWorld
from simulator.worlds.situation import DEVICE_SHARES, DEVICES, Situation
from simulator.worlds.visits import Happening, Response, Visit

HOUR_S = 3_600
FIRST_TURN = ("greeting", "offer", "recommendation")
LATER_TURN = ("offer", "recommendation")
TURN_SHARES = (0.35, 0.35, 0.2, 0.1)
"""Share of sessions with 1, 2, … turns."""
TURNS_PER_SESSION = sum(n * share for n, share in enumerate(TURN_SHARES, start=1))
"""On average."""
DECISIONS_PER_TURN = len(LATER_TURN) + 1.0 / TURNS_PER_SESSION
"""On average: every session has one first turn."""

INTENTS = ("browse", "order_status", "gift", "return")


@dataclass(frozen=True, slots=True)
class ShopTurn:
    """One turn of one customer; ``number`` counts the turns of the whole run and seeds the response."""

    world: ShopWorld
    customer: Customer
    situation: Situation
    happenings: tuple[Happening, ...]
    context: Mapping[str, Scalar]
    placements: tuple[str, ...]
    number: int
    seed: int

    def respond(self, placement: str, action: str, candidates: Sequence[str]) -> Response:
        """Drawn from the world's law; the same turn responds to the same action in the same way."""
        rng = np.random.default_rng([self.seed, 4, self.number, *placement.encode()])
        metrics = self.world.respond(self.customer, self.situation, placement, action, rng)
        return Response(
            dict.fromkeys(metrics, 1.0),
            self.world.reward(placement, action, metrics),
            self.world.expected_reward(self.customer, self.situation, placement, action),
            self.world.best(self.customer, self.situation, placement, candidates)[1],
        )


@dataclass(frozen=True, slots=True)
class ShopVisits:
    """Everything that happens in one run of ``turns`` turns; placements that the bot lacks are not asked for.

    ``now_unix`` is when the run starts: it sets the customers' clocks and keeps the sessions of two runs apart. They go
    on by ``lasts_s`` seconds during the run.
    """

    world: ShopWorld
    customers: Sequence[Customer]
    placements: frozenset[str]
    turns: int
    seed: int
    now_unix: int
    lasts_s: int = 0

    def __iter__(self) -> Iterator[Visit]:
        for session, turns in enumerate(self.sessions()):
            yield Visit(turns[0].customer.user_id, f"s-{self.now_unix}-{session:06d}", turns)

    def sessions(self) -> Iterator[list[ShopTurn]]:
        """The turns of one session after another."""
        rng = np.random.default_rng([self.seed, 3])
        number = 0
        while number < self.turns:
            customer = self.customers[int(rng.integers(len(self.customers)))]
            length = min(1 + int(rng.choice(len(TURN_SHARES), p=TURN_SHARES)), self.turns - number)
            yield self._visit(rng, customer, number, length)
            number += length

    def _visit(self, rng: np.random.Generator, customer: Customer, number: int, length: int) -> list[ShopTurn]:
        situation = self._arrival(rng, customer, number)
        intent = INTENTS[int(rng.integers(len(INTENTS)))]
        turns = []
        for turn in range(length):
            happenings = self._happenings(rng, customer)
            situation = replace(_after(situation, happenings), turn=turn)
            turns.append(self._turn(customer, situation, happenings, number + turn, intent))
        return turns

    def _arrival(self, rng: np.random.Generator, customer: Customer, number: int) -> Situation:
        now_unix = self.now_unix + self.lasts_s * number // self.turns
        return Situation(
            device=DEVICES[int(rng.choice(len(DEVICES), p=DEVICE_SHARES))],
            hour=(now_unix // HOUR_S + customer.hours_from_utc) % 24,
            progress=number / self.turns,
        )

    def _happenings(self, rng: np.random.Generator, customer: Customer) -> tuple[Happening, ...]:
        happened = []
        if rng.random() < 0.6:
            likes = rng.random() < 0.4
            category = customer.favourite_category if likes else str(rng.choice(self.world.categories))
            happened.append(Happening("product_viewed", {"category": category}))
        if rng.random() < 0.3:
            happened.append(Happening("cart_updated", {"cart_value": round(float(rng.gamma(2.0, 40.0)), 2)}))
        return tuple(happened)

    def _turn(
        self,
        customer: Customer,
        situation: Situation,
        happenings: tuple[Happening, ...],
        number: int,
        intent: str,
    ) -> ShopTurn:
        asked = FIRST_TURN if situation.turn == 0 else LATER_TURN
        return ShopTurn(
            world=self.world,
            customer=customer,
            situation=situation,
            happenings=happenings,
            context=_context(customer, situation, intent),
            placements=tuple(name for name in asked if name in self.placements),
            number=number,
            seed=self.seed,
        )


def _context(customer: Customer, situation: Situation, intent: str) -> dict[str, Scalar]:
    return {
        "channel": "web",
        "device": situation.device,
        "locale": customer.language,
        "utc_offset_minutes": 60 * customer.hours_from_utc,
        "intent": intent,
    }


def _after(situation: Situation, happenings: Sequence[Happening]) -> Situation:
    for happening in happenings:
        category, cart = happening.properties.get("category"), happening.properties.get("cart_value")
        if isinstance(category, str):
            situation = replace(situation, viewed_category=category)
        if isinstance(cart, float):
            situation = replace(situation, cart_value=cart)
    return situation
