from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from engine.config import PolicySpec
from engine.config_file import Problem, check, load
from engine.errors import ConfigError

Problems = Callable[..., list[Problem]]

GOOD = """\
schema_version: 1
bot: cafe
placements:
  greeting:
    reward:
      metrics: {continued: 1.0}
      window: 10m
    baseline: hello
    fallback: {en: Hi!}
    actions:
      - id: hello
        templates:
          en: Hello!
      - id: gold
        eligible: user.tier == 'gold'
        templates:
          en: Hello, gold!
"""


@pytest.fixture
def problems_of(tmp_path: Path) -> Problems:
    def problems(*changes: tuple[str, str]) -> list[Problem]:
        text = GOOD
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        path = tmp_path / "bot.yaml"
        path.write_text(text, encoding="utf-8")
        return check(path)

    return problems


def test_a_good_file_loads_and_has_no_problem(tmp_path: Path) -> None:
    path = tmp_path / "bot.yaml"
    path.write_text(GOOD, encoding="utf-8")
    assert check(path) == []
    assert [action.id for action in load(path).placements["greeting"].actions] == ["hello", "gold"]


@pytest.mark.parametrize("weight", ["0", "-1.5"])
def test_learning_from_the_earliest_outcome_is_for_those_who_hear_bad_news_too(
    problems_of: Problems, weight: str
) -> None:
    bad_news = f"{{continued: 1.0, dismissed: {weight}}}"
    assert problems_of(("{continued: 1.0}", bad_news), ("window: 10m", "window: 10m\n      settle: earliest")) == []


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "expected", "found"),
    [
        ("bot: cafe", "bot: 'my cafe'", 2, "bot", "a name of at most 64", "'my cafe'"),
        ("bot: cafe", 'bot: "cafe\\n"', 2, "bot", "a name of at most 64", "'cafe\\n'"),
        ("bot: cafe\n", "", 1, "bot", "required", "nothing"),
        ("bot: cafe", "bot: cafe\nbott: x", 3, "bott", "'bot'", "unknown key 'bott'"),
        ("schema_version: 1", "schema_version: 2", 1, "schema_version", "one of 1", "2"),
        ("window: 10m", "window: 10 minutes", 7, "placements.greeting.reward.window", "10m", "'10 minutes'"),
        ("window: 10m", "window: 100ms", 7, "placements.greeting.reward.window", "1s to 90d", "100ms"),
        ("window: 10m", "window: 91d", 7, "placements.greeting.reward.window", "1s to 90d", "91d"),
        (
            "window: 10m",
            "window: 10m\n      cost_on: sold",
            8,
            "placements.greeting.reward.cost_on",
            "continued",
            "sold",
        ),
        (
            "window: 10m",
            "window: 10m\n      settle: earliest",
            8,
            "placements.greeting.reward.settle",
            "a metric of weight 0 or less",
            "positive weights only",
        ),
        ("window: 10m", "window: 1m\n      range: [1, 0]", 8, "placements.greeting.reward.range", "smaller", "[1, 0]"),
        ("window: 10m", "window: 1m\n      default: 2", 8, "placements.greeting.reward.default", "within", "2"),
        ("window: 10m", "window: 1m\n      default: .nan", 8, "placements.greeting.reward.default", "finite", ".nan"),
        (
            "window: 10m",
            "window: 1m\n      window: 2m",
            7,
            "placements.greeting.reward.window",
            "once",
            "again on line 8",
        ),
        (
            "window: 10m",
            "window: 1m\n      aggregation: avg",
            8,
            "placements.greeting.reward.aggregation",
            "mean",
            "avg",
        ),
        ("{continued: 1.0}", "{}", 6, "placements.greeting.reward.metrics", "length >= 1", "a mapping of 0"),
        ("{continued: 1.0}", "{continued: much}", 6, "placements.greeting.reward.metrics.continued", "float", "much"),
        ("baseline: hello", "baseline: hullo", 8, "placements.greeting.baseline", "actions", "hullo"),
        ("baseline: hello", "baseline: gold", 15, "placements.greeting.actions[1].eligible", "no rule", "a rule"),
        ("id: hello", "id: hello\n        paused: true", 12, "placements.greeting.actions[0].paused", "false", "true"),
        ("{en: Hi!}", "{de: Hi!}", 9, "placements.greeting.fallback", "'en'", "de"),
        ("{en: Hi!}", "{en: Hi!, no: Hei!}", 9, "placements.greeting.fallback.'no'", "quote it", "'no'"),
        ("{en: Hi!}", "{en: Hi!, x1: Hi!}", 9, "placements.greeting.fallback.x1", "de-AT", "x1"),
        ("id: hello", "id: 5", 11, "placements.greeting.actions[0].id", "a name", "5"),
        ("id: gold", "id: hello", 14, "placements.greeting.actions[1].id", "no other", "hello"),
        ("en: Hello!", "de: Hallo!", 12, "placements.greeting.actions[0].templates", "'en'", "de"),
        ("en: Hello!", "en: '{% if %}'", 13, "placements.greeting.actions[0].templates.en", "Liquid", "missing"),
        ("en: Hello!", "en: '{{ usr.x }}!'", 13, "placements.greeting.actions[0].templates.en", "user", "usr"),
        ("en: Hello!", "en: 'Hi {{ consent }}'", 13, "placements.greeting.actions[0].templates.en", "user", "consent"),
        ("en: Hello!", "en: '{{ user.x }}'", 13, "placements.greeting.actions[0].templates.en", "speaks", "nothing"),
        ("user.tier ==", "user.tier =", 15, "placements.greeting.actions[1].eligible", "CEL", "user.tier = 'gold'"),
        ("user.tier ==", "usr.tier ==", 15, "placements.greeting.actions[1].eligible", "session", "usr"),
        (
            "baseline: hello",
            "baseline: hello\n    traffic: {champion: 1}",
            9,
            "placements.greeting.traffic",
            "1",
            "1.1",
        ),
        ("baseline: hello", "baseline: hello\n    epsilon: 2", 9, "placements.greeting.epsilon", "from 0 to 1", "2"),
    ],
)
def test_a_problem_names_line_key_and_what_was_expected(
    problems_of: Problems, old: str, new: str, line: int, key: str, expected: str, found: str
) -> None:
    [problem] = problems_of((old, new))
    assert (problem.line, problem.key) == (line, key)
    assert expected in problem.expected
    assert found in problem.found
    assert not problem.warning
    assert str(problem).startswith(f"line {line}: {key}: expected ")


def test_all_problems_are_found_at_once_in_order_of_lines(problems_of: Problems) -> None:
    problems = problems_of(
        ("bot: cafe", "bot: cafe\ndefault_locale: en\ntypo: 1"),
        ("window: 10m", "window: soon"),
        ("baseline: hello", "baseline: hello\n    epsilon: -1"),
        ("id: hello", "id: hello world"),
        ("en: Hello!", "en: '{% if %}'"),
        ("id: gold", "id: gold\n        features: {tone: [casual]}"),
        ("user.tier", "usr.tier"),
    )
    assert [(problem.line, problem.key) for problem in problems] == [
        (4, "typo"),
        (9, "placements.greeting.reward.window"),
        (11, "placements.greeting.epsilon"),
        (14, "placements.greeting.actions[0].id"),
        (18, "placements.greeting.actions[1].features.tone"),
    ]


def test_a_placement_is_checked_though_another_one_is_malformed(problems_of: Problems) -> None:
    problems = problems_of(("placements:", "placements:\n  offer: nothing"), ("baseline: hello", "baseline: hullo"))
    assert [problem.key for problem in problems] == ["placements.offer", "placements.greeting.baseline"]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("baseline: hello", "baseline: hello\n    epsilon: 0", "placements.greeting.epsilon"),
        ("id: gold", "id: gold\n        cost: 0.1", "placements.greeting.actions[1].cost"),
    ],
)
def test_a_warning_is_reported_but_the_file_loads(
    problems_of: Problems, tmp_path: Path, old: str, new: str, key: str
) -> None:
    [problem] = problems_of((old, new))
    assert (problem.key, problem.warning) == (key, True)
    assert "warning: " in str(problem)
    assert load(tmp_path / "bot.yaml").bot == "cafe"


def test_load_lists_every_problem(problems_of: Problems, tmp_path: Path) -> None:
    problems_of(("bot: cafe", "bot: ''"), ("baseline: hello", "baseline: hullo"))
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "bot.yaml")
    assert "2 problem(s)" in str(caught.value)
    assert "line 2: bot: expected" in str(caught.value)
    assert "line 8: placements.greeting.baseline: expected" in str(caught.value)


def test_the_policy_is_checked_by_whoever_knows_policies(tmp_path: Path) -> None:
    def refuse(spec: PolicySpec) -> None:
        raise ConfigError(f"no policy {spec.name!r}")

    path = tmp_path / "bot.yaml"
    path.write_text(GOOD, encoding="utf-8")
    [problem] = check(path, check_policy=refuse)
    assert (problem.key, problem.line, problem.found) == ("placements.greeting.policy", 4, "no policy 'vw'")


def test_names_of_other_feature_views_can_be_allowed(problems_of: Problems, tmp_path: Path) -> None:
    assert len(problems_of(("user.tier ==", "loyalty.tier =="))) == 1
    assert check(tmp_path / "bot.yaml", roots={"loyalty"}) == []


def nested_aliases(levels: int) -> str:
    names = [f"n{level}" for level in range(levels)]
    lines = [f"- &{names[0]} [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"- &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in pairwise(names)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: [1, 2", "line 1: expected YAML"),
        (b"a: 1\nb: *nowhere\n", "line 2: expected YAML.*undefined alias"),
        (b"a: 1\n--- \nb: 2\n", "line 2: expected YAML"),
        (b"a: \x00", "expected YAML"),
        (b"a: \xff", "expected UTF-8 text, found byte 0xff"),
        (b"#" * 1_000_001, "at most 1,000,000 bytes"),
        (nested_aliases(9).encode(), "at most 50,000 values"),
        (b"a: &a [*a]", "at most 32 levels"),
        (b"[" * 500, "at most 32 levels"),
    ],
)
def test_what_is_not_yaml_or_hostile_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "bot.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=message):
        check(path)
    with pytest.raises(ConfigError, match=message):
        load(path)


@pytest.mark.parametrize("content", ["", "just text", "[1, 2]", "!!python/object/apply:os.getcwd []", "a: !custom x"])
def test_what_is_no_configuration_is_a_problem(tmp_path: Path, content: str) -> None:
    path = tmp_path / "bot.yaml"
    path.write_text(content, encoding="utf-8")
    assert check(path)
    with pytest.raises(ConfigError):
        load(path)


def test_a_file_that_is_not_there_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected a readable file"):
        load(tmp_path / "nowhere.yaml")
