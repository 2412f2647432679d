"""API keys: what a caller presents, and what is kept of it."""

from __future__ import annotations

import hmac
import math
import secrets
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Annotated

import msgspec
from msgspec import Meta

from api.auth.role import Role
from engine.errors import ConfigError

PREFIX = "maitred"
ID_BYTES = 6
SECRET_BYTES = 32
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One key at rest: everything but its secret.

    Of the text that the caller presents only the SHA-256 is kept. A slow hash protects what people choose and could be
    guessed; 256 random bits cannot be, and a slow hash would cost every call its time.

    Attributes:
        id: the part of the text by which it is found; no secret.
        rate: calls per second that its holder may make, ``None`` for any number.
    """

    id: Annotated[str, Meta(pattern=r"^[0-9a-f]{12}\Z")]
    name: Annotated[str, Meta(pattern=NAME)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]
    roles: Annotated[tuple[Role, ...], Meta(min_length=1)]
    rate: Annotated[float, Meta(gt=0, le=1e6)] | None = None
    created_at: Annotated[datetime, Meta(tz=True)]

    def is_of(self, text: str) -> bool:
        """Whether this is the key that was presented; takes the same time however much of it is right."""
        return hmac.compare_digest(_digest(text), self.sha256)


def mint(name: str, roles: Iterable[Role], rate: float | None, now: datetime) -> tuple[ApiKey, str]:
    """A new key, and the text to present: the only time that there is one. Raises ``ConfigError``."""
    if rate is not None and not math.isfinite(rate):
        raise ConfigError("the rate of a key must be a number of calls per second")
    id = secrets.token_hex(ID_BYTES)
    text = f"{PREFIX}_{id}_{secrets.token_urlsafe(SECRET_BYTES)}"
    key = {
        "id": id,
        "name": name,
        "sha256": _digest(text),
        "roles": sorted(set(roles)),
        "rate": rate,
        "created_at": now,
    }
    try:
        return msgspec.convert(key, ApiKey), text
    except msgspec.ValidationError as error:
        raise ConfigError(f"no key can be made like this: {error}") from error


def id_of(text: str) -> str | None:
    """The id within a presented text, ``None`` if it is not built like a key."""
    prefix, _, rest = text.partition("_")
    id, found, _ = rest.partition("_")
    return id if found and prefix == PREFIX else None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
