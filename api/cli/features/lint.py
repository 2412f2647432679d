"""``maitred features lint``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from api.cli.failure import FAILED, reported
from api.cli.progress import Progress
from api.settings import Settings
from api.wiring import load_config
from features import plan as plans

if TYPE_CHECKING:
    from features.lint.finding import Finding
    from features.lint.spaces import Use
    from features.observed import Observed

SAMPLE = 20_000


def lint(
    journal: Annotated[
        bool | None, typer.Option(help="look at decisions, too; by default if there are any", show_default=False)
    ] = None,
    sample: Annotated[int, typer.Option(min=1, help="look at no more decisions than these")] = SAMPLE,
    archive: Annotated[str | None, typer.Option(help="where it is archived, if not in MAITRED_ARCHIVE")] = None,
    allow: Annotated[
        list[str] | None, typer.Option(help="leave this finding out: its code, or code:feature; give it again for more")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="fail on warnings, too")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="print one JSON object")] = False,
) -> None:
    """Look for what is wrong with the features, in what is declared and what was decided. Exit code 1 on errors."""
    # It brings scipy and pyarrow, which serving processes need not have in memory.
    from features.lint.whole import lint as lint_features

    with reported():
        settings = Settings()
        plan, uses = plans.load(settings.plan_path), _uses(settings)
        decisions = _sample(settings, sample, archive) if _has_decisions(settings, journal, archive) else []
        findings = lint_features(plan, uses, decisions, allow or ())
    if json_output:
        print(msgspec.json.encode({"decisions": len(decisions), "findings": findings}).decode())
    else:
        for line in _summary(findings, len(decisions)):
            print(line)
    if findings and (strict or findings[0].severity == "error"):
        raise typer.Exit(FAILED)


def _uses(settings: Settings) -> dict[str, Use]:
    from features.lint.spaces import Use

    placements = load_config(settings.config).placements
    return {name: Use(spec.feature_service or name, tuple(spec.crosses)) for name, spec in placements.items()}


def _has_decisions(settings: Settings, asked: bool | None, archive: str | None) -> bool:
    """Who asks for them by name is told if there are none."""
    from api.past import is_recorded

    return asked if asked is not None else archive is not None or is_recorded(settings)


def _sample(settings: Settings, most: int, archive: str | None) -> list[Observed]:
    from api.sampled import Decisions

    decisions = Decisions(settings, archive)
    progress = Progress("read", decisions.records())
    sample = list(decisions.sample(most, progress))
    progress.end()
    if decisions.forgotten:
        print(f"maitred: {decisions.forgotten:,} decisions are of people who were forgotten", file=sys.stderr)
    return sample


def _summary(findings: Sequence[Finding], decisions: int) -> Iterator[str]:
    from features.lint.finding import MEANING

    for finding in findings:
        figures = ", ".join(f"{what} {_figure(value)}" for what, value in finding.evidence.items())
        yield f"{finding.severity}: {finding.feature}: {finding.code}: {MEANING[finding.code]}"
        yield f"  {figures}"
        yield f"  → {finding.mend}"
    errors = sum(finding.severity == "error" for finding in findings)
    looked = f"{decisions:,} decisions" if decisions else "declarations only, there is no decision to look at"
    yield f"{errors:,} errors, {len(findings) - errors:,} warnings ({looked})"


def _figure(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"
