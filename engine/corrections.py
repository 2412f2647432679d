"""Outcomes that take the place of others: whoever reported something wrong says so with a second report."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec


class Heard(msgspec.Struct, frozen=True, array_like=True):
    """What one outcome says.

    Attributes:
        worth: what it contributes to the reward; ``None`` if its metric does not count.
        costly: whether what the action's cost depends on happened.
        corrects: id of the outcome whose place it takes.
    """

    worth: float | None
    costly: bool = False
    corrects: str | None = None


def standing(heard: Mapping[str, Heard]) -> list[Heard]:
    """The outcomes that stand when every correction has taken its place.

    Of several corrections of one outcome the latest stands, and what corrects that one stands instead of it. A place is
    where its original is in the order; an original that never came has its place where it was first named. Two outcomes
    cannot correct each other: what would close a circle stands for itself.

    Args:
        heard: id → outcome, in journal order.
    """
    if all(each.corrects is None for each in heard.values()):
        return list(heard.values())
    targets = _targets(heard)
    latest = {target: id for id, target in targets.items()}
    places = dict.fromkeys(targets.get(id, id) for id in heard if targets.get(id) not in heard)
    return [heard[_follow(latest, place)] for place in places]


def _targets(heard: Mapping[str, Heard]) -> dict[str, str]:
    """Correction → what it corrects."""
    targets: dict[str, str] = {}
    shortcuts: dict[str, str] = {}
    for id, each in heard.items():
        if each.corrects is not None and _end(shortcuts, each.corrects) != id:
            targets[id] = shortcuts[id] = each.corrects
    return targets


def _end(shortcuts: dict[str, str], id: str) -> str:
    """Where following corrections ends. Halves the way as it goes, so that long chains cost no more than short ones."""
    while id in shortcuts:
        shortcuts[id] = shortcuts.get(shortcuts[id], shortcuts[id])
        id = shortcuts[id]
    return id


def _follow(latest: Mapping[str, str], id: str) -> str:
    while id in latest:
        id = latest[id]
    return id
