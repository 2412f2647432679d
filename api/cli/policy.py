"""``maitred policy …``: the published models of a placement, and a person's orders about them."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.failure import reported
from api.cli.tables import print_table
from api.settings import Settings
from api.wiring import build_orders
from engine.manifest import Manifest
from engine.orders import Reason
from engine.publications import Published

app = typer.Typer(help="The published models of a placement: list them, and choose another.", no_args_is_help=True)
Placement = Annotated[str, typer.Argument(help="of which placement")]
Why = Annotated[str, typer.Option(help="for whoever reads the journal later")]
Who = Annotated[str | None, typer.Option(help="who orders it; the name of your account by default")]

COLUMNS = ("version", "published", "position", "by", "settled position", "learned", "mean loss", "")


@app.command("list")
def list_versions(
    placement: Placement,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """List the published versions that are kept, newest first."""
    with reported():
        known = build_orders(Settings(), placement).published(placement)
    rows = [_row(each, current=each is known[0]) for each in known]
    if json_output:
        print(json.dumps({"placement": placement, "versions": rows}))
    elif rows:
        print_table(COLUMNS, map(_cells, rows))
    else:
        print(f"Nothing of {placement} is published yet.")


@app.command()
def rollback(
    placement: Placement,
    why: Why,
    to: Annotated[str | None, typer.Option(help="a version; the one before what serves by default")] = None,
    who: Who = None,
) -> None:
    """Serve a published version again, at once, and learn on from it."""
    with reported():
        manifest = build_orders(Settings(), placement).rollback(placement, to, _reason(who, why))
    _say(manifest)


@app.command()
def reset(placement: Placement, why: Why, who: Who = None) -> None:
    """Forget everything that was learned: serve what has learned nothing, at once, and learn on from there."""
    with reported():
        manifest = build_orders(Settings(), placement).reset(placement, _reason(who, why))
    _say(manifest)


@app.command("import")
def import_model(
    placement: Placement,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="a model with the placement's flags")],
    why: Why,
    who: Who = None,
) -> None:
    """Serve a model that you bring, at once, and learn on from it."""
    with reported():
        manifest = build_orders(Settings(), placement).import_model(placement, file, _reason(who, why))
    _say(manifest)


def _reason(who: str | None, why: str) -> Reason:
    return Reason(who or getpass.getuser(), why)


def _say(manifest: Manifest) -> None:
    print(f"{manifest.placement} serves {manifest.version} (journal position {manifest.published_position})")


def _row(each: Published, *, current: bool) -> dict[str, Any]:
    manifest = each.manifest
    return {
        "version": manifest.version,
        "published_us": each.at.time_us,
        "position": each.at.position,
        "by": each.action,
        "settled_position": manifest.settled_position,
        "learned": manifest.learned,
        "loss": manifest.loss / max(1, manifest.learned),
        "current": current,
    }


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    published = f"{datetime.fromtimestamp(row['published_us'] / 1e6, UTC):%Y-%m-%d %H:%M:%SZ}"
    numbers = (f"{row['settled_position']}", f"{row['learned']:,}", f"{row['loss']:.6f}")
    current = "serves" if row["current"] else ""
    return (row["version"], published, f"{row['position']}", row["by"], *numbers, current)
