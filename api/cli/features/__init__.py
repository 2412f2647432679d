"""``maitred features …``: Feast as control plane, and the rows that serving reads. One file a verb."""

from __future__ import annotations

import typer

from api.cli.features import apply, compile, erase, history, lint, list, load, materialize, push, show, stats

app = typer.Typer(help="Feast's side: definitions, stored rows and the plan that serving reads.", no_args_is_help=True)
app.command()(apply.apply)
app.command()(materialize.materialize)
app.command("compile")(compile.compile_plan)
app.command()(load.load)
app.command()(push.push)
app.command()(erase.erase)
app.command()(history.history)
app.command("list")(list.list_features)
app.command()(lint.lint)
app.command()(stats.stats)
app.command()(show.show)
