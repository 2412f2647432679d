"""Small files for the worlds that need some: for each of them, parameters under which the contract is checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

ROWS = 500


def classification(folder: Path) -> list[dict[str, Any]]:
    """Three classes told by a number, a word and a little luck; numbers and words are missing here and there."""
    rng, lines, texts = np.random.default_rng(1), ["size,colour,kind"], []
    for number in range(ROWS):
        kind = int(rng.integers(3))
        size = f"{rng.normal(kind, 0.5):.4f}" if number % 50 else ""
        lines.append(f"{size},{('red', 'blue', '?')[kind - (rng.random() < 0.2)]},class {kind}")
        texts.append(f"{kind + 1} | size:{rng.normal(kind, 0.5):.4f} word{rng.integers(20)} word{kind}:2")
    table, text = folder / "set.csv", folder / "set.vw"
    table.write_text("\n".join(lines) + "\n")
    text.write_text("\n".join(texts) + "\n")
    changing = {"target": "kind", "noise": 0.2, "drift": 0.5}
    return [{"path": str(table)}, {"path": str(table), **changing}, {"path": str(text), "noise": 0.1}]


PARAMS: Mapping[str, Callable[[Path], list[dict[str, Any]]]] = {"supervised": classification}
"""World → writes its files into a folder, and says with which parameters it is made of them."""
