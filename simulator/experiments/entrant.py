"""A policy that takes part in an experiment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.policies.base import Policy


@dataclass(frozen=True, slots=True)
class Entrant:
    """A policy by the name that tables call it.

    Attributes:
        make: makes it anew, as it is when a run begins; picklable, such as ``partial(registry.build, "vw", {})``.
        described: what it is, in plain values: two policies of one description choose alike.
    """

    label: str
    make: Callable[[], Policy]
    described: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, label: str, make: Callable[[], Policy], **more: Any) -> Entrant:
        """Described by its name and its parameters, and by ``more`` if these do not say all.

        Raises:
            ConfigError: it cannot be made.
        """
        policy = make()
        return cls(label, make, {"policy": policy.name, "params": policy.params, **more})
