"""Values that have broken somebody's service before."""

from __future__ import annotations

from random import Random
from typing import Any

STRINGS: tuple[str, ...] = (
    "",
    " ",
    "|",
    ":",
    "a|b:1 c",
    "\n",
    "a\r\nb",
    "\0",
    "\x7f\x80\x9f",
    "\t",
    "😀",
    "👩‍👩‍👧‍👦",
    "\ud800",
    "\udfff\ud800",
    "\ufeff",
    "\u202egnp.exe",
    "\u2028",
    "é",
    "e\u0301",
    "ﷺ" * 40,
    "I\u0307",
    "../../../etc/passwd",
    "%00",
    "%s%n%x",
    "' OR 1=1 --",
    "<script>alert(1)</script>",
    "{{ 7 | times: 7 }}",
    "{% for i in (1..999999999) %}x{% endfor %}",
    "{% raw %}",
    "__proto__",
    "constructor",
    "$ref",
    "null",
    "NaN",
    "-Infinity",
    "1e999",
    "true",
    "0",
    "id=plain_hello",
    "request.channel",
    "session_state.turn",
    "shared |S a:1",
    "A" * 128,
    "A" * 129,
    "😀" * 128,
    "A" * 4_096,
    "A" * 4_097,
    "2026-02-30T25:61:61Z",
    "0000-00-00T00:00:00+99:99",
    "9999-12-31T23:59:59.999999999Z",
)
NUMBERS: tuple[str, ...] = (
    "0",
    "-0",
    "-0.0",
    "1",
    "-1",
    "0.1",
    "1e-320",
    "1e300",
    "-1e300",
    "1.7976931348623157e308",
    "1e309",
    "-1e999",
    "1e-999",
    "9007199254740992",
    "9007199254740993",
    "-9223372036854775809",
    "18446744073709551616",
    "1000000",
    "1000000.0000001",
    "1e9",
    "-1e9",
    "1" + "0" * 400,
    "0." + "1" * 400,
    "NaN",
    "Infinity",
    "-Infinity",
    "+1",
    "01",
    "0x1F",
    "1_000",
    "1.",
    ".5",
    "1e",
    "١٢",
)
"""As they stand in the text: most are not JSON, or no number that Python could print like this."""

HUGE_LENGTHS = (5_000, 50_000, 270_000)
DEPTHS = (10, 100, 1_000, 10_000)
LONG_LISTS = (129, 201, 1_001, 5_000)


def scalar(random: Random) -> Any:
    """A value of a type that is seldom the right one."""
    return random.choice(
        (None, True, False, 0, -1, 3.5, 2**53, "", "x", random.choice(STRINGS), [], {}, [[]], {"a": 1})
    )


def huge(random: Random) -> str:
    """A long string."""
    return random.choice(("A", "é", "😀", "\\", "\0")) * random.choice(HUGE_LENGTHS)
