"""The running service: the parts that routes use, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from fastapi import Request

from api.doctor.vitals import Vitals
from api.metrics import Metrics
from api.settings import Settings
from engine.decide import Decider
from engine.explain import Explainer
from engine.feedback import Feedback
from engine.journal.base import Commits, Lookup
from engine.journal.shards import Shards
from engine.models import ModelWatch
from engine.quarantine import Quarantine
from features.vector import FeatureStore


@dataclass(slots=True)
class Service:
    """Made by ``api.wiring``; ``ready`` becomes true after warm-up.

    ``first`` is whether this process, of those that answer together, counts what each of them sees alike.
    """

    settings: Settings
    decider: Decider
    feedback: Feedback
    explainer: Explainer
    journal: Shards
    commits: Commits
    lookup: Lookup
    features: FeatureStore
    models: ModelWatch
    metrics: Metrics
    quarantine: Quarantine
    vitals: Vitals
    first: bool = True
    ready: bool = False

    def end(self) -> None:
        """Ready no more; what is under way goes on."""
        self.ready = False


def service_of(request: Request) -> Service:
    """The service of the application that serves this request."""
    return cast(Service, request.app.state.service)
