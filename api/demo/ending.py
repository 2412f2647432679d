"""What to do after a demo that left its service running."""

from __future__ import annotations

import shlex

from rich.console import Console

from api.demo.dataset import Example
from api.demo.run import Run


def say_how_to_go_on(console: Console, run: Run, example: Example) -> None:
    """Print how to ask the service, how to report an outcome and how to stop it; nothing if it is not running."""
    if run.pid is None:
        return
    json = "-H 'content-type: application/json' -d"
    lines = (
        "",
        f"The service goes on running at {run.url} (its folder is {run.home}).",
        f"  ask:      curl -s {run.url}/v1/decisions {json} {shlex.quote(example.question)}",
        f"  report:   curl -s {run.url}/v1/outcomes {json} "
        f'\'{{"decision_id": "<decision_id>", "metric": "{example.metric}", "value": 1}}\'',
        f"  explain:  curl -s {run.url}/v1/decisions/<decision_id>",
        f"  stop:     kill {run.pid}",
    )
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
