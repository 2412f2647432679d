"""Prometheus metrics of the serving process. Names and labels are listed in the README."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from engine.refusal import Refusal
from engine.types import Decision

LATENCY_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """One registry per application, so that two applications in a process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._refused_learning: dict[str, int] = {}
        self.decisions = Counter(
            "maitred_decisions_total", "Decisions answered.", ("placement", "group", "reason"), registry=self.registry
        )
        self.degraded = Counter(
            "maitred_degraded_total", "Decisions answered with a part missing.", ("part",), registry=self.registry
        )
        self.outcomes = Counter("maitred_outcomes_total", "Outcomes accepted.", registry=self.registry)
        self.duplicates = Counter(
            "maitred_outcome_duplicates_total", "Outcomes that were reported before.", registry=self.registry
        )
        self.events = Counter("maitred_session_events_total", "Session events accepted.", registry=self.registry)
        self.problems = Counter(
            "maitred_problems_total",
            "Requests refused, by the last part of the problem's type.",
            ("type",),
            registry=self.registry,
        )
        self.quarantined = Counter(
            "maitred_quarantined_total", "Refused or made safe.", ("where", "reason"), registry=self.registry
        )
        self.swaps = Counter(
            "maitred_model_swaps_total", "Snapshots swapped in.", ("placement",), registry=self.registry
        )
        self.settled_position = Gauge(
            "maitred_model_settled_position", "Journal position of the model.", ("placement",), registry=self.registry
        )
        self.journal_position = Gauge("maitred_journal_position", "Newest journal position.", registry=self.registry)
        self.info = Gauge(
            "maitred_service_info", "Which software serves which home.", ("version", "home"), registry=self.registry
        )
        self.learner_alive = Gauge("maitred_learner_alive", "1 if a learner runs.", registry=self.registry)
        self.learner_lag_records = Gauge(
            "maitred_learner_lag_records", "Records the learner has not read.", registry=self.registry
        )
        self.learner_lag_seconds = Gauge(
            "maitred_learner_lag_seconds", "Age of the first record the learner has not read.", registry=self.registry
        )
        self.refused_settlements = Gauge(
            "maitred_refused_settlements",
            "Settlements that could not be learned safely.",
            ("placement",),
            registry=self.registry,
        )
        self.model_age = Gauge(
            "maitred_model_age_seconds", "Since the model was published.", ("placement",), registry=self.registry
        )
        self.model_refused = Gauge(
            "maitred_model_refused", "1 if the newest cannot be served.", ("placement",), registry=self.registry
        )
        self.disk_free = Gauge("maitred_disk_free_bytes", "Free where the home is.", registry=self.registry)
        self.clock_jumps = Counter("maitred_clock_jumps_total", "Times the clock was set.", registry=self.registry)
        self.plan_current = Gauge("maitred_plan_current", "1 if the plan is the registry's.", registry=self.registry)
        self.configuration_current = Gauge(
            "maitred_configuration_current", "1 if the configuration file is the served one.", registry=self.registry
        )
        self.latency = Histogram(
            "maitred_request_seconds", "Time to answer.", ("route",), buckets=LATENCY_BUCKETS, registry=self.registry
        )

    def count_refusal(self, refusal: Refusal) -> None:
        """Count what was refused or made safe in this process."""
        self.quarantined.labels(refusal.where, refusal.reason).inc()

    def count_refused_learning(self, counted: Mapping[str, int]) -> None:
        """Bring up to date what the learner refused: reason → how often so far."""
        for reason, count in counted.items():
            self.quarantined.labels("learning", reason).inc(max(0, count - self._refused_learning.get(reason, 0)))
        self._refused_learning.update(counted)

    def count(self, decisions: list[Decision]) -> None:
        """Count answered decisions."""
        for decision in decisions:
            self.decisions.labels(decision.placement, decision.group, decision.reason).inc()
            for part in decision.degraded:
                self.degraded.labels(part).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
