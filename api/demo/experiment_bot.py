"""The bot of a logged experiment: each arm is an action of its only placement. What can be tuned stands on top."""

from __future__ import annotations

from api.demo.pace import Pace
from engine.config import ActionSpec, Config, PlacementSpec, PolicySpec, RewardSpec, TrafficSpec
from simulator.logged.experiment import Arm, Experiment

POLICY = PolicySpec(params={"flags": "--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 0.1 -q SA -b 18"})
"""Slower than the default: what experiments count is rare (one visit in seven e-mails) and mostly chance."""
TRAFFIC = TrafficSpec(champion=0.95, random=0.05)
EPSILON = 0.02
WINDOW, GRACE = "1s", "1s"
LEAST_SECONDS, LEAST_PER_SECOND = 60.0, 60.0
COMMENT = "Made from a log's mapping: every arm is an action. Outcomes follow at once, so the window is the shortest."


def pace_of(decisions: int) -> Pace:
    """As fast as it goes, but no log shall be over before there was time to learn from it."""
    return Pace(turns_per_second=max(LEAST_PER_SECOND, decisions / LEAST_SECONDS))


def bot_of(experiment: Experiment, metric: str) -> Config:
    """A bot whose only placement has the experiment's arms as its actions."""
    mapping = experiment.mapping
    placement = PlacementSpec(
        reward=RewardSpec(
            metrics={metric: 1.0}, window=WINDOW, grace=GRACE, aggregation="sum", range=experiment.ranges[metric]
        ),
        policy=POLICY,
        traffic=TRAFFIC,
        epsilon=EPSILON,
        baseline=experiment.baseline.id,
        fallback={"en": experiment.baseline.label},
        actions=tuple(_action(arm) for arm in experiment.arms),
    )
    return Config(schema_version=1, bot=mapping.name, placements={mapping.placement: placement})


def _action(arm: Arm) -> ActionSpec:
    return ActionSpec(id=arm.id, templates={"en": arm.spec.text or _literal(arm.label)}, features=arm.spec.features)


def _literal(text: str) -> str:
    """A template that says just this."""
    return text.replace("{", "{{ '{' }}")
