"""Every feature of the shipped repository, declared once: its Feast views, and so the plan, are made from here."""

from __future__ import annotations

from datetime import timedelta

from features.declared.computed import COMPUTED
from features.declared.session import REQUEST, SESSION
from features.declared.user import ACTIVITY, EXPOSURE, PREDICTIONS, PREFERENCES, PROFILE
from features.schema import FeatureSpec, ViewSpec

VIEWS: tuple[ViewSpec, ...] = (
    ViewSpec("user_profile", "batch", "user_id", timedelta(days=365)),
    ViewSpec("user_preferences", "batch", "user_id", timedelta(days=730)),
    ViewSpec("user_activity", "push", "user_id", timedelta(days=90)),
    ViewSpec("user_predictions", "push", "user_id", timedelta(days=90)),
    ViewSpec("user_exposure", "push", "user_id", timedelta(days=90)),
    ViewSpec("session_state", "push", "session_id", timedelta(days=1)),
    ViewSpec("request", "request"),
    ViewSpec("local_time", "derived"),
    ViewSpec("return_visit", "derived"),
    ViewSpec("purchase_history", "derived"),
    ViewSpec("shown_lately", "derived"),
    ViewSpec("session_pace", "derived"),
)

FEATURES: tuple[FeatureSpec, ...] = (
    *PROFILE,
    *PREFERENCES,
    *ACTIVITY,
    *PREDICTIONS,
    *EXPOSURE,
    *SESSION,
    *REQUEST,
    *COMPUTED,
)


def view_named(name: str) -> ViewSpec:
    """The declared view of this name."""
    return next(view for view in VIEWS if view.name == name)


def features_of(view: str) -> tuple[FeatureSpec, ...]:
    """The features of one view, in the order of their declaration."""
    return tuple(feature for feature in FEATURES if feature.view == view)
