"""What a demo was asked to be about."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Data(StrEnum):
    """The data sets there are."""

    shop = "shop"
    hillstrom = "hillstrom"
    banking77 = "banking77"
    csv = "csv"


@dataclass(frozen=True, slots=True)
class Options:
    """The options that say which data. ``rows`` limits a log to so many, the first after shuffling."""

    data: Data
    seed: int
    customers: int
    turns: int
    path: Path | None = None
    mapping: Path | None = None
    metric: str | None = None
    rows: int | None = None
    resume: bool = False
