"""What a placement must satisfy beyond its types."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from engine.config import ActionSpec, PolicySpec, RewardSpec, TrafficSpec, microseconds
from engine.content import Content, compile_template, unknown_names
from engine.eligibility import CONSENT, RULE_ROOTS, Rule
from engine.errors import ConfigError, ContentError
from engine.marked_yaml import Fault, Path

T = TypeVar("T")

CheckPolicy = Callable[[PolicySpec], None]
"""Raises ``ConfigError`` if the policy's name or a parameter is unknown."""

MIN_WINDOW_US = microseconds("1s")
MAX_WINDOW_US = microseconds("90d")

BAD_NEWS = (
    "window, or a metric of weight 0 or less for bad news (say, dismissed: 0) that is reported as fast as good news: "
    "else successes are learned at once and failures when the window closes, so new and quick actions look too good"
)
"""What ``settle: earliest`` needs, and why."""

_SHARE_TOLERANCE = 1e-9
_LOCALE = re.compile(r"[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*")


def placement_faults(
    raw: Mapping[str, Any], default_locale: str, check_policy: CheckPolicy | None, roots: Collection[str] = RULE_ROOTS
) -> Iterator[Fault]:
    """Every broken promise of one placement, given as plain YAML types; paths are relative to it.

    A part with a wrong type is passed over here, and the others are checked all the same.
    """
    reward = _decoded(raw.get("reward"), RewardSpec)
    actions = [_decoded(action, ActionSpec) for action in _decoded(raw.get("actions"), list) or ()]
    yield from _traffic_faults(_decoded(raw.get("traffic", {}), TrafficSpec))
    yield from _baseline_faults(raw.get("baseline"), actions)
    yield from _reward_faults(reward) if reward else ()
    yield from _policy_faults(_decoded(raw.get("policy", {}), PolicySpec), check_policy)
    yield from _epsilon_faults(raw.get("epsilon"))
    yield from _locale_faults(_decoded(raw.get("fallback"), dict[str, str]), default_locale, ("fallback",))
    yield from _duplicate_faults(actions)
    for index, action in enumerate(actions):
        if action is not None:
            yield from _action_faults(action, reward, default_locale, roots, ("actions", index))


def _decoded(value: Any, kind: type[T]) -> T | None:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return None


def _traffic_faults(traffic: TrafficSpec | None) -> Iterator[Fault]:
    total = 1.0 if traffic is None else traffic.champion + traffic.random + traffic.control
    if abs(total - 1.0) > _SHARE_TOLERANCE:
        yield Fault(("traffic",), "shares that sum to 1", f"{total:g} (defaults count)")


def _baseline_faults(baseline: Any, actions: Sequence[ActionSpec | None]) -> Iterator[Fault]:
    named = [(index, action) for index, action in enumerate(actions) if action is not None and action.id == baseline]
    if isinstance(baseline, str) and not named and None not in actions:
        yield Fault(("baseline",), "the id of one of the placement's actions", repr(baseline))
    for index, action in named[:1]:
        if action.eligible is not None:
            yield Fault(("actions", index, "eligible"), "no rule, since this action is the baseline", "a rule")
        if action.paused:
            yield Fault(("actions", index, "paused"), "false, since this action is the baseline", "true")


def _reward_faults(reward: RewardSpec) -> Iterator[Fault]:
    path: Path = ("reward",)
    low, high = reward.range
    if not low < high:
        yield Fault((*path, "range"), "two numbers, the smaller first", f"[{low:g}, {high:g}]")
    elif not low <= reward.default <= high:
        yield Fault((*path, "default"), f"a reward within range [{low:g}, {high:g}]", f"{reward.default:g}")
    if not MIN_WINDOW_US <= microseconds(reward.window) <= MAX_WINDOW_US:
        yield Fault((*path, "window"), "1s to 90d", reward.window)
    if reward.settle == "earliest" and all(weight > 0 for weight in reward.metrics.values()):
        yield Fault((*path, "settle"), BAD_NEWS, "earliest, with positive weights only")
    if reward.cost_on is not None and reward.cost_on not in reward.metrics:
        yield Fault((*path, "cost_on"), f"one of the metrics {', '.join(reward.metrics)}", repr(reward.cost_on))


def _policy_faults(policy: PolicySpec | None, check_policy: CheckPolicy | None) -> Iterator[Fault]:
    if policy is None or check_policy is None:
        return
    try:
        check_policy(policy)
    except ConfigError as error:
        yield Fault(("policy",), "a known policy and parameters that it takes", str(error))


def _epsilon_faults(epsilon: Any) -> Iterator[Fault]:
    if epsilon == 0 and not isinstance(epsilon, bool):
        expected = "more than 0, or no other policy can be evaluated from this placement's decisions"
        yield Fault(("epsilon",), expected, "0", warning=True)


def _duplicate_faults(actions: Sequence[ActionSpec | None]) -> Iterator[Fault]:
    seen: set[str] = set()
    for index, action in enumerate(actions):
        if action is None:
            continue
        if action.id in seen:
            yield Fault(("actions", index, "id"), "an id that no other action has", repr(action.id))
        seen.add(action.id)


def _action_faults(
    action: ActionSpec, reward: RewardSpec | None, default_locale: str, roots: Collection[str], path: Path
) -> Iterator[Fault]:
    yield from _locale_faults(action.templates, default_locale, (*path, "templates"))
    for locale, text in action.templates.items():
        yield from template_faults(text, roots, (*path, "templates", locale))
    if action.eligible is not None:
        yield from _rule_faults(action.eligible, roots, (*path, "eligible"))
    if action.cost and reward is not None and reward.cost_on is None:
        yield Fault((*path, "cost"), "reward.cost_on to be set, or the cost never counts", f"{action.cost:g}", True)


def _locale_faults(texts: Mapping[str, str] | None, default_locale: str, path: Path) -> Iterator[Fault]:
    if not texts:
        return
    for locale in texts:
        if not _LOCALE.fullmatch(locale):
            yield Fault((*path, locale), "a locale such as en or de-AT", repr(locale))
    if default_locale not in texts:
        yield Fault(path, f"the default locale {default_locale!r} among its locales", ", ".join(texts))


def template_faults(text: str, roots: Collection[str], path: Path) -> Iterator[Fault]:
    """What is wrong with a template that may use these names."""
    allowed = set(roots) - {CONSENT}
    try:
        unknown = unknown_names(compile_template(text), allowed)
        if unknown:
            yield Fault(path, f"names from {', '.join(sorted(allowed))}", ", ".join(unknown))
        else:
            Content.compile({"en": text}, "en").render(None, {})
    except ConfigError as error:
        yield _split(error, path)
    except ContentError as error:
        yield Fault(path, "a template that also speaks when nothing is known", str(error))


def _rule_faults(text: str, roots: Collection[str], path: Path) -> Iterator[Fault]:
    try:
        unknown = Rule.compile(text).roots - set(roots)
    except ConfigError as error:
        yield _split(error, path)
        return
    if unknown:
        yield Fault(path, f"names from {', '.join(sorted(roots))}", ", ".join(sorted(unknown)))


def _split(error: ConfigError, path: Path) -> Fault:
    expected, _, found = str(error).removeprefix("expected ").partition(", found ")
    return Fault(path, expected, found)
