"""Why a caller is refused, as HTTP has it (RFC 6750 for keys, RFC 6585 for rates)."""

from __future__ import annotations

import math

from starlette.exceptions import HTTPException

from api.auth.role import Role

REALM = 'Bearer realm="maitred"'


class Unauthorized(HTTPException):
    """No key where one is needed, or one that is not good."""

    def __init__(self, detail: str, *, error: str = "") -> None:
        super().__init__(401, detail, {"www-authenticate": REALM + (f', error="{error}"' if error else "")})


class RoleMissing(HTTPException):
    """The key is good, but not for this."""

    def __init__(self, role: Role) -> None:
        challenge = f'{REALM}, error="insufficient_scope", scope="{role}"'
        super().__init__(403, f"the key does not have the role {role}", {"www-authenticate": challenge})


class FromElsewhere(HTTPException):
    """A browser on this machine that another site has sent."""

    def __init__(self, detail: str) -> None:
        super().__init__(403, detail)


class RateExceeded(HTTPException):
    """The key was used more often than its rate allows."""

    def __init__(self, seconds: float) -> None:
        detail = "the key is used more often than its rate allows"
        super().__init__(429, detail, {"retry-after": str(max(1, math.ceil(seconds)))})
