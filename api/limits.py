"""How much one request may ask for: what a deployment has set, and the most that it may set."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from dataclasses import dataclass
from typing import Any

from engine.errors import BadRequest

Path = tuple[str | int, ...]
_SIZED = {
    "actions": "max_actions",
    "exclude": "max_actions",
    "placements": "max_placements",
    "outcomes": "max_outcomes",
    "events": "max_events",
    "context": "max_context_keys",
}
_SIZED_WITHIN = {
    "actions": ("features", "max_action_features"),
    "events": ("properties", "max_context_keys"),
}


class LimitExceeded(BadRequest):
    """The request is larger than the deployment allows; ``found`` is ``None`` where nobody counted to the end."""

    def __init__(self, name: str, most: int, found: int | None = None, *, field: str = "$") -> None:
        much = "more" if found is None else f"{found:,}"
        super().__init__(f"MAITRED_{name.upper()} allows at most {most:,}, found {much}", field=field)
        self.name = name
        self.most = most
        self.found = found


class BodyTooLarge(LimitExceeded):
    """The body has more bytes than the deployment allows."""

    def __init__(self, most: int, found: int | None = None) -> None:
        super().__init__("max_body_bytes", most, found)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one deployment; the defaults are those of the settings of the same names.

    Attributes:
        max_body_bytes: of a request's body.
        max_depth: objects and lists within each other.
        max_actions: brought or excluded by one request.
        max_action_features: of one action that the bot brings.
        max_context_keys: of one context, and of one event's properties.
        max_placements: of one turn.
        max_outcomes: of one report.
        max_events: of one report.
        max_text_length: characters of one value in a context, in features or in properties.
    """

    max_body_bytes: int = 262_144
    max_depth: int = 16
    max_actions: int = 200
    max_action_features: int = 64
    max_context_keys: int = 128
    max_placements: int = 16
    max_outcomes: int = 1_000
    max_events: int = 100
    max_text_length: int = 4_096

    def check(self, body: Any, size: int) -> None:
        """Raise ``LimitExceeded`` if ``body``, plain JSON values of ``size`` bytes, holds too many or too long parts.

        Parts of a wrong type are passed over: whoever decodes the body names them.
        """
        if not isinstance(body, dict):
            return
        for path, name, part in _parts(body):
            self._check_size(path, name, part)
        if size > self.max_text_length:
            self._check_texts(body)

    def check_depth(self, body: Any) -> None:
        """Raise ``LimitExceeded`` if lists and objects are nested too deeply."""
        level = [body]
        for _ in range(self.max_depth):
            level = [inner for part in level for inner in _within(part) if isinstance(inner, dict | list)]
            if not level:
                return
        raise self.too_deep()

    def too_deep(self) -> LimitExceeded:
        """The error for a body that is nested so deeply that nobody counted."""
        return LimitExceeded("max_depth", self.max_depth)

    def _check_size(self, path: Path, name: str, part: Sized) -> None:
        most = getattr(self, name)
        if len(part) > most:
            raise LimitExceeded(name, most, len(part), field=_written(path))

    def _check_texts(self, body: dict[str, Any]) -> None:
        most = self.max_text_length
        for path, _, part in _parts(body):
            texts = part if isinstance(part, dict) else {}
            for key in [key for key, value in texts.items() if type(value) is str and len(value) > most]:
                self._check_size((*path, key), "max_text_length", texts[key])


CEILING = Limits(
    max_body_bytes=16_777_216,
    max_depth=256,
    max_actions=1_000,
    max_action_features=256,
    max_context_keys=512,
    max_placements=64,
    max_outcomes=10_000,
    max_events=1_000,
    max_text_length=16_384,
)
"""No deployment may allow more: beyond it, a single request costs others their time."""
LEAST_DEPTH = 4
"""The deepest body there is: a decision's actions and their features."""


def _parts(body: dict[str, Any]) -> Iterator[tuple[Path, str, Sized]]:
    """Every list and map that has a limit: where it is, the limit's name, and itself."""
    for field, name in _SIZED.items():
        part = body.get(field)
        if isinstance(part, dict | list):
            yield (field,), name, part
    for field, (inner, name) in _SIZED_WITHIN.items():
        whole = body.get(field)
        for index, item in enumerate(whole if isinstance(whole, list) else ()):
            part = item.get(inner) if isinstance(item, dict) else None
            if isinstance(part, dict):
                yield (field, index, inner), name, part


def _within(part: Any) -> Any:
    return part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()


def _written(path: Path) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
