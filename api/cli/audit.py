"""``maitred audit``: whether a log can say anything about a policy, before any number."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from api.cli.failure import reported
from api.cli.log_options import Format, Json, LogPath, Mapping, ended, opened, reading


def audit(
    log: LogPath,
    policy: Annotated[str, typer.Option(help="whose evaluation it would be: see maitred evaluate")] = "uniform",
    format: Format = None,
    mapping: Mapping = None,
    as_json: Json = False,
) -> None:
    """Say how far an estimate from this log could be believed. The exit code is the verdict's: 0, 3 or 4."""
    with reported():
        # These bring pyarrow and scipy, which serving processes need not have in memory.
        from simulator.evaluate.audited import audited
        from simulator.policies.spec import policy_of

        progress = reading(log)
        found = audited(opened(log, format, mapping), policy_of(policy), watch=progress)
        progress.end()
    print(json.dumps(found.as_json()) if as_json else "\n".join(found.lines()))
    ended(found.verdict.exit_code)
