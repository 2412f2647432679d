"""Callers without a key: programs of this machine, but no web site that a browser on it happens to show."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from api.auth.loopback import is_loopback
from api.auth.refusals import FromElsewhere

_HOST = re.compile(r"(?:\[(?P<bracketed>[^\[\]]*)\]|(?P<name>[^:\[\]]*))(?::\d*)?")


def ensure_same_machine(headers: Headers) -> None:
    """Let only requests pass that were meant for this machine and that no other site's page has sent.

    A page elsewhere can make a browser send requests here in two ways. With a name of its own that suddenly resolves to
    this machine (DNS rebinding): the ``Host`` gives it away. Across sites: the ``Origin`` does.

    Raises:
        FromElsewhere: saying which of the two.
    """
    host = headers.get("host", "")
    if not is_loopback(_name(host)):
        raise FromElsewhere("without a key, the Host must be a loopback name or address, such as localhost")
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"http://{host.lower()}":
        raise FromElsewhere("without a key, pages of other origins may not call")


def _name(host: str) -> str:
    parts = _HOST.fullmatch(host)
    return (parts["bracketed"] or parts["name"]) if parts else ""
