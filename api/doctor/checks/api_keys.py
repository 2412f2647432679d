"""Can the file that says who may call be used, and is it private?"""

from __future__ import annotations

import stat
from collections.abc import Iterator

from api.auth.key_file import KeyFile
from api.doctor.finding import Sign, fail, ok
from api.doctor.patient import Patient
from engine.errors import ConfigError


def look(patient: Patient) -> Iterator[Sign]:
    """The file as the service reads it."""
    path = patient.settings.api_keys_path
    try:
        keys = KeyFile(path).read()
    except ConfigError as error:
        yield fail(str(error), "restore the file, or move it away and make new keys")
        return
    if path.exists() and path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield fail(f"{path} is not its owner's alone", f"`chmod 600 {path}`")
    elif keys:
        yield ok(f"{len(keys)} keys")
    elif patient.settings.require_keys:
        yield fail("there are none, and every caller needs one", "make one with `maitred keys add`")
    else:
        yield ok("none: only callers on this machine are let in")
