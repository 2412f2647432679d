"""What a check sees, what the doctor reports, and how grave it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

Status = Literal["ok", "warn", "fail"]


class Sign(NamedTuple):
    """What one check sees of one thing. ``mend`` says what to do about it; empty only if all is well."""

    status: Status
    what: str
    mend: str = ""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """A sign under the name of the check that saw it: a line of the report."""

    check: str
    status: Status
    what: str
    mend: str = ""


def ok(what: str) -> Sign:
    """Nothing to do."""
    return Sign("ok", what)


def warn(what: str, mend: str) -> Sign:
    """Somebody should look; answers and learning go on."""
    return Sign("warn", what, mend)


def fail(what: str, mend: str) -> Sign:
    """Answers, learning or what is recorded suffer now."""
    return Sign("fail", what, mend)


def healthy(findings: Iterable[Finding]) -> bool:
    """Whether nothing fails; warnings do not count."""
    return all(finding.status != "fail" for finding in findings)
