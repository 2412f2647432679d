"""One page for browsers, phones and paper: everything in it, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from engine.stats.interval import Interval
from simulator.compare.difference import NO_DIFFERENCE
from simulator.experiments.summary import Comparison, Place, Summary
from simulator.report import charts
from simulator.report.terminal import difference_of, value_of

TEMPLATE = "page.html"


def page(summary: Summary) -> str:
    """The page's HTML. The same summary gives the same bytes."""
    environment = Environment(
        loader=PackageLoader("simulator.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"interval": _interval, "value": value_of, "difference": difference_of, "part": _part}
    return environment.get_template(TEMPLATE).render(
        summary=summary,
        charts=charts,
        headline=_headline,
        intervals_of=_intervals,
        curves_of=_curves,
        matrix=_matrix,
        actions=_actions,
        parts=_parts,
    )


def _intervals(place: Place) -> str:
    known = [(each.policy, each.value, each.interval) for each in place.standings if each.value is not None]
    return charts.intervals(known, "reward a decision")


def _curves(place: Place) -> str:
    return charts.curves([(each.policy, each.curve) for each in place.standings], "regret, summed over the rounds")


def _headline(place: Place) -> str:
    """What there is to say first."""
    best = place.standings[0]
    if best.value is None:
        return "Nothing can be said: no policy is evaluable here."
    said = f"{best.policy} earns most, {best.value:.4f} a decision"
    against = [each for each in place.against if each.policy == best.policy]
    if against:
        said += f": {against[0].difference:+.4f} against {against[0].reference} ({against[0].words})"
    return f"{said}. {_rivals(place, best.policy)}"


def _rivals(place: Place, policy: str) -> str:
    """Who is not told apart from it, of those who were compared with it."""
    mine = [pair for pair in place.pairs if policy in (pair.policy, pair.reference)]
    rivals = {pair.reference if pair.policy == policy else pair.policy: _words(pair, policy) for pair in mine}
    level = [other for other, words in rivals.items() if words == NO_DIFFERENCE]
    if not rivals:
        return "With one seed nothing is known of chance: no differences are shown."
    if not level:
        return "It is ahead of every other one."
    return f"Not told apart from it: {', '.join(level)}."


def _words(pair: Comparison, policy: str) -> str:
    """From the side of one of both."""
    turned = {"better": "worse", "worse": "better", NO_DIFFERENCE: NO_DIFFERENCE}
    return pair.words if pair.policy == policy else turned[pair.words]


def _matrix(place: Place) -> Mapping[tuple[str, str], tuple[str, str, str]]:
    """(row, column) → difference, words, and everything, of the row's policy against the column's."""
    found = {}
    for pair in place.pairs:
        for policy, other, sign in ((pair.policy, pair.reference, 1.0), (pair.reference, pair.policy, -1.0)):
            said = f"{sign * pair.difference:+.3f}"
            found[policy, other] = (said, _words(pair, policy), f"{pair.policy} against {difference_of(pair)}")
    return found


def _actions(place: Place) -> Sequence[str]:
    """The actions that are shown most, by whichever policy."""
    most: dict[str, float] = {}
    for standing in place.standings:
        for action, share in standing.shares.items():
            most[action] = max(share, most.get(action, 0.0))
    return sorted(sorted(most, key=lambda action: -most[action])[:12])


def _parts(place: Place) -> Sequence[str]:
    """Segments and days, in order."""
    return tuple(dict.fromkeys(_part_names(place)))


def _part_names(place: Place) -> Iterator[str]:
    for standing in place.standings:
        yield from standing.parts


def _interval(interval: Interval | None, decimals: int = 4) -> str:
    return "" if interval is None else f"[{interval.low:.{decimals}f}, {interval.high:.{decimals}f}]"


def _part(share: float) -> str:
    return f"{100.0 * share:.1f} %" if share >= 0.0005 else "0"
