"""The Open Bandit Dataset's CSV: one row an impression and position.

Y. Saito, S. Aihara, M. Matsutani, Y. Narita, "Open Bandit Dataset and Pipeline", NeurIPS (2021).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from simulator.logs.mapped import MappedReader
from simulator.logs.mapping import Columns
from simulator.logs.tables import CsvTable

if TYPE_CHECKING:
    from simulator.logged.mapping import FeatureKind

HEADER = frozenset({"timestamp", "item_id", "position", "click", "propensity_score"})
_AFFINITY, _USER, _NUMBER = "user-item_affinity_", "user_feature_", ""


class OpenBanditReader(MappedReader):
    """Reads such a file. The candidates are all items of its campaign: the file has an affinity to each of them."""

    def __init__(self, table: CsvTable) -> None:
        """Raises ``UnreadableLog`` if a column is missing."""
        affinities = [name for name in table.names if name.startswith(_AFFINITY)]
        users = [name for name in table.names if name.startswith(_USER)]
        features: dict[str, FeatureKind] = {"position": "category"}
        features |= dict.fromkeys(users, "category")
        features |= dict.fromkeys(affinities, "number")
        columns = Columns(
            reward="click",
            action="item_id",
            propensity="propensity_score",
            actions=tuple(name.removeprefix(_AFFINITY) for name in affinities),
            time="timestamp",
            id=_NUMBER if _NUMBER in table.names else None,
            features=features,
        )
        super().__init__(table, columns)

    @property
    def taken_for(self) -> str:
        """See ``Reader.taken_for``."""
        return "the Open Bandit Dataset's CSV"
