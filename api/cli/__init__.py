"""The command line: ``maitred VERB``. One file a verb; nothing but wiring here."""

from __future__ import annotations

import typer

from api import logs
from api.cli import (
    archive,
    audit,
    compare,
    convert,
    demo,
    doctor,
    evaluate,
    export,
    features,
    keys,
    learn,
    policy,
    propensity,
    quarantine,
    rebuild,
    replay,
    retain,
    segments,
    serve,
    simulate,
    validate,
    verify,
    work,
)

app = typer.Typer(
    help="A contextual-bandit content-selection engine for bots.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.command()(serve.serve)
app.command(hidden=True)(work.work)
app.command()(learn.learn)
app.command()(demo.demo)
app.command()(validate.validate)
app.command()(verify.verify)
app.command()(rebuild.rebuild)
app.command()(archive.archive)
app.command()(retain.retain)
app.command()(export.export)
app.command()(evaluate.evaluate)
app.command()(audit.audit)
app.command()(replay.replay)
app.command()(compare.compare)
app.command()(simulate.simulate)
app.command()(convert.convert)
app.command()(doctor.doctor)
app.command()(quarantine.quarantine)
app.add_typer(features.app, name="features")
app.add_typer(keys.app, name="keys")
app.add_typer(policy.app, name="policy")
app.add_typer(propensity.app, name="propensity")
app.add_typer(segments.app, name="segments")


def main() -> None:
    """Entry point of the console script."""
    logs.configure()
    app()
