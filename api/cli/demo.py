"""``maitred demo``: customers come to a real service over HTTP, and what it learned is there to see."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from api.demo.options import Data, Options

INTERRUPTED = 130
HOME = Path(".maitred/demo")


def demo(  # noqa: PLR0913 (one parameter an option)
    once: Annotated[bool, typer.Option("--once", help="stop the service at the end")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object as the last line")] = False,
    data: Annotated[Data, typer.Option(help="csv is for a log of your own")] = Data.shop,
    path: Annotated[Path | None, typer.Option(help="the data's file (banking77: its folder)")] = None,
    mapping: Annotated[Path | None, typer.Option(help="csv: a YAML that says what the columns are")] = None,
    metric: Annotated[str | None, typer.Option(help="what to learn; the mapping's first metric by default")] = None,
    seed: Annotated[int, typer.Option(min=0, help="of made-up customers, or of the order of real ones")] = 7,
    customers: Annotated[int, typer.Option(min=1, max=100_000, help="shop only")] = 1_500,
    turns: Annotated[int, typer.Option(min=1, help="shop only; of two or three decisions each")] = 8_000,
    rows: Annotated[int | None, typer.Option(min=1, hidden=True)] = None,
    home: Annotated[Path, typer.Option(help="the demo's folder; an earlier demo in it is moved aside")] = HOME,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="8765, or any that is free")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="shop: go on with the demo in the folder")] = False,
) -> None:
    """Let customers come to a real service, made up or from a log, and see what learning earns."""
    from api.demo.choose import data_set
    from api.demo.ending import say_how_to_go_on
    from api.demo.errors import DemoFailed
    from api.demo.run import Plan, run
    from engine.errors import MaitredError

    console = Console()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        chosen = data_set(Options(data, seed, customers, turns, path, mapping, metric, rows, resume))
        summary = run(Plan(home, seed, port, resume, once), chosen, console)
    except (DemoFailed, MaitredError) as error:
        Console(stderr=True).print(f"maitred demo: {error}", style="red", markup=False, soft_wrap=True)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as interrupt:
        console.print("\ninterrupted; the service is stopped")
        raise typer.Exit(INTERRUPTED) from interrupt
    say_how_to_go_on(console, summary.run, chosen.example)
    if as_json:
        print(summary.json())
