"""The composition root: which parts a deployment is made of."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from api.doctor.currency import Currency
from api.doctor.heartbeat import ATTEMPTS, of_shard
from api.doctor.vitals import Vitals
from api.metrics import Metrics
from api.service import Service
from api.settings import Settings
from engine import config_file
from engine.announce import announce_to_shards
from engine.attempts import Attempts
from engine.catalog import Catalogue
from engine.config import Config, PlacementSpec, PolicySpec
from engine.decide import Decider
from engine.encode.base import Encoder
from engine.encode.standard import StandardEncoder, StandardSpec
from engine.errors import ConfigError
from engine.explain import Explainer
from engine.feedback import Feedback
from engine.join import Joiner
from engine.journal.base import Journal, Reads
from engine.journal.open import SQLITE, open_shard, open_shards
from engine.journal.reachable import ReachableLog
from engine.journal.shards import Shards
from engine.learn import Learner
from engine.models import ModelWatch, cold
from engine.orders import Orders
from engine.placement import Placement
from engine.policies import registry
from engine.privacy import Vault
from engine.quarantine import Quarantine
from engine.records.keys import KeyTable
from engine.records.sealing import Sealer
from engine.refusal import Note, unnoted
from engine.snapshots import SnapshotStore
from engine.spool.open import spooled
from engine.sqlite_parking import SqliteParking
from engine.tenure import Tenure, own_name
from features.assemble import Assembler
from features.clock import SteadyClock, wall_clock
from features.guarded.store import GuardedStore
from features.open import open_store
from features.plan import Plan
from features.registry.plan_check import ensure_current
from features.state import StateWriter

SDK_MS = 250.0
"""Feast's own client takes milliseconds, and now and then many."""
SERVING_CHECKPOINT_PAGES = 16_384
"""64 MiB of write-ahead log: a backstop, since the learner's commits move the log into the file as they go."""


def load_config(path: Path) -> Config:
    """The bot's YAML, policies included. Raises ``ConfigError`` with every problem found."""
    return config_file.load(path, check_policy=check_policy)


def build_service(settings: Settings, *, first: bool = True) -> Service:
    """Everything that answers requests; ``first`` is for one of the processes that do so together."""
    config = load_config(settings.config)
    settings.home.mkdir(parents=True, exist_ok=True)
    plan = ensure_current(settings.plan_path)
    currency = Currency(settings.config, settings.plan_path, plan)
    vault = Vault(open_keys(settings))
    journal = open_shards(
        settings.journal_url,
        durability=settings.durability,
        before_commit=vault.keys.flush,
        checkpoint_pages=SERVING_CHECKPOINT_PAGES,
    )
    encoder = StandardEncoder(StandardSpec.of(plan))
    metrics = Metrics()
    quarantine = Quarantine(settings.quarantine_path, watch=metrics.count_refusal)
    placements = {name: _placement(name, spec, config, plan, encoder) for name, spec in config.placements.items()}
    for placement in placements.values():
        placement.note = quarantine.note
    announce_to_shards(journal, config.placements, encoder)
    deadline_ms = max(settings.features_deadline_ms, SDK_MS if settings.features_reader == "sdk" else 0.0)
    features = GuardedStore(
        open_store(plan, settings.features_reader, settings.features_repo, timeout_s=deadline_ms / 1_000),
        plan.stored_views,
        deadline_ms=deadline_ms,
        watch=metrics,
    )
    states = StateWriter(features, wall_clock)
    records = spooled(
        journal,
        settings.spool_path,
        local=settings.journal_url.startswith(SQLITE),
        watch=metrics,
        before_append=vault.keys.flush,
        max_bytes=settings.spool_max_bytes,
    )
    snapshots = open_snapshots(settings)
    models = ModelWatch(snapshots, placements)
    decider = Decider(
        placements=placements,
        features=features,
        states=states,
        lookup=records.lookup,
        commits=records.commits,
        vault=vault,
        privacy=config.privacy,
        clock=wall_clock,
    )
    feedback = Feedback(
        lookup=records.lookup,
        commits=records.commits,
        vault=vault,
        states=states,
        privacy=config.privacy,
    )
    explainer = Explainer(records.lookup, vault.sealer, placements, models)
    reachable = [
        ReachableLog(log, (shard.breaker,)) for log, shard in zip(journal.journals, records.shards, strict=True)
    ]
    vitals = Vitals(settings, reachable, snapshots, placements, models, currency)
    return Service(
        settings=settings,
        decider=decider,
        feedback=feedback,
        explainer=explainer,
        journal=journal,
        commits=records.commits,
        lookup=records.lookup,
        features=features,
        models=models,
        metrics=metrics,
        quarantine=quarantine,
        vitals=vitals,
        first=first,
    )


def build_learner(settings: Settings, note: Note = unnoted, shard: int = 0) -> Learner:
    """Everything that learns from one shard of the journal. Needs neither the configuration nor the feature store."""
    journal = open_history(settings, shard)
    return Learner(
        journal=journal,
        snapshots=open_snapshots(settings),
        sealer=Sealer(open_keys(settings)),
        clock=SteadyClock(),
        tenure=Tenure(journal, own_name(), ttl_us=round(settings.lease_seconds * 1e6)),
        history=partial(_past_of, settings, shard),
        note=note,
        attempts=Attempts(settings.home / of_shard(ATTEMPTS, shard)),
        make_joiner=lambda: Joiner(parking=SqliteParking(settings.home)),
    )


def build_orders(settings: Settings, placement: str) -> Orders:
    """What carries out a person's orders about a placement's model."""
    shards = open_histories(settings)
    return Orders(shards.journals[shards.of(placement)], open_snapshots(settings), wall_clock)


def open_history(settings: Settings, shard: int = 0) -> Journal:
    """One shard of the journal, for reading it back."""
    return open_shard(settings.journal_url, shard, durability=settings.durability)


def _past_of(settings: Settings, shard: int) -> Reads:
    # It brings pyarrow, which nobody needs whose journal was never cut.
    from api.past import open_past

    return open_past(settings)[shard]


def open_histories(settings: Settings) -> Shards:
    """All shards of the journal, for reading them back."""
    return open_shards(settings.journal_url, durability=settings.durability)


def open_snapshots(settings: Settings) -> SnapshotStore:
    """The published snapshots."""
    return SnapshotStore(settings.snapshots_path, settings.keep_snapshots)


def check_policy(spec: PolicySpec) -> None:
    """Raise ``ConfigError`` if the policy cannot be built."""
    registry.build(spec.name, spec.params)


def open_keys(settings: Settings) -> KeyTable:
    """The key table. Raises ``ConfigError`` rather than make a new one beside a journal that needs the old one."""
    if not settings.keys_path.exists() and open_histories(settings).last_position():
        raise ConfigError(f"the key table {settings.keys_path} is missing: without it the journal cannot be read")
    return KeyTable(settings.keys_path)


def _placement(name: str, spec: PlacementSpec, config: Config, plan: Plan, encoder: Encoder) -> Placement:
    _check_crosses(name, spec, plan)
    catalogue = Catalogue(name, spec, encoder.action, config.default_locale)
    assembler = Assembler(plan, spec.feature_service or name)
    return Placement(name, catalogue, assembler, cold(spec.policy, encoder))


def _check_crosses(name: str, spec: PlacementSpec, plan: Plan) -> None:
    unknown = sorted({namespace for cross in spec.crosses for namespace in cross} - plan.namespaces)
    if unknown:
        known = ", ".join(sorted(plan.namespaces))
        raise ConfigError(f"placements.{name}.crosses: there is no namespace {unknown[0]!r}; there are {known}")
