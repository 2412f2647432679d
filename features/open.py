"""Which implementation of ``FeatureStore`` a deployment gets."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from features.embedded.store import DirectSqliteStore
from features.errors import PlanError
from features.plan import Plan
from features.redis.open import REDIS
from features.redis.store import DirectRedisStore
from features.sdk.child import SdkChild
from features.sdk.store import SdkStore
from features.vector import FeatureStore

Reader = Literal["direct", "sdk"]
SQLITE = "sqlite:///"
PATIENT_S = 5.0
"""Of somebody at a terminal; who serves has a deadline."""


def open_store(plan: Plan, reader: Reader, repo_path: Path, *, timeout_s: float = PATIENT_S) -> FeatureStore:
    """The store that ``plan`` names, read ``direct`` or through Feast's ``sdk`` (which takes seconds to start).

    Args:
        timeout_s: for an answer of a store that is on the network.

    Raises:
        PlanError: only the sdk can read this kind of store.
        RepositoryError: the sdk's process did not start.
    """
    if reader == "sdk":
        return SdkStore(plan, SdkChild(repo_path, Path(plan.home)), eraser=_direct(plan, timeout_s))
    direct = _direct(plan, timeout_s)
    if direct is None:
        known = plan.online_store
        raise PlanError(f"the direct reader does not know the online store {known}: set MAITRED_FEATURES_READER=sdk")
    return direct


def _direct(plan: Plan, timeout_s: float) -> FeatureStore | None:
    url = plan.online_store
    if url.startswith(SQLITE):
        return DirectSqliteStore(plan, Path(url.removeprefix(SQLITE)))
    if url.startswith(REDIS):
        return DirectRedisStore(plan, url, timeout_s=timeout_s)
    return None
