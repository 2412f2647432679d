"""Examples of one Vowpal Wabbit workspace: built from dicts, owned by Python, and kept where they serve again.

Built with the binding's own class, which is what its Python wrapper is built on: half of what a prediction takes would
go into wrapping. Nothing about an example differs (tests compare the bytes of models).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import pylibvw

from engine.types import Candidate
from engine.vowpal_guards import check_candidates, safe_features

MAX_CACHED = 2_000


class Examples:
    """Makes and keeps examples. None may outlive its workspace, none may go to another one.

    Three things are kept: examples of candidates by their key; those of the newest tuple of candidates, for as long as
    the very same is asked about; and that of the newest context, which is learned right after it was predicted for
    wherever nobody waits for the reward.

    Args:
        max_actions: most candidates in one request.
    """

    def __init__(self, workspace: Any, max_actions: int) -> None:
        self.workspace = workspace
        self.actions: OrderedDict[str, Any] = OrderedDict()
        self._max_actions = max_actions
        self._label_type: int = workspace.get_label_type().value
        self._newest: tuple[Sequence[Candidate], list[Any]] | None = None
        self._context: tuple[Mapping[str, float], dict[str, float], Any] | None = None

    def shared(self, features: Mapping[str, float]) -> Any:
        """The context, in namespace ``S``. Raises ``UnsafeExample``."""
        newest = self._context
        if newest is not None and newest[0] is features and newest[1] == features:
            return newest[2]
        example = self._made("S", features, "shared")
        self._context = (features, dict(features), example)
        return example

    def offered(self, candidates: Sequence[Candidate]) -> list[Any]:
        """The candidates in their order, in namespace ``A``; the list is the caller's. Raises ``UnsafeExample``."""
        if self._newest is not None and candidates is self._newest[0]:
            return self._newest[1].copy()
        check_candidates(candidates, self._max_actions)
        examples = [self._cached(candidate) for candidate in candidates]
        if type(candidates) is tuple:
            self._newest = (candidates, examples.copy())
        return examples

    def labelled(self, candidate: Candidate, label: str) -> Any:
        """The candidate that was chosen; never kept, because a label cannot be taken off again."""
        return self._made("A", candidate.features, label)

    def _cached(self, candidate: Candidate) -> Any:
        example = self.actions.get(candidate.key)
        if example is not None:
            self.actions.move_to_end(candidate.key)
            return example
        example = self.actions[candidate.key] = self._made("A", candidate.features)
        if len(self.actions) > MAX_CACHED:
            self.actions.popitem(last=False)
        return example

    def _made(self, namespace: str, features: Mapping[str, float], label: str | None = None) -> Any:
        example = pylibvw.example(self.workspace, self._label_type)
        example.push_feature_dict(self.workspace, {namespace: safe_features(features)})
        if label is not None:
            example.set_label_string(self.workspace, label, self._label_type)
        self.workspace.setup_example(example)
        return example
