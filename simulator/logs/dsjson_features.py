"""Features in the JSON of Vowpal Wabbit, under flat names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

TEXT = "_text"


def features_of(namespaces: Mapping[str, Any], whole: Collection[str] = ()) -> dict[str, float]:
    """``namespace^name`` → number; words and flags become ``namespace^name=value`` with 1. Zeros are left out.

    What begins with an underscore is no feature, but for ``_text``, whose words are.

    Args:
        whole: namespaces whose features keep their names.
    """
    found: dict[str, float] = {}
    for name, value in namespaces.items():
        for feature, number in _flat(name, value):
            key = feature.partition("^")[2] if name in whole else feature
            if number:
                found[key] = number
    return found


def _flat(name: str, value: Any) -> Iterator[tuple[str, float]]:
    last = name.rpartition("^")[2]
    if last == TEXT and isinstance(value, str):
        yield from ((f"{name.removesuffix(TEXT)}{word}", 1.0) for word in value.split())
    elif last.startswith("_"):
        return
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{name}^{key}", inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _flat(name if isinstance(inner, Mapping) else f"{name}^{index}", inner)
    elif isinstance(value, int | float):
        yield name, float(value)
    elif isinstance(value, str) and value:
        yield f"{name}={value}", 1.0
