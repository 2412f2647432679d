"""The shop assistant's world: customers of a shop, who return, tire, change their tastes and do not always tell."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from engine.config import PlacementSpec
from engine.config_file import load
from engine.encode.standard import FeatureRule, StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.types import Candidate
from features.derived.moment import PARTS
from features.vector import Scalar
from simulator.worlds.assortment import lifetimes
from simulator.worlds.changes import Changes
from simulator.worlds.customers import Customer
from simulator.worlds.shop import ShopWorld
from simulator.worlds.shop_visits import FIRST_TURN, LATER_TURN, TURNS_PER_SESSION, ShopTurn, ShopVisits
from simulator.worlds.situation import Situation
from simulator.worlds.stock import stock
from simulator.worlds.telling import SECOND_US, Telling
from simulator.worlds.world import Round

START_UNIX = 1_767_225_600
"""2026-01-01, 00:00 UTC."""
DAY_S = 86_400
WEEK_S = 7 * DAY_S
REMEMBERED = 3
"""How many of its newest decisions a customer has not forgotten."""

_CATEGORIES = (
    *("tier", "tone", "age_band", "favourite_category", "last_category"),
    *("device", "part_of_day", "viewed_category", "turn"),
)
_SPEC = StandardSpec(
    features={
        **dict.fromkeys(_CATEGORIES, FeatureRule(type="string")),
        "churn_risk": FeatureRule(type="float", range=(0.0, 1.0)),
        "cart_value": FeatureRule(type="float", range=(0.0, 400.0)),
    }
)


class AssistantWorld:
    """One placement of a shop assistant. What a customer is like and what an action is like make its appeal.

    Args:
        config: path of a bot's YAML; a small shop's if empty.
        placement: of the bot; one of ``FIRST_TURN`` alone is asked for once a session, others at every turn.
        customers: how many there are; each comes back.
        days: how long a run lasts, however many rounds it has.
        seed: of the shop and its customers; runs have their own.

    Raises:
        ConfigError: no such bot or placement, no customers, no days.
    """

    name = "shop"
    depends_on_count = True
    check_params: ClassVar[Sequence[Mapping[str, Any]]] = (
        {},
        {"telling": {"delay_s": 3600.0, "missing": 0.2, "lying": 0.1}, "seed": 1},
        {"changes": {"drift": 0.0, "season": 0.5, "turnover": 0.3, "fatigue": 0.5}},
    )

    def __init__(
        self,
        config: str = "",
        placement: str = "offer",
        customers: int = 500,
        days: float = 28.0,
        changes: Changes | None = None,
        telling: Telling | None = None,
        seed: int = 0,
    ) -> None:
        if customers < 1 or not days > 0.0:
            raise ConfigError(f"the shop: expected customers and days, found {customers} and {days:g}")
        self.config = config
        self.placement = placement
        self.customers = customers
        self.days = days
        self.changes = changes or Changes()
        self.telling = telling or Telling()
        self.seed = seed
        bot = load(Path(config)) if config else stock()
        if placement not in bot.placements:
            raise ConfigError(f"the shop has no placement {placement!r}; it has {', '.join(bot.placements)}")
        self.spec: PlacementSpec = bot.placements[placement]
        self.law = ShopWorld(bot, seed=seed)
        self.people = self.law.customers(customers, now_unix=START_UNIX)
        self.encoder = StandardEncoder(_SPEC)
        self.lifetimes = lifetimes([each.id for each in self.spec.actions], self.changes.turnover, seed)
        self.offers = {
            each.id: Candidate(each.id, each.id, self.encoder.action(each.id, each.features))
            for each in self.spec.actions
        }

    def __reduce__(self) -> tuple[type[AssistantWorld], tuple[Any, ...]]:
        """Other processes make it anew: encoders do not travel."""
        params = (self.config, self.placement, self.customers, self.days, self.changes, self.telling, self.seed)
        return AssistantWorld, params

    @property
    def reward_range(self) -> tuple[float, float]:
        """See ``World.reward_range``."""
        return self.spec.reward.range

    def play(self, count: int, seed: int) -> AssistantPlay:
        """See ``World.play``. The shop changes with the part of the run that is over: rounds depend on ``count``."""
        return AssistantPlay(self, count, seed)


class AssistantPlay:
    """One run; customers remember what they were shown."""

    def __init__(self, world: AssistantWorld, count: int, seed: int) -> None:
        self._world = world
        self._count = count
        self._seed = seed
        self._seen: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=REMEMBERED))

    def __iter__(self) -> Iterator[Round]:
        """See ``Play.__iter__``."""
        rng = np.random.default_rng([self._world.seed, self._seed, 6])
        number = 0
        for turn in self._turns():
            if number == self._count:
                return
            if self._is_asked(turn):
                yield self._round(number, turn, rng)
                number += 1

    def shown(self, round: Round, index: int) -> None:
        """See ``Play.shown``."""
        self._seen[round.unit].append(round.candidates[index].id)

    def _turns(self) -> Iterator[ShopTurn]:
        world, once = self._world, self._only_first()
        turns = math.ceil(self._count * TURNS_PER_SESSION * 1.2) + 20 if once else self._count
        lasts_s = round(world.days * DAY_S)
        visits = ShopVisits(world.law, world.people, frozenset(), turns, self._seed, START_UNIX, lasts_s)
        return (turn for session in visits.sessions() for turn in session)

    def _only_first(self) -> bool:
        return self._world.placement in FIRST_TURN and self._world.placement not in LATER_TURN

    def _is_asked(self, turn: ShopTurn) -> bool:
        return turn.situation.turn == 0 or not self._only_first()

    def _round(self, number: int, turn: ShopTurn, rng: np.random.Generator) -> Round:
        world, customer = self._world, turn.customer
        part = number / self._count
        time_us = START_UNIX * SECOND_US + round(part * world.days * DAY_S * SECOND_US)
        there = [id for id, (comes, goes) in world.lifetimes.items() if comes <= part <= goes]
        situation = replace(turn.situation, progress=part * world.changes.drift)
        chances = [self._chance(customer, situation, time_us, id) for id in there]
        luck = rng.random(world.law.steps(world.placement)).tolist()
        rewards = tuple(self._reward(*each, luck) for each in zip(there, chances, strict=True))
        told, delay_us = world.telling.told(rewards, world.reward_range, rng)
        mean = world.law.mean_reward
        return Round(
            number=number,
            time_us=time_us,
            unit=customer.user_id,
            shared=world.encoder.shared(_known(customer, situation), {}),
            candidates=tuple(world.offers[id] for id in there),
            expected=tuple(mean(world.placement, *each) for each in zip(there, chances, strict=True)),
            rewards=rewards,
            told=told,
            delay_us=delay_us,
            segment=customer.tier,
        )

    def _chance(self, customer: Customer, situation: Situation, time_us: int, action: str) -> float:
        changes, world = self._world.changes, self._world
        week = (time_us // SECOND_US % WEEK_S) / WEEK_S
        more = changes.season * math.sin(2.0 * math.pi * week)
        if changes.fatigue and customer.user_id in self._seen:
            more -= changes.fatigue * self._seen[customer.user_id].count(action)
        return world.law.probability(customer, situation, world.placement, action, more)

    def _reward(self, action: str, chance: float, luck: Sequence[float]) -> float:
        law, placement = self._world.law, self._world.placement
        return law.reward(placement, action, law.followed(placement, chance, luck))


def _known(customer: Customer, situation: Situation) -> dict[str, Scalar]:
    return {
        "tier": customer.tier,
        "tone": customer.tone,
        "age_band": customer.age_band,
        "favourite_category": customer.favourite_category,
        "last_category": customer.last_category,
        "churn_risk": customer.churn_risk,
        "device": situation.device,
        "part_of_day": PARTS[situation.hour],
        "viewed_category": situation.viewed_category,
        "cart_value": situation.cart_value,
        "turn": "first" if situation.turn == 0 else "later",
    }
