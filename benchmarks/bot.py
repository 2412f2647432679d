"""The bot that is measured: ten of the example's recommendations, always eligible, everybody in ``champion``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from api.settings import EXAMPLE_CONFIG
from features.vector import Scalar

PLACEMENT = "recommendation"
ACTIONS = 10
CONTEXT: Mapping[str, Scalar] = {
    "channel": "web",
    "device": "mobile",
    "locale": "en",
    "utc_offset_minutes": 60,
    "intent": "browse",
}


def write_config(folder: Path, window: str | None = None) -> Path:
    """Write the configuration, with another reward window if one is given; returns its path."""
    config: dict[str, Any] = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    placement = config["placements"][PLACEMENT]
    placement["actions"] = placement["actions"][:ACTIONS]
    for action in placement["actions"]:
        action.pop("eligible", None)
    placement["baseline"] = placement["actions"][0]["id"]
    placement["traffic"] = {"champion": 1.0, "random": 0.0, "control": 0.0}
    if window is not None:
        placement["reward"] |= {"window": window, "grace": "0s"}
    config["placements"] = {PLACEMENT: placement}
    path = folder / "bot.yaml"
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
    return path
