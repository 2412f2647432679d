"""Closed-loop load over HTTP by ``wrk``: the next request leaves when the answer to the last has come."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from benchmarks.bot import CONTEXT, PLACEMENT
from benchmarks.home import program
from benchmarks.people import keys_of

CONNECTIONS = 16

SCRIPT = """
local number = 0
request = function()
  number = number + 1
  local user = number %% %(users)d
  local body = string.format('%(body)s', user, user)
  return wrk.format("POST", "/v1/decisions", {["content-type"] = "application/json"}, body)
end
"""


def body(user: str, session: str) -> str:
    """A request's body."""
    person = {"session_id": session, "user_id": user, "consent": True}
    return json.dumps({"placement": PLACEMENT, **person, "context": dict(CONTEXT)})


def bodies(users: int) -> list[bytes]:
    """Every user's request."""
    return [body(**{name.removesuffix("_id"): key for name, key in keys_of(n).items()}).encode() for n in range(users)]


def write_script(folder: Path, users: int) -> Path:
    """What ``wrk`` sends: each user's request in turn; returns its path."""
    path = folder / "load.lua"
    path.write_text(SCRIPT % {"users": users, "body": body("u%d", "s%d")})
    return path


def rate(port: int, script: Path, seconds: int) -> float:
    """Answers a second. Raises ``RuntimeError`` if one of them was not a 200."""
    wrk = program("wrk", "wrk (Debian: apt-get install wrk)")
    command = [wrk, "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if found is None or "Non-2xx" in printed:
        raise RuntimeError(printed)
    return float(found[1])
