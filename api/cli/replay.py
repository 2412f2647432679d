"""``maitred replay``: what policies that learn would have earned."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.failure import reported
from api.cli.log_options import Format, Json, LogPath, Mapping, Rewards, declared, ended, opened, reading
from api.cli.progress import Progress

if TYPE_CHECKING:
    from simulator.replay.replay import Replay


def replay(  # noqa: PLR0913 (one parameter an option)
    log: LogPath,
    policy: Annotated[list[str], typer.Option(help="as in maitred evaluate; again for more")],
    method: Annotated[str, typer.Option(help="doubly_robust, rejection, li or progressive")] = "doubly_robust",
    repeats: Annotated[int, typer.Option(min=1, help="replays of each policy, with other luck each")] = 5,
    processes: Annotated[int, typer.Option(min=1, help="at work at once; the numbers do not depend on it")] = 1,
    seed: Annotated[int, typer.Option(help="of the draws that accept rows")] = 0,
    rewards: Rewards = None,
    format: Format = None,
    mapping: Mapping = None,
    as_json: Json = False,
) -> None:
    """Send policies that learn through a log. The exit code is the worst verdict's: 0 trust, 3 caution, 4 none."""
    with reported():
        # These bring pyarrow and scipy, which serving processes need not have in memory.
        from simulator.policies.spec import policy_of
        from simulator.replay.methods import method_of
        from simulator.replay.read import read_for_replay
        from simulator.replay.replay import replay as replayed
        from simulator.replay.replay import replays_of_each

        way, makes = method_of(method), [partial(policy_of, text) for text in policy]
        for make in makes:
            make()
        ends, progress = declared(rewards), reading(log)
        rows, faults = read_for_replay(opened(log, format, mapping, ends), ends, watch=progress)
        progress.end()
        count = Progress("replayed", len(policy) * replays_of_each(way, repeats))
        options = {"seed": seed, "repeats": repeats, "processes": processes}
        found = list(replayed(makes, rows, way, **options, watch=count))
        count.end()
    _say(policy, found, list(faults.lines()), as_json=as_json)
    ended(max(each.verdict.exit_code for each in found))


def _say(labels: list[str], found: list[Replay], faults: list[str], *, as_json: bool) -> None:
    from simulator.replay import told

    named = zip(labels, found, strict=True)
    if as_json:
        print(json.dumps({"replays": [told.as_json(*each) for each in named], "faults": faults}))
        return
    for each in named:
        print("\n".join(told.lines(*each)))
    for line in faults:
        print(f"left out: {line}")
