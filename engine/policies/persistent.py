"""Policies whose learned state is arrays of numbers: saved and loaded alike."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from engine.policies.base import Policy
from engine.policies.learned_state import Part, read_state, write_state


class PersistentPolicy(Policy):
    """A subclass says what its ``_parts`` are and how it goes on from them."""

    learns = True

    def save(self, path: Path) -> None:
        write_state(path, self.name, self.params, self._parts)

    @classmethod
    def load(cls, path: Path, **params: Any) -> Self:
        policy = cls(**params)
        policy._restore(read_state(path, cls.name, policy.params))
        return policy

    @property
    @abstractmethod
    def _parts(self) -> list[Part]: ...

    @abstractmethod
    def _restore(self, parts: Sequence[Part]) -> None: ...
