"""The report and one explained decision, for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from api.demo.report import GroupReport, LiftReport, PlacementReport, Report

NOTHING_TO_TELL = (0, False, "none", "")
MOST_CONTRIBUTIONS = 8


def print_report(console: Console, report: Report) -> None:
    """Means and lift per placement, lift over all, shares of the best possible."""
    table = Table(title="mean reward per decision", box=SIMPLE, title_justify="left")
    table.add_column("placement", no_wrap=True)
    for name in ("random", "champion", "its end", "best", "lift by user [95 %]"):
        table.add_column(name, justify="right", no_wrap=True)
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
    means = [part.random.mean_reward, part.champion.mean_reward, part.late.mean_reward, part.best_possible]
    return [name, *("–" if mean is None else f"{mean:.3f}" for mean in means), _interval(part.lift)]


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
    telling = [feature for feature in explanation["features"] if feature["value"] not in NOTHING_TO_TELL]
    features = [f"{feature['name']}={_short(feature['value'])}" for feature in telling]
    views = [f"{view}: {state}" for view, state in explanation["freshness"].items()]
    silent = len(explanation["features"]) - len(telling)
    return f"known ({', '.join(views)}): {', '.join(features)}; {silent} more are zero or none"


def _candidates(explanation: Mapping[str, Any]) -> Table:
    table = Table("candidate", "probability", "", box=None)
    for candidate in sorted(explanation["candidates"], key=lambda each: -float(each["probability"])):
        action, probability = candidate["id"], float(candidate["probability"])
        chosen = " ◄" if action == explanation["action"] else ""
        table.add_row(action, f"{probability:.3f}", "█" * round(20 * probability) + chosen)
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
