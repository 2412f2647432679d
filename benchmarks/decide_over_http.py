"""How many decisions a second over HTTP, durable log included, by an empty FastAPI endpoint's requests?"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import statistics
import subprocess
import tempfile
from pathlib import Path

from benchmarks.bot import CONTEXT, PLACEMENT, write_config
from benchmarks.home import USERS, free_port, running
from benchmarks.open_loop import latencies_ms
from benchmarks.question import Answer

PROMISED_SHARE = 0.5
PROMISED_P99_MS = 10.0
CONNECTIONS = 16
SECONDS = 8
ROUNDS = 3

SCRIPT = """
local number = 0
request = function()
  number = number + 1
  local user = number %% %(users)d
  local body = string.format('%(body)s', user, user)
  return wrk.format("POST", "/v1/decisions", {["content-type"] = "application/json"}, body)
end
"""


def measure(home: Path) -> list[Answer]:
    """Two lines: the share of the empty endpoint's rate, and p99 at half of our rate in an open loop."""
    if shutil.which("wrk") is None:
        raise RuntimeError("install wrk (Debian: apt-get install wrk)")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        script = folder / "load.lua"
        script.write_text(SCRIPT % {"users": USERS, "body": _body("u%d", "s%d")})
        environment = {"MAITRED_HOME": str(home), "MAITRED_CONFIG": str(write_config(folder))}
        ours_port, empty_port = free_port(), free_port()
        serve = ["api.cli", "serve", "--port", str(ours_port)]
        empty = ["benchmarks.empty_endpoint", str(empty_port)]
        ours_rates, empty_rates = [], []
        with running(serve, ours_port, "/readyz", environment), running(empty, empty_port, "/readyz", {}):
            for _ in range(ROUNDS):
                empty_rates.append(_rate(empty_port, script))
                ours_rates.append(_rate(ours_port, script))
            ours, yardstick = statistics.median(ours_rates), statistics.median(empty_rates)
            bodies = [_body(f"u{number}", f"s{number}").encode() for number in range(USERS)]
            found = sorted(asyncio.run(latencies_ms(ours_port, bodies, ours / 2, SECONDS)))
    p50, p99 = found[len(found) // 2], found[int(len(found) * 0.99)]
    share = ours / yardstick
    return [
        Answer(
            "decide over HTTP, by an empty FastAPI endpoint with the same schemas",
            f"≥ {PROMISED_SHARE:g} of its requests/s",
            f"{share:.2f}",
            share >= PROMISED_SHARE,
            f"{ours:,.0f} by {yardstick:,.0f} requests/s, {CONNECTIONS} connections; durable, learner running",
        ),
        Answer(
            "p99 of decisions at half that rate, open loop",
            f"≤ {PROMISED_P99_MS:g} ms",
            f"{p99:.1f} ms",
            p99 <= PROMISED_P99_MS,
            f"p50 {p50:.1f} ms, {len(found):,} requests; the load generator shares the cores",
        ),
    ]


def _body(user: str, session: str) -> str:
    return json.dumps(
        {"placement": PLACEMENT, "session_id": session, "user_id": user, "consent": True, "context": CONTEXT}
    )


def _rate(port: int, script: Path) -> float:
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-s", str(script), f"http://127.0.0.1:{port}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise RuntimeError(printed)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", printed)
    if rate is None:
        raise RuntimeError(printed)
    return float(rate[1])
