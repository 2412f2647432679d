"""Everything that Feast shall know of one table. It is copied as it is: what is described stands in ``table.json``."""

from __future__ import annotations

from pathlib import Path

from feast import Entity, FeatureService, FeatureView, Field, FileSource, RequestSource
from feast.types import String
from feast.value_type import ValueType

from feature_repo.fields import field_of
from feature_repo.table.schema import KEY, REQUEST, VIEW, read
from features.repository import prepared_home

prepared_home()

_HERE = Path(__file__).parent.absolute()
_TABLE = read(_HERE)

user = Entity(name="user", join_keys=[KEY], value_type=ValueType.STRING, description="One row of the table.")

if _TABLE.features:
    rows = FileSource(
        name=f"{VIEW}_parquet", path=str(_HERE / "data" / f"{VIEW}.parquet"), timestamp_field="event_timestamp"
    )
    customer = FeatureView(
        name=VIEW,
        entities=[user],
        schema=[Field(name=KEY, dtype=String), *(field_of(feature) for feature in _TABLE.features)],
        source=rows,
        online=True,
    )
    service = FeatureService(name=_TABLE.service, features=[customer])

if _TABLE.request:
    request = RequestSource(name=REQUEST, schema=[field_of(feature) for feature in _TABLE.request])
