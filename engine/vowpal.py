"""The one module that touches Vowpal Wabbit, with ``engine.vowpal_examples``.

Examples are built from dicts and owned by Python: features are never formatted or parsed as text, so nothing can be
injected, and nothing is taken from Vowpal Wabbit's pool, so nothing leaks or is freed twice. An example never leaves
the workspace it was made with. Namespaces: ``S`` (shared) and ``A`` (action).
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pylibvw
import vowpalwabbit
from vowpalwabbit import Workspace

from engine.errors import ConfigError, SnapshotError, UnsafeExample
from engine.types import Candidate
from engine.vowpal_examples import Examples
from engine.vowpal_flags import Flags
from engine.vowpal_guards import check_chosen, check_pmf, safe_features, safe_label

VERSION: str = vowpalwabbit.__version__
MIN_MODEL_BYTES = 64

# Counters are not part of a model unless asked for at every load; without them a resumed model differs in its bytes.
_ALWAYS = ["--quiet", "--preserve_performance_counters"]
# What a workspace reports differently once it is loaded, though nothing about the model differs.
_NOT_COMPARED = ("no_predict", "random_seed")

_REFUSED = (RuntimeError, TypeError, ValueError)

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
        self._ties = self.flags.regcb

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
            self._examples = Examples(loaded, self._max_actions)

    def predict(self, shared: Mapping[str, float], candidates: Sequence[Candidate]) -> list[float]:
        """The exploration's probabilities, in order of ``candidates``."""
        with self._lock:
            try:
                examples = self._examples.offered(candidates)
                examples.insert(0, self._examples.shared(shared))
                pylibvw.vw.predict_multi(self._workspace, examples)
            except _REFUSED as error:
                raise _unsafe(error) from error
            pmf: list[float] = examples[0].get_action_scores()
        if self._ties:
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
        with self._lock:
            try:
                examples = self._examples.offered(candidates)
                check_chosen(chosen, len(candidates))
                examples[chosen] = self._examples.labelled(candidates[chosen], safe_label(cost, probability))
                examples.insert(0, self._examples.shared(shared))
                pylibvw.vw.learn_multi(self._workspace, examples)
            except _REFUSED as error:
                raise _unsafe(error) from error
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
    def _examples(self) -> Examples:
        return Examples(_workspace(self.flags.tokens), self._max_actions)

    @property
    def _workspace(self) -> Any:
        return self._examples.workspace

    def _hashed(self, namespace: str, features: Mapping[str, float]) -> list[tuple[str, int, float]]:
        """``(name, weight index, value)`` per feature: examples keep the order of the dict they were built from."""
        names = list(safe_features(features))
        example = self._workspace.example({namespace: safe_features(features)})
        example.setup_example()
        return [
            (name, example.feature(namespace, i), example.feature_weight(namespace, i)) for i, name in enumerate(names)
        ]

    def _weight(self, index: int) -> float:
        weight: float = self._workspace.get_weight(index & (self._workspace.num_weights() - 1))
        return weight


def _unsafe(error: Exception) -> UnsafeExample:
    return UnsafeExample(f"vowpal wabbit refuses the example: {error}")


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
