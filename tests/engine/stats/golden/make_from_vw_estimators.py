"""Makes ``intervals.json`` beside it with vw-estimators 0.2.2: shared rows, and the intervals it makes of them.

Needs ``pip install vw-estimators==0.2.2 numpy scipy``. Same seeds, same file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from estimators.bandits import cressieread, cs, gaussian

FOLDER = Path(__file__).parent
SIZES = (40, 300, 2_000)
ALPHA = 0.05
WEIGHTS = (0.0, 1.4)


def main() -> None:
    """Write ``intervals.json``."""
    cases = [_case(n, low, high) for n in SIZES for low, high in ((0.0, 1.0), (-2.0, 3.0))]
    (FOLDER / "intervals.json").write_text(json.dumps(cases, indent=1) + "\n")


def _case(n: int, low: float, high: float) -> dict[str, Any]:
    rng = np.random.default_rng([n, int(high)])
    weights = np.where(rng.random(n) < 0.5, 0.6, WEIGHTS[1])
    weights[:10] = 0.6  # a running mean above 1, which their confidence sequence uses and ours must not, never comes up
    rewards = low + (high - low) * (rng.random(n) < 0.3)
    peers = {
        "gaussian": gaussian.Interval(),
        "cressie_read": cressieread.Interval(rmin=low, rmax=high),
        "cressie_read_known_weights": cressieread.Interval(*WEIGHTS, rmin=low, rmax=high),
        "confidence_sequence": cs.Interval(rmin=low, rmax=high),
    }
    for weight, reward in zip(weights.tolist(), rewards.tolist(), strict=True):
        for peer in peers.values():
            peer.add_example(1.0, reward, weight)
    found = {name: [float(end) for end in peer.get(ALPHA)] for name, peer in peers.items()}
    return {"range": [low, high], "weights": weights.tolist(), "rewards": rewards.tolist(), "intervals": found}


if __name__ == "__main__":
    main()
