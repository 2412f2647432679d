"""What an action says: Liquid templates by locale, compiled once, rendered within limits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError

from engine.errors import ConfigError, ContentError

MAX_CHARACTERS = 4000

_FORBIDDEN_TAGS = ("include", "render")
_RENDER_ERRORS = (LiquidError, LookupError, ArithmeticError, RuntimeError, TypeError, ValueError)

Render = Callable[[Mapping[str, Any]], str]


class _Sandbox(Environment):
    """Liquid without access to files and with bounded work: a template costs microseconds, whatever it says."""

    loop_iteration_limit = 1000
    output_stream_limit = 4 * MAX_CHARACTERS
    local_namespace_limit = 4 * MAX_CHARACTERS
    context_depth_limit = 10

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        super().setup_tags_and_filters(extra=False)
        for tag in _FORBIDDEN_TAGS:
            del self.tags[tag]


class Content:
    """One piece of content in its locales. The text is plain: escaping it is the channel's work."""

    def __init__(self, renders: Mapping[str, Render], default_locale: str) -> None:
        self._renders = {_normal(locale): (locale, render) for locale, render in renders.items()}
        self._default = _normal(default_locale)

    @classmethod
    def compile(cls, templates: Mapping[str, str], default_locale: str) -> Content:
        """Content from Liquid templates. Raises ``ConfigError`` if one does not parse."""
        return cls({locale: _rendering(text) for locale, text in templates.items()}, default_locale)

    @classmethod
    def plain(cls, texts: Mapping[str, str], default_locale: str) -> Content:
        """Content from texts that are said as they are, even if they look like templates."""
        return cls({locale: _saying(text) for locale, text in texts.items()}, default_locale)

    def render(self, locale: str | None, variables: Mapping[str, Any]) -> dict[str, str]:
        """``{"text": …, "locale": …}`` in the exact locale, else its language, else the default.

        Unknown variables render as nothing. Content without any template, which the bot words itself, is ``{}``.

        Raises:
            ContentError: rendering failed, or gave only whitespace.
        """
        if not self._renders:
            return {}
        spoken, render = self._in(locale)
        try:
            text = render(variables)
        except _RENDER_ERRORS as error:
            # A cause may quote a customer's data, and this error is logged.
            raise ContentError(f"the {spoken} template failed: {type(error).__name__}") from None
        if not text.strip():
            raise ContentError(f"the {spoken} template says nothing")
        return {"text": text.strip()[:MAX_CHARACTERS], "locale": spoken}

    def _in(self, locale: str | None) -> tuple[str, Render]:
        wanted = _normal(locale or self._default)
        for candidate in (wanted, wanted.partition("-")[0], self._default):
            if candidate in self._renders:
                return self._renders[candidate]
        return next(iter(self._renders.values()))


def compile_template(text: str) -> BoundTemplate:
    """A Liquid template within limits. Raises ``ConfigError`` if it does not parse or uses an unknown filter."""
    sandbox = _Sandbox()
    try:
        template = sandbox.from_string(text)
        unknown = set(template.analyze().filters) - set(sandbox.filters)
    except LiquidError as error:
        raise ConfigError(f"expected a Liquid template, found {_excerpt(error)}") from error
    if unknown:
        raise ConfigError(f"expected known Liquid filters, found {', '.join(sorted(unknown))}")
    return template


def unknown_names(template: BoundTemplate, roots: Collection[str]) -> list[str]:
    """The names a template uses that are neither roots nor made by itself."""
    return sorted(set(template.analyze().globals) - set(roots))


def _excerpt(error: LiquidError) -> str:
    context = error.context()
    where = f" at line {context[0]}, column {context[1] + 1}: {context[3].strip()[:80]!r}" if context else ""
    return f"{error.message}{where}"


def _rendering(template: str) -> Render:
    """A template without markup says itself: nothing needs to be rendered for that."""
    render = compile_template(template).render
    return render if "{" in template else _saying(template)


def _saying(text: str) -> Render:
    return lambda _: text


def _normal(locale: str) -> str:
    return locale.replace("_", "-").lower()
