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


def experiment(folder: Path) -> list[dict[str, Any]]:
    """Two arms, of which one pays with age; what is spent is rare."""
    rng, lines = np.random.default_rng(2), ["shown,opened,dollars,age,town,p"]
    for _ in range(ROWS):
        arm, age = ("plain", "loud")[int(rng.random() < 0.25)], int(rng.integers(20, 70))
        opened = int(rng.random() < (0.3 if arm == "plain" else age / 100.0))
        dollars = float(rng.integers(1, 50)) if opened and rng.random() < 0.5 else 0.0
        p = 0.25 if arm == "loud" else 0.75
        lines.append(f"{arm},{opened},{dollars},{age},{('Rome', 'Oslo')[age % 2]},{p}")
    table, mapping = folder / "experiment.csv", folder / "mapping.yaml"
    table.write_text("\n".join(lines) + "\n")
    mapping.write_text(MAPPING)
    files = {"path": str(table), "mapping": str(mapping)}
    return [files, {**files, "metric": "spent"}]


MAPPING = """
schema_version: 1
name: newsletter
placement: headline
arm: shown
arms:
  plain: {features: {loudness: 0}}
  loud: {features: {loudness: 2}}
propensity: p
metrics:
  opened: {range: [0, 1]}
  spent: {column: dollars}
features: {age: number, town: category}
"""


def sentences(folder: Path) -> list[dict[str, Any]]:
    """Twelve intents, whose sentences say so."""
    path = folder / "sentences.csv"
    lines = [f"please help me with number {number % 12} {number},intent_{number % 12}" for number in range(ROWS)]
    path.write_text("\n".join(["text,category", *lines]) + "\n")
    return [
        {"path": str(path)},
        {"path": str(path), "offered": 3, "described": True},
        {"path": str(path), "offered": 0},
    ]


PARAMS: Mapping[str, Callable[[Path], list[dict[str, Any]]]] = {
    "experiment": experiment,
    "sentences": sentences,
    "supervised": classification,
}
"""World → writes its files into a folder, and says with which parameters it is made of them."""
