"""What Feast has no word for, in tags: a feature's declaration → tag → JSON value, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import timedelta
from typing import Any

import msgspec

from features.errors import PlanError
from features.plan import PlannedFeature
from features.scalars import FeatureType, coerce
from features.schema import FeatureSpec
from features.vector import Scalar

_FEASTS_OWN = ("view", "name", "type")
_ASSUMED: Mapping[str, Any] = {field.name: field.default for field in msgspec.structs.fields(PlannedFeature)}
ZEROS: Mapping[FeatureType, Scalar] = {"string": "", "int": 0, "float": 0.0, "bool": False}


def tags_of(feature: FeatureSpec) -> dict[str, Any]:
    """Tag → value of whatever a plan would not assume, the default and the description always.

    Feast has a word for the latter, but not where it compares fields with what a function returns.
    """
    declared = {field.name: getattr(feature, field.name) for field in fields(feature) if _is_told(feature, field)}
    ttl = declared.pop("ttl", None)
    return declared if ttl is None else {**declared, "ttl_us": round(ttl / timedelta(microseconds=1))}


def planned(view: str, name: str, type_: FeatureType, tags: Mapping[str, str], description: str = "") -> PlannedFeature:
    """The feature that a registry's tags describe. Tags that are not ours are left alone.

    Raises:
        PlanError: a tag's value is not what it must be.
    """
    ours = {tag: _decoded(tags[tag]) for tag in PlannedFeature.__struct_fields__ if tag in tags}
    ours |= {"name": name, "type": type_, "description": description or ours.get("description", "")}
    default = coerce(type_, ours.get("default", ZEROS[type_]))
    if default is None:
        raise PlanError(f"{view}.{name}: the default {ours['default']!r} is not of type {type_}")
    try:
        feature = msgspec.convert({**ours, "default": default}, PlannedFeature)
    except msgspec.ValidationError as error:
        raise PlanError(f"{view}.{name}: a tag is not what it must be: {error}") from error
    if feature.range is not None and not feature.range[0] < feature.range[1]:
        raise PlanError(f"{view}.{name}: the range {list(feature.range)} is empty")
    return feature


def _is_told(feature: FeatureSpec, field: Field[Any]) -> bool:
    if field.name in _FEASTS_OWN:
        return False
    return field.default is MISSING or getattr(feature, field.name) != _ASSUMED.get(field.name)


def _decoded(text: str) -> Any:
    """Text that is no JSON stands for itself: people write tags by hand, too."""
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
