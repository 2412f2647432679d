"""The plan: what serving must know of the Feast registry, so that it never needs Feast."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from features.derived import DERIVATIONS
from features.errors import PlanError
from features.scalars import FeatureType
from features.schema import PERSONALISATION, Imputation, Scaling, Sensitivity, ViewKind, qualified
from features.vector import Scalar

ROOT_OF_KEY = {"user_id": "user", "session_id": "session"}
"""Join key → the name under which rules and templates know everything that is found by it."""


class PlanPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every part of a plan: unknown keys are errors."""


class PlannedFeature(PlanPart, frozen=True, kw_only=True):
    """One feature as the registry has it; the attributes mean what they mean in ``schema.FeatureSpec``.

    ``ttl_us`` is 0 if it lives as long as its view's rows.
    """

    name: str
    type: FeatureType
    default: Scalar
    range: tuple[float, float] | None = None
    vocabulary: tuple[str, ...] = ()
    scaling: Scaling = "standard"
    buckets: tuple[float, ...] = ()
    impute: Imputation = "default"
    namespace: str = ""
    sensitivity: Sensitivity = "none"
    render_only: bool = False
    learn: bool = True
    free_text: bool = False
    purpose: str = PERSONALISATION
    ttl_us: int = 0
    owner: str = ""
    description: str = ""


class PlannedView(PlanPart, frozen=True, kw_only=True):
    """One view as the registry has it. ``ttl_us`` is 0 if its rows never go stale."""

    name: str
    kind: ViewKind
    join_key: str | None = None
    ttl_us: int = 0
    features: tuple[PlannedFeature, ...]


class PlannedSource(PlanPart, frozen=True, kw_only=True):
    """The Parquet files in which Feast's offline store finds what a view's rows were.

    A ``*`` in the ``path`` stands for the names of its parts; ``timestamp`` is the column of the event times.
    """

    path: str
    timestamp: str


class Definitions(PlanPart, frozen=True, kw_only=True):
    """What ``feast apply`` put into the registry, without when and where.

    Attributes:
        services: placement → qualified names of the features that it reads. What comes with the request is read by
            every placement.
    """

    project: str
    views: tuple[PlannedView, ...]
    services: dict[str, tuple[str, ...]]

    @property
    def digest(self) -> str:
        """Content hash: equal if and only if serving would do the same with both."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Plan(PlanPart, frozen=True, kw_only=True):
    """The compiled plan.

    Attributes:
        online_store: URL of the store that Feast writes (``sqlite:///…``, ``redis://…``).
        repository, home: the Feast repository's folder and ``MAITRED_HOME`` that it was compiled with.
        registry_path: the registry file it was compiled from; ``registry_sha256`` its content then.
        definitions_digest: ``definitions.digest``, to see that the file was not edited.
        sources: view → where its history is, for views whose history is in Parquet files.
    """

    plan_version: Literal[3] = 3
    definitions: Definitions
    online_store: str
    repository: str
    home: str
    registry_path: str
    registry_sha256: str
    definitions_digest: str
    sources: dict[str, PlannedSource] = {}

    @property
    def stored_views(self) -> tuple[PlannedView, ...]:
        """The views that have rows in the online store."""
        return tuple(view for view in self.definitions.views if view.join_key is not None)

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """Qualified name → (least, greatest) of every feature that declares a range."""
        return {name: f.range for name, f in self._features() if f.range is not None}

    @property
    def texts(self) -> tuple[str, ...]:
        """Qualified names of what people wrote freely."""
        return tuple(name for name, feature in self._features() if feature.free_text)

    @property
    def namespaces(self) -> frozenset[str]:
        """What a placement can cross: the features' namespaces, which are their views' names if they declare none."""
        return frozenset(f.namespace or view.name for view in self.definitions.views for f in view.features)

    @property
    def roots(self) -> dict[str, str]:
        """View → the name under which rules and templates know it: that of whom its rows are about, or what it says."""
        return {view.name: _root(view) for view in self.definitions.views}

    def _features(self) -> Iterator[tuple[str, PlannedFeature]]:
        return ((qualified(view.name, f.name), f) for view in self.definitions.views for f in view.features)

    def names(self, service: str | None) -> frozenset[str]:
        """Qualified names that a service reads; every feature if ``service`` is ``None`` or unknown."""
        chosen = self.definitions.services.get(service) if service is not None else None
        views = self.definitions.views
        asked = [view for view in views if chosen is None or view.kind == "request"]
        return frozenset(chosen or ()).union(qualified(v.name, f.name) for v in asked for f in v.features)


def _root(view: PlannedView) -> str:
    if view.join_key is not None:
        return ROOT_OF_KEY.get(view.join_key, view.name)
    return DERIVATIONS[view.name].root if view.name in DERIVATIONS else view.name


def load(path: Path) -> Plan:
    """Read a plan.

    Raises:
        PlanError: there is none, or it is not a plan of this version, or somebody edited it.
    """
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except FileNotFoundError as error:
        raise PlanError(f"no feature plan at {path}: run `maitred features apply`") from error
    except (OSError, UnicodeDecodeError, msgspec.DecodeError) as error:
        raise PlanError(f"the feature plan {path} cannot be read: {error}: run `maitred features compile`") from error
    if plan.definitions.digest != plan.definitions_digest:
        raise PlanError(f"the feature plan {path} was changed by hand: run `maitred features compile`")
    return plan


def save(plan: Plan, path: Path) -> None:
    """Write the plan; readers see the old one or the new one. Owner-only: the store's URL may hold a password."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(plan), indent=1))
    draft.replace(path)


def sha256_of(path: Path) -> str:
    """Content hash of a file.

    Raises:
        PlanError: the file cannot be read.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise PlanError(f"the feature registry {path} cannot be read: {error}; run `maitred features apply`") from error
