"""Every public module, class and function of the lower layers says what it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text())
    for package in ("engine", "features", "simulator")
    for path in sorted((ROOT / package).rglob("*.py"))
    if path.name != "__init__.py"
}
CLASSES = {node.name: node for module in MODULES.values() for node in module.body if isinstance(node, ast.ClassDef)}
Function = ast.FunctionDef | ast.AsyncFunctionDef


@pytest.mark.parametrize("name", MODULES)
def test_what_is_public_is_described(name: str):
    module = MODULES[name]
    assert ast.get_docstring(module), "the module has no docstring"
    assert list(undescribed(module)) == []


def undescribed(module: ast.Module) -> Iterator[str]:
    for node in module.body:
        if isinstance(node, ast.ClassDef | Function) and is_public(node) and not ast.get_docstring(node):
            yield node.name
        if isinstance(node, ast.ClassDef) and is_public(node):
            yield from (f"{node.name}.{name}" for name in methods(node) if not describes(node, name))


def methods(kind: ast.ClassDef) -> dict[str, Function]:
    """The public ones that the class itself defines."""
    return {node.name: node for node in kind.body if isinstance(node, Function) and is_public(node)}


def describes(kind: ast.ClassDef, name: str) -> bool:
    """Whether the class, or one that it inherits from, says what the method does."""
    own = methods(kind).get(name)
    if own is not None and ast.get_docstring(own):
        return True
    bases = [CLASSES[base.id] for base in kind.bases if isinstance(base, ast.Name) and base.id in CLASSES]
    return any(describes(base, name) for base in bases)


def is_public(node: ast.ClassDef | Function) -> bool:
    return not node.name.startswith("_")
