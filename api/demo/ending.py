"""What to do after a demo that left its service running."""

from __future__ import annotations

from rich.console import Console

from api.demo.run import Summary

ASK = (
    '{"placement": "greeting", "session_id": "s-1", "user_id": "customer-00001", "consent": true, '
    '"context": {"locale": "en", "device": "mobile"}}'
)


def say_how_to_go_on(console: Console, summary: Summary) -> None:
    """Print how to ask the service, how to report an outcome and how to stop it; nothing if it is not running."""
    if summary.pid is None:
        return
    json = "-H 'content-type: application/json' -d"
    lines = (
        "",
        f"The service goes on running at {summary.url} (its folder is {summary.home}).",
        f"  ask:      curl -s {summary.url}/v1/decisions {json} '{ASK}'",
        f"  report:   curl -s {summary.url}/v1/outcomes {json} "
        '\'{"decision_id": "<decision_id>", "metric": "continued", "value": 1}\'',
        f"  explain:  curl -s {summary.url}/v1/decisions/<decision_id>",
        f"  stop:     kill {summary.pid}",
    )
    for line in lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)
