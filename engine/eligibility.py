"""Eligibility rules: one CEL condition an action, over facts that are prepared once a decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import cel

from engine.errors import ConfigError
from features.vector import FeatureVector, Scalar

TEMPLATE_ROOTS = frozenset({"user", "session", "request", "time", "visit"})
"""Names under which rules and templates know what views hold, whatever the views are called."""

CONSENT = "consent"
RULE_ROOTS = TEMPLATE_ROOTS | {CONSENT}
MAX_RULE_LENGTH = 1000

_NOT_KNOWN = ("", "none", "unknown")
_MAX_INT = 2**63 - 1
_FUNCTIONS = frozenset({"size", "contains", "startsWith", "endsWith", "matches", "int", "double", "string"})
_NAME = re.compile(r"[A-Za-z]\w*")
_BOUND = re.compile(r"\.(?:all|exists|exists_one|filter|map)\(\s*(\w+)\s*,")
_LITERAL = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"")
_REFERENCE = re.compile(r"(?<![\w.])([A-Za-z_]\w*)(?:\s*\.\s*([A-Za-z_]\w*))?")

Reads = frozenset[tuple[str, str]]
"""What rules read, as (root, feature)."""


class Facts:
    """What rules and templates may know about one decision, each form made on first use.

    ``roots``: view → its name in rules and templates (``Plan.roots``); a view that is not there keeps its own.
    """

    def __init__(self, vector: FeatureVector, roots: Mapping[str, str], *, consent: bool) -> None:
        self._vector = vector
        self._roots = roots
        self._consent = consent
        self._contexts: dict[Reads, cel.Context] = {}

    def context(self, reads: Reads) -> cel.Context:
        """The rules' variables: consent and the features they read. ``render_only`` is out of their reach.

        Converting a feature costs more than evaluating a rule: only what is read is converted.
        """
        if reads not in self._contexts:
            self._contexts[reads] = cel.Context({**self._read(reads), CONSENT: self._consent})
        return self._contexts[reads]

    @cached_property
    def roots(self) -> Mapping[str, Mapping[str, Scalar]]:
        """The templates' variables: root → name → value, ``render_only`` included.

        Words for not knowing are left out, so that ``{% if user.favourite_category %}`` means what it says.
        """
        roots: dict[str, dict[str, Scalar]] = {root: {} for root in TEMPLATE_ROOTS}
        for values in (self._vector.values, self._vector.render_only):
            for name, value in values.items():
                if value not in _NOT_KNOWN:
                    view, feature = _parted(name)
                    roots.setdefault(self._roots.get(view, view), {})[feature] = value
        return roots

    def _read(self, reads: Reads) -> dict[str, dict[str, Scalar]]:
        roots: dict[str, dict[str, Scalar]] = {}
        for root, feature in reads:
            known = roots.setdefault(root, {})
            for view in self._views_of(root):
                value = self._vector.values.get(f"{view}.{feature}")
                if value is not None and not (isinstance(value, int) and abs(value) > _MAX_INT):
                    known[feature] = value
        return roots

    def _views_of(self, root: str) -> tuple[str, ...]:
        return tuple(view for view, name in self._roots.items() if name == root) or (root,)


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled condition: its source, what it reads, its program."""

    text: str
    reads: Reads
    _program: cel.Program

    @classmethod
    def compile(cls, text: str) -> Rule:
        """Compile a condition.

        Raises:
            ConfigError: bad syntax, an unknown function, or a feature not written as ``root.feature``.
        """
        if len(text) > MAX_RULE_LENGTH:
            raise ConfigError(f"expected a condition of at most {MAX_RULE_LENGTH} characters, found {len(text)}")
        try:
            program = cel.compile(text)
        except ValueError as error:
            raise ConfigError(f"expected a CEL condition, found {text!r}: {_syntax_error(error)}") from error
        foreign = {name for name in program.functions() if _NAME.fullmatch(name)} - _FUNCTIONS
        if foreign:
            raise ConfigError(f"expected functions from {_listed(_FUNCTIONS)}, found {_listed(foreign)}")
        return cls(text, _reads(text, frozenset(program.variables())), program)

    @property
    def roots(self) -> frozenset[str]:
        """The roots the condition reads, known or not."""
        return frozenset(root for root, _ in self.reads)

    def refusal(self, context: cel.Context) -> str | None:
        """Why the action is not eligible, or ``None`` if it is. Never raises; a rule that cannot be evaluated refuses.

        Names the rule, never a value: it is journaled.
        """
        try:
            result = self._program.execute(context)
        except (LookupError, ArithmeticError, RuntimeError, TypeError, ValueError) as error:
            return f"rule failed: {self.text} ({type(error).__name__})"
        if result is True:
            return None
        return f"rule: {self.text}" if result is False else f"rule failed: {self.text} (not a condition)"


def _reads(text: str, variables: frozenset[str]) -> Reads:
    free = variables - frozenset(_BOUND.findall(text)) - {CONSENT}
    references = _REFERENCE.findall(_LITERAL.sub("''", text))
    reads = frozenset((root, feature) for root, feature in references if root in free)
    bare = {root for root, feature in reads if not feature}
    if bare:
        raise ConfigError(f"expected features as root.feature, found {_listed(bare)} alone")
    return reads


@lru_cache(maxsize=4_096)
def _parted(qualified: str) -> tuple[str, str]:
    """``user_profile.tier`` → ``("user_profile", "tier")``."""
    view, _, feature = qualified.partition(".")
    return view, feature


def _listed(names: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(names))


def _syntax_error(error: ValueError) -> str:
    return str(error).partition("ERROR: <input>:")[2].partition("\n")[0] or "it does not parse"
