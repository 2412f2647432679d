"""Which command line flags Vowpal Wabbit may be given here, and what follows from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from engine.errors import ConfigError

REQUIRED = "--cb_explore_adf"

_LONG = {"-b": "--bit_precision", "-l": "--learning_rate", "-q": "--quadratic"}

_REGCB = frozenset({"--regcb", "--regcbopt"})
_SWITCHES = _REGCB | frozenset(
    {REQUIRED, "--squarecb", "--softmax", "--synthcover", "--coin", "--noconstant", "--greedify", "--nounif"}
)

# Vowpal Wabbit takes many values that make it crash, never learn or learn the opposite.
_NUMBERS = {
    "--bag": (1, 32),
    "--bit_precision": (10, 24),
    "--cb_max_cost": (-1, 1),
    "--cb_min_cost": (-1, 1),
    "--cover": (1, 32),
    "--epsilon": (0, 1),
    "--gamma_exponent": (0, 1),
    "--gamma_scale": (0, 1e6),
    "--lambda": (0, 1e3),
    "--learning_rate": (1e-6, 100),
    "--mellowness": (1e-6, 1e3),
    "--power_t": (0, 1),
    "--psi": (0, 100),
    "--rnd": (1, 32),
    "--synthcoverpsi": (0, 100),
}
_WORDS = {
    "--cb_type": re.compile(r"mtr|ips|dr"),
    "--cubic": re.compile(r"[SA]{3}"),
    "--ignore_linear": re.compile(r"[SA]"),
    "--interactions": re.compile(r"[SA]{2,3}"),
    "--quadratic": re.compile(r"[SA:]{2}"),
}
_REPEATABLE = frozenset({"--cubic", "--ignore_linear", "--interactions", "--quadratic"})

_FILES = "it reads or writes files of its own"
_LOST = "it is not stored in the model: the first load would silently drop it"
_REFUSED = {
    "--elim": "it returns negative probabilities",
    "--enable_logging": "it calls Python from inside a locked call",
    "--audit": "it prints every weight to standard output",
    "--invert_hash": "it slows every call down by two orders of magnitude",
    "--l1": _LOST,
    "--l2": _LOST,
    "--loss_function": _LOST,
    "--initial_t": _LOST,
    **dict.fromkeys(
        ("-i", "--initial_regressor", "-f", "--final_regressor", "-d", "--data", "-p", "--predictions", "--cache_file"),
        _FILES,
    ),
}

# Rewards come scaled to [0, 1]; without the range of their costs RegCB learns next to nothing.
_COST_RANGE = {"--cb_min_cost": "-1", "--cb_max_cost": "0"}

_INEXACT_RESUME = frozenset({"--bag", "--cover", "--rnd"})
_SEVERAL_MODELS = _INEXACT_RESUME | {"--coin"}
_OTHER_TERMS = frozenset({"--cubic", "--interactions", "--ignore_linear"})


@dataclass(frozen=True, slots=True)
class Flags:
    """A checked flag string.

    Attributes:
        options: ``(long name, value)`` in the order given, and what follows from them; switches have value ``None``.
    """

    options: tuple[tuple[str, str | None], ...]

    @classmethod
    def parse(cls, text: str) -> Flags:
        """Check every flag; how they combine is left to Vowpal Wabbit.

        Raises:
            ConfigError: a flag that is refused, unknown, repeated or has a bad value, or no ``--cb_explore_adf``.
        """
        options = tuple(_options(iter(text.replace("=", " ").split())))
        names = [name for name, _ in options]
        if REQUIRED not in names:
            raise ConfigError(f"vw flags must contain {REQUIRED}")
        repeated = [name for name in names if names.count(name) > 1 and name not in _REPEATABLE]
        if repeated:
            raise ConfigError(f"vw flag {repeated[0]} is given twice")
        if not _REGCB.isdisjoint(names):
            options += tuple((name, value) for name, value in _COST_RANGE.items() if name not in names)
        return cls(options)

    @property
    def tokens(self) -> list[str]:
        """The arguments for a workspace."""
        return [token for option in self.options for token in option if token is not None]

    @property
    def squarecb(self) -> bool:
        """Whether the regression ignores propensities (and must be given 1)."""
        return self._has(frozenset({"--squarecb"}))

    @property
    def regcb(self) -> bool:
        """Whether probabilities are 1 for whatever could be best and 0 for all else, and do not sum to 1 on ties."""
        return self._has(_REGCB)

    @property
    def resumes_exactly(self) -> bool:
        """Whether a model goes on after a load byte for byte as it would have without (measured per flag)."""
        return not self._has(_INEXACT_RESUME) and ("--cb_type", "dr") not in self.options

    @property
    def explainable(self) -> bool:
        """Whether a score is one sum over constant, single features and, with ``-q SA``, pairs of them."""
        quadratic = [value for name, value in self.options if name == "--quadratic"]
        one_model = not self._has(_SEVERAL_MODELS) and ("--cb_type", "dr") not in self.options
        return one_model and not self._has(_OTHER_TERMS) and quadratic in ([], ["SA"])

    @property
    def pairs(self) -> bool:
        """Whether shared features are paired with action features."""
        return ("--quadratic", "SA") in self.options

    @property
    def constant(self) -> bool:
        """Whether scores have a constant term."""
        return not self._has(frozenset({"--noconstant"}))

    def _has(self, names: frozenset[str]) -> bool:
        return any(name in names for name, _ in self.options)


def _options(tokens: Iterator[str]) -> Iterator[tuple[str, str | None]]:
    for token in tokens:
        name = _LONG.get(token, token)
        if name in _SWITCHES:
            yield name, None
        elif name in _NUMBERS:
            yield name, _number(name, next(tokens, ""))
        elif name in _WORDS:
            yield name, _word(name, next(tokens, ""))
        else:
            raise ConfigError(f"vw flag {token!r} is refused: {_REFUSED.get(token, 'it is not known to be safe')}")


def _number(name: str, value: str) -> str:
    low, high = _NUMBERS[name]
    try:
        inside = low <= float(value) <= high
    except ValueError:
        inside = False
    if not inside:
        raise ConfigError(f"vw flag {name} needs a number from {low:g} to {high:g}, not {value!r}")
    return value


def _word(name: str, value: str) -> str:
    if not _WORDS[name].fullmatch(value):
        raise ConfigError(f"vw flag {name} needs {_WORDS[name].pattern}, not {value!r}")
    return value
