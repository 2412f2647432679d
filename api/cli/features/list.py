"""``maitred features list``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
import typer

from api.cli.failure import reported
from api.cli.tables import print_table
from api.settings import Settings
from features import plan as plans
from features.listing import Listed, listing
from features.page import about, by_view, page, table


def list_features(
    view: Annotated[str | None, typer.Option(help="of this view only")] = None,
    markdown: Annotated[bool, typer.Option("--markdown", help="print a page of Markdown")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """List every feature: what is declared of it, who answers for it, and who reads it."""
    with reported():
        listed = [each for each in listing(plans.load(Settings().plan_path)) if view in (None, each.view.name)]
    if json_output:
        print(msgspec.json.encode({"features": [_row(each) for each in listed]}).decode())
    elif markdown:
        print(page(listed), end="")
    else:
        _print(listed)


def _row(each: Listed) -> dict[str, Any]:
    declared = msgspec.to_builtins(each.feature)
    about_it = {"feature": each.name, "view": each.view.name, "kind": each.view.kind, "root": each.root}
    policies = {"seen_by_policies": each.is_seen, "services": each.services}
    return {**about_it, **declared, "namespace": each.namespace, **policies}


def _print(listed: Sequence[Listed]) -> None:
    for view, features in by_view(listed):
        print(f"{view.name}: {about(view)}")
        print_table(*table(features))
        print()
