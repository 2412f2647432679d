"""Prometheus metrics of the serving process. Names and labels are listed in the README."""

from __future__ import annotations

from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from api.shared_metrics import GREATEST, LAST, LEAST, Gathered
from engine.refusal import Refusal
from engine.types import Decision
from features.guarded.store import Fate

LATENCY_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 1.0)


class Metrics:
    """One registry per application, so that two applications in a process do not share counts.

    With several workers counters are summed; each gauge says by its ``multiprocess_mode`` whose value is told.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.gathered = Gathered(self.registry)
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
        deployments = partial(Gauge, registry=self.registry, multiprocess_mode=LAST)
        self.settled_position = Gauge(
            "maitred_model_settled_position",
            "Journal position of the model; the least of all workers.",
            ("placement",),
            registry=self.registry,
            multiprocess_mode=LEAST,
        )
        self.model_refused = Gauge(
            "maitred_model_refused",
            "1 if the newest cannot be served.",
            ("placement",),
            registry=self.registry,
            multiprocess_mode=GREATEST,
        )
        self.journal_position = deployments("maitred_journal_position", "Newest journal position.")
        self.info = deployments("maitred_service_info", "Which software serves which home.", ("version", "home"))
        self.learner_alive = deployments("maitred_learner_alive", "1 if a learner runs.")
        self.learner_lag_records = deployments("maitred_learner_lag_records", "Records the learner has not read.")
        self.learner_lag_seconds = deployments(
            "maitred_learner_lag_seconds", "Age of the first record the learner has not read."
        )
        self.refused_settlements = deployments(
            "maitred_refused_settlements", "Settlements that could not be learned safely.", ("placement",)
        )
        self.model_age = deployments("maitred_model_age_seconds", "Since the model was published.", ("placement",))
        self.disk_free = deployments("maitred_disk_free_bytes", "Free where the home is.")
        self.clock_jumps = Counter("maitred_clock_jumps_total", "Times the clock was set.", registry=self.registry)
        self.plan_current = deployments("maitred_plan_current", "1 if the plan is the registry's.")
        self.configuration_current = deployments(
            "maitred_configuration_current", "1 if the configuration file is the served one."
        )
        self.spool_bytes = deployments("maitred_spool_bytes", "What waits on this disk for the journal.")
        self.spooled = Counter("maitred_spooled_records_total", "Records spooled.", registry=self.registry)
        self.drained = Counter("maitred_drained_records_total", "Spooled records journaled.", registry=self.registry)
        self.conflicts = Counter(
            "maitred_spool_conflicts_total", "Decisions the journal had otherwise.", registry=self.registry
        )
        self.forgetful = Counter(
            "maitred_session_writes_missed_total", "Turns that their session does not know of.", registry=self.registry
        )
        self.journal_reachable = Gauge(
            "maitred_journal_reachable",
            "0 while it is known to be out of reach.",
            ("shard",),
            registry=self.registry,
            multiprocess_mode=LEAST,
        )
        self.unread = Counter(
            "maitred_feature_rows_unread_total",
            "Rows the online store did not give in time, by what stood in.",
            ("instead",),
            registry=self.registry,
        )
        self.unsent = Counter(
            "maitred_feature_rows_unsent_total",
            "Rows the online store could not take at once, by what became of them.",
            ("fate",),
            registry=self.registry,
        )
        self.latency = Histogram(
            "maitred_request_seconds", "Time to answer.", ("route",), buckets=LATENCY_BUCKETS, registry=self.registry
        )

    def count_refusal(self, refusal: Refusal) -> None:
        """Count what was refused or made safe in this process."""
        self.quarantined.labels(refusal.where, refusal.reason).inc()

    def count(self, decisions: list[Decision]) -> None:
        """Count answered decisions."""
        for decision in decisions:
            self.decisions.labels(decision.placement, decision.group, decision.reason).inc()
            for part in decision.degraded:
                self.degraded.labels(part).inc()
        self.forgetful.inc(not all(decision.remembered for decision in decisions))

    def count_unread(self, views: int, *, remembered: int) -> None:
        """See ``StoreWatch``."""
        self.unread.labels("last known").inc(remembered)
        self.unread.labels("default").inc(views - remembered)

    def count_unsent(self, rows: int, fate: Fate) -> None:
        """See ``StoreWatch``."""
        self.unsent.labels(fate).inc(rows)

    def count_spooled(self, records: int) -> None:
        """See ``SpoolWatch``."""
        self.spooled.inc(records)

    def count_drained(self, records: int, conflicts: int) -> None:
        """See ``SpoolWatch``."""
        self.drained.inc(records)
        self.conflicts.inc(conflicts)

    def set_reachable(self, shard: str, reachable: bool) -> None:
        """See ``SpoolWatch``."""
        self.journal_reachable.labels(shard).set(reachable)

    def text(self) -> bytes:
        """The exposition format; of all workers, where there are several."""
        return generate_latest(self.gathered)
