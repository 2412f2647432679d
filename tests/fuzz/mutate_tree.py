"""Mutations of a JSON value: types, numbers, strings, structure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random
from typing import Any, NamedTuple

from tests.fuzz import hostile
from tests.fuzz.jsontext import Pairs, Token


class Slot(NamedTuple):
    """A place in a tree that holds a value."""

    parent: Any
    key: Any

    @property
    def value(self) -> Any:
        """What is there."""
        return self.parent[self.key]

    def put(self, value: Any) -> None:
        """Put something else there."""
        self.parent[self.key] = value


Mutation = Callable[[Random, Slot], None]


def mutate_tree(random: Random, tree: Any) -> tuple[Any, str, bool]:
    """The tree with one thing changed (in place), what, and whether it may be large now: once is enough."""
    root = {"": tree}
    mutation = random.choices(tuple(MUTATIONS), tuple(MUTATIONS.values()))[0]
    mutation(random, random.choice(list(_slots(root))))
    return root[""], mutation.__name__.lstrip("_"), mutation in LARGE


def _slots(container: Any) -> Iterator[Slot]:
    keys = list(container) if isinstance(container, dict) else range(len(container))
    for key in keys:
        yield Slot(container, key)
        if isinstance(container[key], dict | list):
            yield from _slots(container[key])


def _other_type(random: Random, slot: Slot) -> None:
    slot.put(hostile.scalar(random))


def _number(random: Random, slot: Slot) -> None:
    slot.put(Token(random.choice(hostile.NUMBERS)))


def _string(random: Random, slot: Slot) -> None:
    slot.put(random.choice(hostile.STRINGS))


def _string_within(random: Random, slot: Slot) -> None:
    text = slot.value if isinstance(slot.value, str) else ""
    at = random.randint(0, len(text))
    slot.put(text[:at] + random.choice(hostile.STRINGS) + text[at:])


def _huge_string(random: Random, slot: Slot) -> None:
    slot.put(hostile.huge(random))


def _left_out(random: Random, slot: Slot) -> None:
    if slot.key != "":
        del slot.parent[slot.key]


def _renamed(random: Random, slot: Slot) -> None:
    if isinstance(slot.parent, dict) and slot.key != "":
        names = (*hostile.STRINGS, slot.key.upper(), slot.key + " ", slot.key + "\0")
        slot.parent[random.choice(names)] = slot.parent.pop(slot.key)


def _added(random: Random, slot: Slot) -> None:
    if isinstance(slot.value, dict):
        slot.value[random.choice(hostile.STRINGS)] = hostile.scalar(random)
    elif isinstance(slot.value, list):
        slot.value.append(hostile.scalar(random))


def _key_repeated(random: Random, slot: Slot) -> None:
    if isinstance(slot.value, dict) and slot.value:
        key = random.choice(list(slot.value))
        again = slot.value[key] if random.random() < 0.5 else hostile.scalar(random)
        slot.put(Pairs((*slot.value.items(), (key, again))))


def _item_repeated(random: Random, slot: Slot) -> None:
    if isinstance(slot.value, list) and slot.value:
        slot.put(slot.value + [random.choice(slot.value)] * random.choice((1, 2, *hostile.LONG_LISTS)))


def _many_keys(random: Random, slot: Slot) -> None:
    if isinstance(slot.value, dict):
        slot.put({**slot.value, **{f"k{n}": n for n in range(random.choice(hostile.LONG_LISTS))}})


def _wrapped(random: Random, slot: Slot) -> None:
    slot.put(random.choice(([slot.value], {"value": slot.value}, [slot.value, slot.value])))


def _nested(random: Random, slot: Slot) -> None:
    depth = random.choice(hostile.DEPTHS)
    opening, closing = random.choice((("[", "]"), ('{"a":', "}")))
    slot.put(Token(opening * depth + "1" + closing * random.choice((depth, 0))))


def _swapped(random: Random, slot: Slot) -> None:
    if len(slot.parent) > 1:
        other = random.choice(list(slot.parent) if isinstance(slot.parent, dict) else range(len(slot.parent)))
        slot.parent[slot.key], slot.parent[other] = slot.parent[other], slot.parent[slot.key]


MUTATIONS: dict[Mutation, int] = {
    _other_type: 14,
    _number: 10,
    _string: 14,
    _string_within: 10,
    _huge_string: 1,
    _left_out: 8,
    _renamed: 8,
    _added: 8,
    _key_repeated: 6,
    _item_repeated: 4,
    _many_keys: 2,
    _wrapped: 6,
    _nested: 3,
    _swapped: 6,
}
LARGE = (_huge_string, _item_repeated, _many_keys, _nested)
