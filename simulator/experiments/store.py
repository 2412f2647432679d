"""Where measurements are kept while an experiment is under way: one file each, whole or not there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from simulator.experiments.measured import Measured
from simulator.logs.whole_file import whole


@dataclass(frozen=True, slots=True)
class Store:
    """A folder of measurements by their cells' keys. Processes may share it."""

    folder: Path

    def get(self, key: str) -> Measured | None:
        """A measurement; ``None`` if it has not been made, or what is there is none."""
        try:
            return msgspec.json.decode(self._path(key).read_bytes(), type=Measured)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def put(self, key: str, measured: Measured) -> None:
        """Keep a measurement. Raises ``OSError``."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with whole(self._path(key)) as place:
            place.write_bytes(msgspec.json.encode(measured))

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"
