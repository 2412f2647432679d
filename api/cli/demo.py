"""``maitred demo``: customers chat with the example shop over HTTP, and the lift over chance is there to see."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console

INTERRUPTED = 130


def demo(
    once: Annotated[bool, typer.Option("--once", help="stop the service at the end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object as the last line")] = False,
    seed: Annotated[int, typer.Option(min=0, help="of the customers and their tastes")] = 7,
    customers: Annotated[int, typer.Option(min=1, max=100_000)] = 1_500,
    turns: Annotated[int, typer.Option(min=1, help="conversation turns, of two or three decisions each")] = 8_000,
    home: Annotated[Path, typer.Option(help="the demo's folder; an earlier demo in it is moved aside")] = Path(
        ".maitred/demo"
    ),
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="8765, or any that is free")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the demo that is in the folder")] = False,
) -> None:
    """Let generated customers chat with the example shop, and see what learning earns."""
    from api.demo.driver import Pace
    from api.demo.ending import say_how_to_go_on
    from api.demo.errors import DemoFailed
    from api.demo.run import Plan, run

    plan = Plan(home, seed, customers, turns, port, resume, once, Pace())
    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        summary = run(plan, console)
    except DemoFailed as error:
        Console(stderr=True).print(f"maitred demo: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as interrupt:
        console.print("\ninterrupted; the service is stopped")
        raise typer.Exit(INTERRUPTED) from interrupt
    say_how_to_go_on(console, summary)
    if as_json:
        print(msgspec.json.encode(summary).decode())
