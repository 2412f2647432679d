"""The one module that touches Vowpal Wabbit.

Examples are built from dicts and owned by Python: features are never formatted or parsed as text, so nothing can be
injected, and nothing is taken from Vowpal Wabbit's pool, so nothing leaks or is freed twice. An example never leaves
the workspace it was made with. Namespaces: ``S`` (shared) and ``A`` (action).
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import vowpalwabbit
from vowpalwabbit import Workspace

from engine.errors import ConfigError, SnapshotError, UnsafeExample
from engine.types import Candidate
from engine.vowpal_flags import Flags
from engine.vowpal_guards import check_candidates, check_chosen, check_pmf, safe_features, safe_label

VERSION: str = vowpalwabbit.__version__
MAX_CACHED = 2_000
MIN_MODEL_BYTES = 64

# Counters are not part of a model unless asked for at every load; without them a resumed model differs in its bytes.
_ALWAYS = ["--quiet", "--preserve_performance_counters"]
# What a workspace reports differently once it is loaded, though nothing about the model differs.
_NOT_COMPARED = ("no_predict", "random_seed")

_FNV_PRIME = 16777619
_CONSTANT = 11650396


class Vowpal:
    """A contextual bandit over actions with features, guarded.

    Whatever would harm the model is refused before it is touched (``engine.vowpal_guards``). Calls are serialised by a
    lock; Vowpal Wabbit holds the interpreter's lock anyway.

    A workspace takes milliseconds to make, during which no other thread runs: it is made when it is first needed, so
    that one which is loaded from a file is the only one made.

    Args:
        flags: see ``engine.vowpal_flags``; checked by making a workspace with them, once in a process.
        max_actions: most candidates in one request.

    Raises:
        ConfigError: the flags are refused, here or by Vowpal Wabbit.
    """

    def __init__(self, flags: str, *, max_actions: int = 200) -> None:
        self.flags = Flags.parse(flags)
        self._max_actions = max_actions
        self._lock = threading.Lock()
        self._made_with = _made_with(tuple(self.flags.tokens))
        self._actions: OrderedDict[str, Any] = OrderedDict()

    @classmethod
    def load(cls, path: Path, flags: str, *, max_actions: int = 200) -> Vowpal:
        """The model at ``path``. Raises ``SnapshotError`` if it cannot be read or was made with other flags."""
        vowpal = cls(flags, max_actions=max_actions)
        vowpal.restore(path)
        return vowpal

    def restore(self, path: Path) -> None:
        """Replace what was learned by the model at ``path``, which must have been made with these flags."""
        if not path.is_file():
            raise SnapshotError(f"no model at {path.name}")
        try:
            loaded = _workspace(["-i", str(path)])
        except ConfigError as error:
            raise SnapshotError(f"{path.name} is not a model: {error}") from error
        made_with = _options(loaded.get_arguments().replace(f"--initial_regressor {path}", ""))
        if made_with != self._made_with:
            raise SnapshotError(f"{path.name} was made with other flags: {' '.join(sorted(made_with))}")
        with self._lock:
            self._adopt(loaded)

    def predict(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> list[float]:
        """The exploration's probabilities, in order of ``candidates``."""
        check_candidates(candidates, self._max_actions)
        with self._lock:
            examples = [self._example("S", shared, "shared")]
            examples += map(self._cached, candidates)
            pmf: list[float] = self._call(self._workspace.predict, examples)
        if self.flags.regcb:
            total = sum(pmf)
            pmf = [p / total for p in pmf]
        check_pmf(pmf, len(candidates))
        return pmf

    def learn(
        self,
        shared: Mapping[str, float],
        candidates: Sequence[Candidate],
        chosen: int,
        *,
        cost: float,
        probability: float,
    ) -> float:
        """One update. ``cost`` is clipped to [-1, 0] and the weight 1 / ``probability`` at 1,000 (``safe_label``).

        Returns the probability that ``predict`` would have given the chosen candidate just before: learning computes it
        anyway.
        """
        check_candidates(candidates, self._max_actions)
        check_chosen(chosen, len(candidates))
        label = safe_label(cost, probability)
        with self._lock:
            examples = [self._example("S", shared, "shared")]
            examples += [
                self._example("A", candidate.features, label) if index == chosen else self._cached(candidate)
                for index, candidate in enumerate(candidates)
            ]
            self._call(self._workspace.learn, examples)
            before: float = examples[0].get_action_scores()[chosen]
        return before

    def save(self, path: Path) -> None:
        """Write the model; the same state gives the same bytes. Raises ``SnapshotError`` if nothing was written."""
        with self._lock:
            try:
                self._workspace.save(path)
            except RuntimeError as error:
                unfinished = path.with_name(f"{path.name}.writing")
                if unfinished.is_file():
                    unfinished.unlink()
                raise SnapshotError(f"the model could not be saved: {error}") from error
        if not path.is_file() or path.stat().st_size < MIN_MODEL_BYTES:
            raise SnapshotError(f"nothing was saved to {path.name}")

    def contributions(self, shared: Mapping[str, float], candidate: Candidate) -> list[tuple[str, float]] | None:
        """What each feature, and each pair of a shared and an action feature, adds to the candidate's estimated cost.

        Largest magnitude first; their sum is the estimate. ``None`` where the flags make it more than such a sum.
        """
        if not self.flags.explainable:
            return None
        with self._lock:
            left = self._hashed("S", shared)
            right = self._hashed("A", candidate.features)
            terms = [(name, value * self._weight(index)) for name, index, value in left + right]
            if self.flags.constant:
                terms.append(("constant", self._weight(_CONSTANT)))
            if self.flags.pairs:
                terms += [
                    (f"{name} × {other}", value * by * self._weight((_FNV_PRIME * index) ^ against))
                    for name, index, value in left
                    for other, against, by in right
                ]
        return sorted(terms, key=lambda term: -abs(term[1]))

    @cached_property
    def _workspace(self) -> Any:
        return _workspace(self.flags.tokens)

    @cached_property
    def _label_type(self) -> Any:
        return self._workspace.get_label_type()

    def _adopt(self, workspace: Any) -> None:
        """Examples point into their workspace: a new one starts with a new cache."""
        self._workspace = workspace
        self._actions = OrderedDict()

    def _cached(self, candidate: Candidate) -> Any:
        example = self._actions.get(candidate.key)
        if example is not None:
            self._actions.move_to_end(candidate.key)
            return example
        example = self._actions[candidate.key] = self._example("A", candidate.features)
        if len(self._actions) > MAX_CACHED:
            self._actions.popitem(last=False)
        return example

    def _example(self, namespace: str, features: Mapping[str, float], label: str | None = None) -> Any:
        example = self._call(self._workspace.example, {namespace: safe_features(features)}, self._label_type)
        if label is not None:
            example.set_label_string(label)
        example.setup_example()
        return example

    def _hashed(self, namespace: str, features: Mapping[str, float]) -> list[tuple[str, int, float]]:
        """``(name, weight index, value)`` per feature: examples keep the order of the dict they were built from."""
        names = list(safe_features(features))
        example = self._example(namespace, features)
        return [
            (name, example.feature(namespace, i), example.feature_weight(namespace, i)) for i, name in enumerate(names)
        ]

    def _weight(self, index: int) -> float:
        weight: float = self._workspace.get_weight(index & (self._workspace.num_weights() - 1))
        return weight

    @staticmethod
    def _call(function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            return function(*arguments)
        except (RuntimeError, TypeError, ValueError) as error:
            raise UnsafeExample(f"vowpal wabbit refuses the example: {error}") from error


def _workspace(arguments: list[str]) -> Any:
    try:
        return Workspace(arg_list=[*arguments, *_ALWAYS])
    except (RuntimeError, ValueError) as error:
        raise ConfigError(f"vowpal wabbit refuses {' '.join(arguments)!r}: {error}") from error


@cache
def _made_with(tokens: tuple[str, ...]) -> frozenset[str]:
    """What a workspace with these flags says it was made with. Raises ``ConfigError`` if there can be none."""
    return _options(_workspace(list(tokens)).get_arguments())


def _options(arguments: str) -> frozenset[str]:
    """What a workspace says it was made with, one option with its value each."""
    options = (option.strip() for option in f" {arguments}".split(" --"))
    return frozenset(f"--{option}" for option in options if option and not option.startswith(_NOT_COMPARED))
