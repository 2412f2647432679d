"""The bot that customers talk to: the example shop, with windows that close within a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from api.settings import EXAMPLE_CONFIG

WINDOW_SECONDS = 2.0
GRACE_SECONDS = 1.0
METRICS = {"greeting": "continued", "offer": "accepted", "recommendation": "bought"}
"""Placement → what its customers report."""
_AGGREGATIONS = {"greeting": "earliest", "offer": "sum", "recommendation": "max"}


def write_config(path: Path) -> None:
    """Write the bot's YAML."""
    config: dict[str, Any] = yaml.safe_load(EXAMPLE_CONFIG.read_text())
    for name, placement in config["placements"].items():
        placement["reward"] |= {
            "window": f"{WINDOW_SECONDS:.0f}s",
            "grace": f"{GRACE_SECONDS:.0f}s",
            "aggregation": _AGGREGATIONS[name],
        }
    path.write_text(yaml.safe_dump(config, allow_unicode=True, sort_keys=False))
