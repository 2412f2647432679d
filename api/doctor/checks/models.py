"""Has every placement that learns a sound model of its present configuration?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import duration
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.heartbeat import LineageBeat
from api.doctor.patient import Patient
from engine import vowpal
from engine.config import PolicySpec
from engine.errors import ConfigError, JournalError, SnapshotError
from engine.manifest import Manifest
from engine.policies import registry

UNPUBLISHED_US = 60_000_000

ANEW = "start the learner: it learns anew from the journal and publishes"
BACKUP = "the journal lost its end, or is another one: restore it, or let the learner start again from what is there"


def look(patient: Patient) -> Iterator[Sign]:
    """Of every placement that learns by the configuration; without one, of every placement that has a model."""
    config = patient.config
    if config is None:
        for name in patient.snapshots.placements():
            yield from _placement(patient.with_placement(name), name, None)
        return
    learning = {name: spec.policy for name, spec in config.placements.items() if _learns(spec.policy)}
    for name, policy in learning.items():
        yield from _placement(patient.with_placement(name), name, policy)
    if not learning:
        yield ok("no placement learns")


def _learns(policy: PolicySpec) -> bool:
    try:
        return registry.learns(policy.name)
    except ConfigError:
        return False


def _placement(patient: Patient, name: str, policy: PolicySpec | None) -> Iterator[Sign]:
    try:
        manifest = patient.snapshots.current(name)
        if manifest is None:
            yield _nothing_yet(patient, name)
            return
        patient.snapshots.check_bytes(manifest)
    except SnapshotError as error:
        yield fail(f"{name}: {error}", ANEW)
        return
    ahead = _ahead_of_journal(patient, manifest)
    if ahead:
        yield fail(f"{name}: {ahead}", BACKUP)
        return
    misfit = _misfit(patient, manifest, policy)
    if misfit:
        yield warn(f"{name}: {misfit}; it is not served", ANEW)
    else:
        yield from _sound(patient, name, manifest)


def _ahead_of_journal(patient: Patient, manifest: Manifest) -> str:
    journal = patient.journal
    try:
        end = journal.end().position if journal.exists else manifest.published_position
    except JournalError:
        return ""
    if manifest.published_position <= end:
        return ""
    return f"{manifest.version} was published at position {manifest.published_position}, the journal ends at {end}"


def _nothing_yet(patient: Patient, name: str) -> Sign:
    lineage = _lineage(patient, name)
    if lineage is not None and _is_overdue(patient, 0):
        return fail(f"{name}: {lineage.learned} settlements learned and nothing published", "see the learner's log")
    return warn(f"{name}: no model yet", "report outcomes, and let the learner run until their window has closed")


def _misfit(patient: Patient, manifest: Manifest, policy: PolicySpec | None) -> str:
    if manifest.vw_version != vowpal.VERSION:
        return f"its model was made by Vowpal Wabbit {manifest.vw_version}, this is {vowpal.VERSION}"
    if policy is not None and (manifest.policy, manifest.params) != (policy.name, policy.params):
        return "its model is of another policy than is configured"
    if patient.encoder_version not in (None, manifest.encoder_version):
        return f"its model is of encoder {manifest.encoder_version}, features are encoded by {patient.encoder_version}"
    return ""


def _sound(patient: Patient, name: str, manifest: Manifest) -> Iterator[Sign]:
    refused = patient.samples and patient.samples.value("maitred_model_refused", placement=name)
    if refused:
        yield fail(f"{name}: the service refuses the published model", "see its log; restart it with the same software")
    if _is_ahead(_lineage(patient, name), manifest) and _is_overdue(patient, manifest.created_us):
        yield fail(f"{name}: what was learned since {manifest.version} is not published", "see the learner's log")
    age = duration(patient.clock() - manifest.created_us)
    yield ok(f"{name}: {manifest.version}, learned up to position {manifest.settled_position}, {age} old")


def _lineage(patient: Patient, name: str) -> LineageBeat | None:
    beat = patient.heartbeat
    if beat is None or beat.state != "learning":
        return None
    lineage = beat.lineages.get(name)
    return lineage if lineage is not None and lineage.learned else None


def _is_ahead(lineage: LineageBeat | None, manifest: Manifest) -> bool:
    if lineage is None:
        return False
    return lineage.id != manifest.lineage or lineage.settled_position > manifest.settled_position


def _is_overdue(patient: Patient, published_us: int) -> bool:
    """Whether the learner, by its own heartbeat, had the time to publish. While it catches up it does not."""
    beat = patient.heartbeat
    if beat is None or beat.time_us - max(published_us, beat.started_us) < UNPUBLISHED_US:
        return False
    try:
        unread_us = patient.journal.first_time_after(beat.position)
    except JournalError:
        return False
    return unread_us is None or beat.time_us - unread_us < UNPUBLISHED_US
