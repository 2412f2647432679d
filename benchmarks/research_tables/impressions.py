"""The small-sized Open Bandit Dataset as Open Bandit Pipeline sees it: impressions of items at positions, in arrays.

Y. Saito, S. Aihara, M. Matsutani, Y. Narita, "Open Bandit Dataset and Pipeline", NeurIPS (2021).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from benchmarks.research_tables.zozotown import POSITIONS
from simulator.ope.evaluated import Array

USER, ITEM = "user_feature_", "item_feature_"
NUMBER_OF_ITEM = "item_feature_0"


@dataclass(frozen=True, slots=True, eq=False)
class Impressions:
    """One entry an impression.

    Attributes:
        item: which one was shown, from 0; ``position`` where, from 0.
        user: (impressions, columns): indicators of the user's four categories, without the first value of each.
    """

    item: NDArray[np.int64]
    position: NDArray[np.int64]
    click: Array
    propensity: Array
    user: Array

    def __len__(self) -> int:
        return len(self.item)

    def take(self, rows: NDArray[np.int64]) -> Impressions:
        """These rows, in this order."""
        return Impressions(*(getattr(self, field.name)[rows] for field in fields(self)))


def file_of(behaviour: str, campaign: str) -> Path:
    """Where the impressions are that a policy (``random``, ``bts``) made in a campaign."""
    return Path(os.environ["MAITRED_DATASETS"]) / "open_bandit_small" / f"{behaviour}_{campaign}.csv.gz"


def impressions(behaviour: str, campaign: str) -> Impressions:
    """All of them, in the order of time, as they are in the file."""
    table = pa.csv.read_csv(file_of(behaviour, campaign))
    user = np.column_stack([_indicators(table[name]) for name in table.column_names if name.startswith(USER)])
    position = np.asarray(table["position"]) - 1
    if int(position.max()) >= POSITIONS:
        raise ValueError(f"expected {POSITIONS} positions, found {int(position.max()) + 1}")
    click, propensity = (np.asarray(table[name], dtype=np.float64) for name in ("click", "propensity_score"))
    return Impressions(np.asarray(table["item_id"]), position, click, propensity, user)


def described_items(behaviour: str, campaign: str) -> Array:
    """(items, 4): three categories as numbers, in the order of their names, and one number, as the source has them."""
    file = file_of(behaviour, campaign)
    table = pa.csv.read_csv(file.with_name(f"{behaviour}_{campaign}_item_context.csv.gz")).sort_by("item_id")
    names = [name for name in table.column_names if name.startswith(ITEM) and name != NUMBER_OF_ITEM]
    categories = [np.unique(_words(table[name]), return_inverse=True)[1] for name in names]
    return np.column_stack([*categories, np.asarray(table[NUMBER_OF_ITEM])])


def _indicators(column: pa.ChunkedArray) -> Array:
    words = _words(column)
    return (words[:, None] == np.unique(words)[1:]).astype(np.float64)


def _words(column: pa.ChunkedArray) -> NDArray[np.str_]:
    return np.array(column.to_pylist())
