"""Prometheus metrics of the serving process. Names and labels are listed in the README."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from engine.types import Decision

LATENCY_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """One registry per application, so that two applications in a process do not share counts."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
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
        self.swaps = Counter(
            "maitred_model_swaps_total", "Snapshots swapped in.", ("placement",), registry=self.registry
        )
        self.settled_position = Gauge(
            "maitred_model_settled_position", "Journal position of the model.", ("placement",), registry=self.registry
        )
        self.journal_position = Gauge("maitred_journal_position", "Newest journal position.", registry=self.registry)
        self.latency = Histogram(
            "maitred_request_seconds", "Time to answer.", ("route",), buckets=LATENCY_BUCKETS, registry=self.registry
        )

    def count(self, decisions: list[Decision]) -> None:
        """Count answered decisions."""
        for decision in decisions:
            self.decisions.labels(decision.placement, decision.group, decision.reason).inc()
            for part in decision.degraded:
                self.degraded.labels(part).inc()

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
