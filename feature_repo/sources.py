"""Where features come from: Parquet files, pushes, and the request itself.

``MAITRED_OFFLINE`` names the folder of the Parquet files; ``data`` beside this file by default.
"""

from __future__ import annotations

import os
from pathlib import Path

from feast import Field, FileSource, PushSource, RequestSource
from feast.data_format import ParquetFormat
from feast.types import Int64

from feature_repo.fields import field_named, fields_of

OFFLINE = Path(os.environ.get("MAITRED_OFFLINE") or Path(__file__).parent / "data").absolute()


def _parquet(view: str) -> FileSource:
    """``<view>.parquet`` and, beside it, what ``maitred features load`` adds: ``<view>.<digest>.parquet``."""
    return FileSource(
        name=f"{view}_parquet",
        path=str(OFFLINE / f"{view}.*parquet"),
        file_format=ParquetFormat(),
        timestamp_field="event_timestamp",
    )


user_profile_parquet = _parquet("user_profile")
user_preferences_parquet = _parquet("user_preferences")
user_activity_parquet = _parquet("user_activity")
user_predictions_parquet = _parquet("user_predictions")
user_exposure_parquet = _parquet("user_exposure")
session_state_parquet = _parquet("session_state")

user_activity_push = PushSource(name="user_activity_push", batch_source=user_activity_parquet)
user_predictions_push = PushSource(name="user_predictions_push", batch_source=user_predictions_parquet)
user_exposure_push = PushSource(name="user_exposure_push", batch_source=user_exposure_parquet)
session_state_push = PushSource(name="session_state_push", batch_source=session_state_parquet)

request = RequestSource(name="request", schema=fields_of("request"))
request_clock = RequestSource(
    name="request_clock",
    schema=[Field(name="now_us", dtype=Int64), field_named("request", "utc_offset_minutes")],
)
