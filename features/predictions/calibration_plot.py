"""What was said against what came true, as a picture."""

from __future__ import annotations

from features.predictions.reliability import Reliability
from features.predictions.svg import Chart, Range

SAID, WRONG = 0, 5
MARGIN = 1.08


def calibration_plot(title: str, found: Reliability) -> str:
    """An SVG: a mark for each tenth of the rows, with its interval; on the dashed line they would be right."""
    most = min(1.0, MARGIN * max(max(bin.said, bin.high) for bin in found.bins))
    shown = Range(0.0, most)
    chart = Chart(title, shown, shown, ("probability that was said", "share that came true"))
    chart.line([(0, 0), (most, most)], dashed=True)
    style = SAID if found.calibrated else WRONG
    for bin in found.bins:
        chart.line([(bin.said, bin.low), (bin.said, bin.high)], style)
        chart.point(bin.said, bin.came_true, style, size=4.0, opacity=1.0)
    chart.legend(0, "said and came true", style, small=f"each a tenth of {found.rows:,} later rows, 95 % interval")
    chart.legend(1, "right at their word", None)
    chart.note(2, f"mean distance {found.ece:.3f}; chance alone up to {found.ece_by_chance:.3f}")
    return chart.drawn()
