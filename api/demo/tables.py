"""The report and one explained decision, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api.demo.report import GroupReport, LiftReport, PlacementReport, Report

MOST_FEATURES = 40
MOST_CONTRIBUTIONS = 8


def print_report(console: Console, report: Report) -> None:
    """Table per placement, lift, shares of the best possible."""
    table = Table(title="mean reward per decision")
    table.add_column("placement")
    for name in ("decisions", "random", "champion", "… last quarter", "best possible", "lift by user [95 %]"):
        table.add_column(name, justify="right")
    for name, part in report.placements.items():
        table.add_row(*_row(name, part))
    table.add_section()
    table.add_row(*_row("all", report.overall), style="bold")
    console.print(table)
    console.print(Text(report.overall.lift.line, style="bold green"), soft_wrap=True)
    console.print(shares(report.overall), soft_wrap=True)


def shares(part: PlacementReport) -> str:
    """The line that says how near to the best possible each group came."""
    shown = {"champion": part.champion, "its last quarter": part.late, "random": part.random}
    return "share of the best possible: " + ", ".join(f"{name} {_share(group)}" for name, group in shown.items())


def print_explanation(console: Console, explanation: Mapping[str, Any]) -> None:
    """One decision: what was known, what could be chosen, what was, and why."""
    console.print(Panel(Group(*_explained(explanation)), title="one decision, explained", expand=False))


def _row(name: str, part: PlacementReport) -> list[str]:
    decisions = part.champion.decisions + part.random.decisions
    best = "" if part.best_possible is None else f"{part.best_possible:.3f}"
    means = [f"{group.mean_reward:.3f} ({_share(group)})" for group in (part.random, part.champion, part.late)]
    return [name, f"{decisions:,}", *means, best, _interval(part.lift)]


def _interval(lift: LiftReport) -> str:
    if lift.difference is None:
        return "not evaluable"
    return f"{lift.difference:+.3f} [{lift.low:.3f}, {lift.high:.3f}]"


def _share(group: GroupReport) -> str:
    return "–" if group.share_of_best is None else f"{group.share_of_best:.0%}".replace("%", " %")


def _explained(explanation: Mapping[str, Any]) -> list[RenderableType]:
    return [
        Text(_headline(explanation)),
        Text(f'said: "{explanation.get("content", {}).get("text", "")}"', style="italic"),
        Text(_known(explanation)),
        _candidates(explanation),
        Text(_outcome(explanation)),
        _contributions(explanation),
    ]


def _headline(explanation: Mapping[str, Any]) -> str:
    return (
        f"{explanation['decision_id']}: {explanation['placement']} → {explanation['action']} with probability "
        f"{explanation['propensity']:.3f} (group {explanation['group']}, policy {explanation['policy']}, "
        f"model {explanation['model_version']})"
    )


def _known(explanation: Mapping[str, Any]) -> str:
    features = [f"{f['name']}={_short(f['value'])}" for f in explanation["features"][:MOST_FEATURES]]
    views = [f"{view}: {state}" for view, state in explanation["freshness"].items()]
    return f"known ({', '.join(views)}): {', '.join(features)}"


def _candidates(explanation: Mapping[str, Any]) -> Table:
    table = Table("candidate", "probability", "", box=None)
    for candidate in sorted(explanation["candidates"], key=lambda each: -float(each["probability"])):
        action, probability = candidate["id"], float(candidate["probability"])
        chosen = " ◄ chosen" if action == explanation["action"] else ""
        table.add_row(action, f"{probability:.3f}", "█" * round(30 * probability) + chosen)
    for action, why in explanation["filtered"].items():
        table.add_row(action, "–", f"not eligible: {why}", style="dim")
    return table


def _outcome(explanation: Mapping[str, Any]) -> str:
    came = ", ".join(f"{o['metric']}={o['value']:g}" for o in explanation["outcomes"]) or "nothing"
    settled = explanation.get("settlement")
    reward = f"reward {settled['reward']:.3f}, learned: {settled['learned']}" if settled else "not settled yet"
    return f"what came of it: {came}; {reward}"


def _contributions(explanation: Mapping[str, Any]) -> RenderableType:
    parts = explanation.get("contributions")
    if not parts:
        return Text("contributions: none for this model", style="dim")
    table = Table("what the model made of it", "contribution to the score", box=None)
    for part in parts[:MOST_CONTRIBUTIONS]:
        table.add_row(str(part["feature"]), f"{part['contribution']:+.3f}")
    return table


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
