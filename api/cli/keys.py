"""``maitred keys …``: who may call the service from other machines."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from api.auth.key import ApiKey, mint
from api.auth.key_file import KeyFile
from api.auth.role import Role
from api.cli.failure import reported
from api.settings import Settings

app = typer.Typer(help="API keys. A running service notices what changes.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="whose key it is: letters, digits, dots, dashes, underscores")]


@app.command()
def add(
    name: Name,
    role: Annotated[list[Role], typer.Option(help="what its holder may do; give it again for more")],
    rate: Annotated[float | None, typer.Option(min=0.001, max=1e6, help="calls per second; any by default")] = None,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    with reported():
        key, text = mint(name, role, rate, datetime.now(UTC))
        _file().add(key)
    print(text)
    print(f"Keep it: it cannot be shown again. {_described(key)}", file=sys.stderr)


@app.command("list")
def list_keys() -> None:
    """Print every key without its secret."""
    with reported():
        keys = _file().read()
    for key in keys:
        print(_described(key))
    if not keys:
        print("There are no API keys.", file=sys.stderr)


@app.command()
def revoke(name: Name) -> None:
    """Make a key useless, for good."""
    with reported():
        key = _file().revoke(name)
    print(f"revoked: {_described(key)}")


def _file() -> KeyFile:
    return KeyFile(Settings().api_keys_path)


def _described(key: ApiKey) -> str:
    rate = "any rate" if key.rate is None else f"{key.rate:g}/s"
    return f"{key.name}  {key.id}  {','.join(key.roles)}  {rate}  since {key.created_at:%Y-%m-%dT%H:%M:%SZ}"
