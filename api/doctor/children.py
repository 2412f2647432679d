"""What became of a deployment's processes: a small file in the home that says how often each had to be restarted."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

import msgspec

from features.clock import Clock, wall_clock

FILE = "children.json"
REMEMBERED = 10
"""Deaths of a child whose times are kept."""


class ChildRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One child since its keeper started: how often it died, the last exit code, and when (µs), the newest last."""

    deaths: int = 0
    code: int = 0
    died_us: tuple[int, ...] = ()

    def after_death(self, code: int, now_us: int) -> ChildRecord:
        """With one more."""
        return ChildRecord(deaths=self.deaths + 1, code=code, died_us=(*self.died_us, now_us)[-REMEMBERED:])

    def deaths_since(self, time_us: int) -> int:
        """How many of the remembered deaths were after this moment."""
        return sum(died_us > time_us for died_us in self.died_us)


class Register:
    """Writes the file. Starting a deployment starts its counts anew."""

    def __init__(self, home: Path, names: list[str], clock: Clock = wall_clock) -> None:
        self._path = home / FILE
        self._clock = clock
        self._records = {name: ChildRecord() for name in names}
        self._lock = threading.Lock()
        self._write()

    def note_death(self, name: str, code: int) -> None:
        """Count it. A full disk does not keep anybody from being restarted."""
        with self._lock:
            self._records[name] = self._records[name].after_death(code, self._clock())
            self._write()

    def _write(self) -> None:
        draft = self._path.with_name(f".{FILE}")
        with contextlib.suppress(OSError):
            draft.write_bytes(msgspec.json.encode(self._records))
            draft.replace(self._path)


def read_children(home: Path) -> dict[str, ChildRecord]:
    """Child → its record; nothing if nothing was ever kept running here.

    Raises:
        OSError: the file cannot be read.
        msgspec.DecodeError: it is something else.
    """
    try:
        return msgspec.json.decode((home / FILE).read_bytes(), type=dict[str, ChildRecord])
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
