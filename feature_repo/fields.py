"""From the schema's declarations to Feast's: what Feast has no word for travels in tags."""

from __future__ import annotations

import json
from collections.abc import Mapping

from feast import Field
from feast.types import Bool, FeastType, Float64, Int64, String

from features.declared import features_of
from features.scalars import FeatureType
from features.schema import FeatureSpec
from features.tags import tags_of

TYPES: Mapping[FeatureType, FeastType] = {"string": String, "int": Int64, "float": Float64, "bool": Bool}


def fields_of(view: str) -> list[Field]:
    """The fields of a declared view."""
    return [field_of(feature) for feature in features_of(view)]


def bare_fields_of(view: str) -> list[Field]:
    """The fields of a derived view: Feast compares them with the function's result, which has no tags."""
    return [Field(name=feature.name, dtype=TYPES[feature.type]) for feature in features_of(view)]


def view_tags_of(view: str) -> dict[str, str]:
    """The tags that bare fields cannot carry, as ``feature.tag``."""
    tagged = ((feature.name, _tags(feature)) for feature in features_of(view))
    return {f"{name}.{tag}": value for name, tags in tagged for tag, value in tags.items()}


def field_named(view: str, name: str) -> Field:
    """One field of a declared view."""
    return next(field for field in fields_of(view) if field.name == name)


def field_of(feature: FeatureSpec) -> Field:
    """The field of one declared feature."""
    return Field(name=feature.name, dtype=TYPES[feature.type], description=feature.description, tags=_tags(feature))


def _tags(feature: FeatureSpec) -> dict[str, str]:
    return {name: json.dumps(value) for name, value in tags_of(feature).items()}
