"""Documents are checked against the code, so that what they list is complete and current."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import typer
from fastapi.routing import APIRoute

from api import cli
from api.metrics import Metrics
from api.problems import KINDS, OTHER, TYPE_PREFIX
from api.routes import decisions, health, outcomes, quarantine, sessions, turns
from api.settings import Settings
from engine.policies import registry

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PACKAGES = ("api", "engine", "features", "feature_repo", "simulator", "benchmarks", "tests")
MACHINE_PATHS = tuple("/" + folder + "/" for folder in ("work", "tmp/bash_jobs", "root", "home/runner"))
REGISTRY_HOSTS = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("anaconda", "org"),
        ("docker", "io"),
    )
)


def settings() -> set[str]:
    """Every environment variable that the code reads or mentions."""
    mentioned = {
        name
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for name in re.findall(r"\bMAITRED_[A-Z][A-Z_]*[A-Z]\b", path.read_text())
    }
    return mentioned | {f"MAITRED_{name.upper()}" for name in Settings.model_fields}


def metrics() -> set[str]:
    return {metric.name + ("_total" if metric.type == "counter" else "") for metric in Metrics().gathered.collect()}


def verbs(command: click.Command, name: str = "maitred") -> Iterator[str]:
    """Every command line without its options."""
    inner: dict[str, click.Command] = getattr(command, "commands", {})
    if not inner:
        yield name
    for word, verb in inner.items():
        yield from verbs(verb, f"{name} {word}")


def routes() -> set[str]:
    return {
        f"{method} {route.path_format}"
        for module in (decisions, turns, outcomes, sessions, quarantine, health)
        for route in module.router.routes
        if isinstance(route, APIRoute)
        for method in route.methods
    }


def files() -> list[Path]:
    """The project's files: those git knows, or would."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [ROOT / name for name in listed if (ROOT / name).is_file()]


def is_made_later(folder: str) -> bool:
    """Whether git ignores it: it holds what the project makes, not what it is made of."""
    return subprocess.run(["git", "check-ignore", "--quiet", f"{folder}/"], cwd=ROOT, check=False).returncode == 0


@pytest.mark.parametrize("name", sorted(settings()))
def test_the_readme_names_every_setting(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted(metrics()))
def test_the_readme_names_every_metric(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("verb", sorted(verbs(typer.main.get_command(cli.app))))
def test_the_readme_names_every_verb(verb):
    assert f"`{verb}`" in README


@pytest.mark.parametrize("route", sorted(routes()))
def test_the_readme_names_every_route(route):
    assert f"`{route}`" in README


@pytest.mark.parametrize("name", sorted(registry.policies()))
def test_the_readme_names_every_policy(name):
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", sorted({OTHER, *(kind.name for kind in KINDS)}))
def test_the_readme_names_every_problem_type(name):
    assert f"`{TYPE_PREFIX}{name}`" in README


def test_the_readme_names_nothing_that_is_gone():
    known = {*settings(), *metrics()} | {f"{TYPE_PREFIX}{name}" for name in (OTHER, *(kind.name for kind in KINDS))}
    named = set(re.findall(r"`(MAITRED_[A-Z_]+|maitred_[a-z_]+|urn:maitred:[a-z:-]+)`", README))
    assert named <= known


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "benchmarks/README.md"])
def test_every_path_that_a_document_names_exists(document):
    text = (ROOT / document).read_text()
    named = set(re.findall(r"`((?:api|engine|features|feature_repo|simulator|benchmarks|tests)/[\w./-]+)`", text))
    assert [name for name in sorted(named) if not (ROOT / name).exists() and not is_made_later(name)] == []


def test_the_newest_entry_of_the_changelog_is_this_version():
    newest = re.search(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest is not None
    assert newest[1] == tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]


def test_no_file_names_a_machine_or_a_package_registry():
    found = [
        f"{path.relative_to(ROOT)}: {word}"
        for path in files()
        for text in [path.read_bytes().decode(errors="replace")]
        for word in (*MACHINE_PATHS, *REGISTRY_HOSTS)
        if word in text
    ]
    assert found == []
