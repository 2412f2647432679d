"""The composition root: which parts a deployment is made of."""

from __future__ import annotations

from pathlib import Path

from api.doctor.currency import Currency
from api.doctor.vitals import Vitals
from api.metrics import Metrics
from api.service import Service
from api.settings import Settings
from engine import config_file
from engine.announce import announce
from engine.catalog import Catalogue
from engine.config import Config, PlacementSpec, PolicySpec
from engine.decide import Decider
from engine.encode import Encoder, EncoderSpec
from engine.errors import ConfigError
from engine.explain import Explainer
from engine.feedback import Feedback
from engine.journal.base import Journal
from engine.journal.group_commit import GroupCommit
from engine.journal.open import open_journal
from engine.learn import Learner
from engine.models import ModelWatch, cold
from engine.placement import Placement
from engine.policies import registry
from engine.privacy import Vault
from engine.quarantine import Quarantine
from engine.records.keys import KeyTable
from engine.records.sealing import Sealer
from engine.refusal import Note, unnoted
from engine.snapshots import SnapshotStore
from features.assemble import Assembler
from features.clock import wall_clock
from features.open import open_store
from features.plan import Plan
from features.plan_check import ensure_current
from features.session import SessionWriter

SERVING_CHECKPOINT_PAGES = 16_384
"""64 MiB of write-ahead log: a backstop, since the learner's commits move the log into the file as they go."""


def load_config(path: Path) -> Config:
    """The bot's YAML, policies included. Raises ``ConfigError`` with every problem found."""
    return config_file.load(path, check_policy=check_policy)


def build_service(settings: Settings) -> Service:
    """Everything that answers requests."""
    config = load_config(settings.config)
    settings.home.mkdir(parents=True, exist_ok=True)
    plan = ensure_current(settings.plan_path)
    currency = Currency(settings.config, settings.plan_path, plan)
    vault = Vault(open_keys(settings))
    journal = open_journal(
        settings.journal_url,
        durability=settings.durability,
        before_commit=vault.keys.flush,
        checkpoint_pages=SERVING_CHECKPOINT_PAGES,
    )
    encoder = Encoder(EncoderSpec(ranges=plan.ranges, texts=plan.texts))
    metrics = Metrics()
    quarantine = Quarantine(settings.quarantine_path, watch=metrics.count_refusal)
    placements = {name: _placement(name, spec, config, plan, encoder) for name, spec in config.placements.items()}
    for placement in placements.values():
        placement.note = quarantine.note
    announce(journal, config.placements, encoder.spec)
    features = open_store(plan, settings.features_reader, settings.features_repo)
    sessions = SessionWriter(features, wall_clock)
    commits = GroupCommit(journal)
    snapshots = SnapshotStore(settings.snapshots_path)
    models = ModelWatch(snapshots, placements)
    decider = Decider(
        placements=placements,
        features=features,
        sessions=sessions,
        journal=journal,
        commits=commits,
        vault=vault,
        privacy=config.privacy,
        clock=wall_clock,
    )
    feedback = Feedback(
        journal=journal,
        commits=commits,
        vault=vault,
        sessions=sessions,
        privacy=config.privacy,
    )
    explainer = Explainer(journal, vault.sealer, placements, models)
    vitals = Vitals(settings, journal, snapshots, placements, models, currency)
    return Service(
        settings=settings,
        decider=decider,
        feedback=feedback,
        explainer=explainer,
        journal=journal,
        commits=commits,
        features=features,
        models=models,
        metrics=metrics,
        quarantine=quarantine,
        vitals=vitals,
    )


def build_learner(settings: Settings, note: Note = unnoted) -> Learner:
    """Everything that learns. Needs neither the configuration nor the feature store: the journal has it all."""
    return Learner(
        journal=open_history(settings),
        snapshots=SnapshotStore(settings.snapshots_path),
        sealer=Sealer(open_keys(settings)),
        clock=wall_clock,
        note=note,
    )


def open_history(settings: Settings) -> Journal:
    """The journal, for reading it back."""
    return open_journal(settings.journal_url, durability=settings.durability)


def check_policy(spec: PolicySpec) -> None:
    """Raise ``ConfigError`` if the policy cannot be built."""
    registry.build(spec.name, spec.params)


def open_keys(settings: Settings) -> KeyTable:
    """The key table. Raises ``ConfigError`` rather than make a new one beside a journal that needs the old one."""
    if not settings.keys_path.exists() and open_history(settings).last_position():
        raise ConfigError(f"the key table {settings.keys_path} is missing: without it the journal cannot be read")
    return KeyTable(settings.keys_path)


def _placement(name: str, spec: PlacementSpec, config: Config, plan: Plan, encoder: Encoder) -> Placement:
    catalogue = Catalogue(name, spec, encoder.action, config.default_locale)
    assembler = Assembler(plan, spec.feature_service or name)
    return Placement(name, catalogue, assembler, encoder, cold(spec.policy))
