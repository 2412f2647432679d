"""From good requests to bad ones: the same seed and number give the same request."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from tests.fuzz.grammar import Grammar
from tests.fuzz.jsontext import dump
from tests.fuzz.mutate_bytes import mutate_bytes
from tests.fuzz.mutate_envelope import mutate_envelope
from tests.fuzz.mutate_tree import mutate_tree
from tests.fuzz.request import JSON_HEADERS, Request

UNTOUCHED = 0.05
"""Share of requests that stay good: they keep the learner at work meanwhile."""
DAMAGED_BYTES = 0.2
OTHER_ENVELOPE = 0.2
MOST_TREE_MUTATIONS = 3


class Mutator:
    """Makes numbered requests."""

    def __init__(self, grammar: Grammar, seed: int) -> None:
        self._grammar = grammar
        self._seed = seed

    def request(self, number: int) -> Request:
        """The request of this number."""
        random = Random(f"{self._seed}/{number}")
        operation = self._grammar.draw(random)
        untouched = random.random() < UNTOUCHED
        tree, how = (operation.body, []) if untouched else _tree(random, operation.body)
        text = "" if operation.body is None else dump(tree, ascii_only=random.random() < 0.8)
        request = Request(
            operation.method.encode(),
            operation.path.encode(),
            JSON_HEADERS,
            text.encode("utf-8", "surrogatepass"),
            how=tuple(how),
        )
        return request if untouched else _outside(random, request)


def _tree(random: Random, body: Any) -> tuple[Any, list[str]]:
    how: list[str] = []
    if body is None:
        return body, how
    for _ in range(random.randint(0, MOST_TREE_MUTATIONS)):
        body, mutation, is_large = mutate_tree(random, body)
        how.append(mutation)
        if is_large:
            break
    return body, how


def _outside(random: Random, request: Request) -> Request:
    if request.body and (random.random() < DAMAGED_BYTES or not request.how):
        body, mutation = mutate_bytes(random, request.body)
        request = replace(request, body=body, how=(*request.how, mutation))
    if random.random() < OTHER_ENVELOPE or not request.how:
        request, mutation = mutate_envelope(random, request)
        request = replace(request, how=(*request.how, mutation))
    return request
