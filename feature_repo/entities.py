"""What features are about."""

from __future__ import annotations

from feast import Entity
from feast.value_type import ValueType

user = Entity(
    name="user", join_keys=["user_id"], value_type=ValueType.STRING, description="Somebody who agreed to be known."
)
session = Entity(
    name="session", join_keys=["session_id"], value_type=ValueType.STRING, description="One conversation with the bot."
)
