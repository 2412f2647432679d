"""Feature views: stored ones with the schema of ``features.declared``, derived ones that call ``features.derived``."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import cast

from feast import Entity, FeatureView, Field, FileSource, OnDemandFeatureView, PushSource, RequestSource
from feast.feature_view_projection import FeatureViewProjection
from feast.types import String

from feature_repo.entities import session, user
from feature_repo.fields import bare_fields_of, fields_of, view_tags_of
from feature_repo.sources import (
    request_clock,
    session_state_push,
    user_activity_push,
    user_exposure_push,
    user_predictions_push,
    user_preferences_parquet,
    user_profile_parquet,
)
from features.declared import view_named

Source = FeatureView | FeatureViewProjection | RequestSource


def _stored(name: str, entity: Entity, source: FileSource | PushSource) -> FeatureView:
    declared = view_named(name)
    key = Field(name=entity.join_key, dtype=String)
    return FeatureView(
        name=name, entities=[entity], ttl=declared.ttl, schema=[key, *fields_of(name)], source=source, online=True
    )


user_profile = _stored("user_profile", user, user_profile_parquet)
user_preferences = _stored("user_preferences", user, user_preferences_parquet)
user_activity = _stored("user_activity", user, user_activity_push)
user_predictions = _stored("user_predictions", user, user_predictions_push)
user_exposure = _stored("user_exposure", user, user_exposure_push)
session_state = _stored("session_state", session, session_state_push)

# Feast stores the source text of these functions and runs it elsewhere: what they need, they import themselves.
# It returns their features by short name only, and drops them if asked for full feature names.


def _local_time(inputs: dict[str, int]) -> dict[str, object]:
    from features.derived import local_time as derive

    return derive(inputs["now_us"], inputs["utc_offset_minutes"])._asdict()


def _return_visit(inputs: dict[str, int]) -> dict[str, object]:
    from features.derived import return_visit as derive

    return derive(inputs["now_us"], inputs["last_visit_unix"] or 0, inputs["visits"] or 0)._asdict()


def _purchase_history(inputs: dict[str, int]) -> dict[str, object]:
    from features.derived import purchase_history as derive

    names = ("purchases", "last_purchase_unix", "visits", "lifetime_value")
    return derive(inputs["now_us"], *(inputs[name] or 0 for name in names))._asdict()


def _shown_lately(inputs: dict[str, int]) -> dict[str, object]:
    from features.derived import shown_lately as derive

    names = ("last_shown_unix", "total_shown", "total_clicks", "total_accepted")
    numbers = (inputs[name] or 0 for name in names)
    return derive(inputs["now_us"], str(inputs["shown_by_hour"] or ""), *numbers)._asdict()


def _session_pace(inputs: dict[str, int]) -> dict[str, object]:
    from features.derived import session_pace as derive

    return derive(inputs["now_us"], inputs["started_unix"] or 0, inputs["last_turn_unix"] or 0)._asdict()


def _derived(name: str, function: FunctionType, sources: list[Source]) -> OnDemandFeatureView:
    return OnDemandFeatureView(
        name=name,
        sources=sources,
        schema=bare_fields_of(name),
        tags=view_tags_of(name),
        udf=function,
        udf_string=inspect.getsource(function),
        mode="python",
        singleton=True,
    )


local_time = _derived("local_time", cast(FunctionType, _local_time), [request_clock])
return_visit = _derived("return_visit", cast(FunctionType, _return_visit), [request_clock, user_activity])
purchase_history = _derived("purchase_history", cast(FunctionType, _purchase_history), [request_clock, user_activity])
shown_lately = _derived("shown_lately", cast(FunctionType, _shown_lately), [request_clock, user_exposure])
session_pace = _derived("session_pace", cast(FunctionType, _session_pace), [request_clock, session_state])
