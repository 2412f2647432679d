from __future__ import annotations

import pytest

from engine.content import MAX_CHARACTERS, Content
from engine.errors import ConfigError, ContentError

HELLO = {
    "en": "Hello{% if user.first_name %}, {{ user.first_name }}{% endif %}!",
    "de": "Hallo{% if user.first_name %}, {{ user.first_name }}{% endif %}!",
    "de-AT": "Servus!",
}


def rendered(template: str, **variables: object) -> str:
    return Content.compile({"en": template}, "en").render("en", variables)["text"]


@pytest.mark.parametrize(
    ("asked", "spoken"),
    [
        ("en", "en"),
        ("de-AT", "de-AT"),
        ("de_at", "de-AT"),
        ("DE", "de"),
        ("de-CH", "de"),
        ("fr-FR", "en"),
        (None, "en"),
        ("", "en"),
        ("-", "en"),
    ],
)
def test_the_locale_falls_back_to_its_language_and_then_to_the_default(asked: str | None, spoken: str) -> None:
    assert Content.compile(HELLO, "en").render(asked, {})["locale"] == spoken


def test_without_the_default_locale_another_one_is_spoken_rather_than_none() -> None:
    assert Content.compile({"de": "Hallo"}, "en").render("fr", {}) == {"text": "Hallo", "locale": "de"}


def test_variables_are_filled_in_and_unknown_ones_are_nothing() -> None:
    hello = Content.compile(HELLO, "en")
    assert hello.render("de", {"user": {"first_name": "Ada"}}) == {"text": "Hallo, Ada!", "locale": "de"}
    assert hello.render("de", {"user": {}}) == {"text": "Hallo!", "locale": "de"}
    assert rendered("a{{ no.such.thing | upcase }}b") == "ab"


def test_a_value_that_looks_like_a_template_is_said_as_it_is() -> None:
    assert rendered("Hi {{ user.first_name }}", user={"first_name": "{{ 1 | plus: 1 }}"}) == "Hi {{ 1 | plus: 1 }}"


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..100000000) %}x{% endfor %}",
        "{% for i in (1..900) %}" + "x" * 100 + "{% endfor %}",
        "{% assign a = 'xxxxxxxx' %}" + "{% assign a = a | append: a %}" * 40 + "{{ a }}",
        "{{ 1 | divided_by: 0 }}",
        "{% if user.first_name < 3 %}x{% endif %}",
        "{{ user.infinite | floor }}",
        "   \n ",
        "{{ user.nobody }}",
    ],
)
def test_a_template_that_fails_or_says_nothing_is_a_content_error_without_personal_data(template: str) -> None:
    with pytest.raises(ContentError) as caught:
        rendered(template, user={"first_name": "Ada", "infinite": float("inf")})
    assert "Ada" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_long_text_is_cut() -> None:
    assert len(rendered("{% for i in (1..500) %}0123456789{% endfor %}")) == MAX_CHARACTERS


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% if %}", "missing expression"),
        ("{{ user.first_name", "expected '}}'"),
        ("{% include 'secrets' %}", "unexpected tag 'include'"),
        ("{% render 'secrets' %}", "unexpected tag 'render'"),
        ("{{ 'x' | shout }}", "shout"),
        ("{% if false %}{{ 'x' | shout }}{% endif %}", "shout"),
        ("{% if true %}" * 40 + "x" + "{% endif %}" * 40, "nesting"),
    ],
)
def test_a_template_that_does_not_compile_is_a_configuration_error(template: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Content.compile({"en": template}, "en")


def test_plain_content_is_never_a_template() -> None:
    text = "{{ user.first_name }} {% if %}"
    assert Content.plain({"en": text}, "en").render("de", {"user": {"first_name": "Ada"}})["text"] == text


def test_content_without_texts_is_left_to_the_bot() -> None:
    assert Content.plain({}, "en").render("de", {}) == {}
