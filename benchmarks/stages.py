"""The stages of a decision: which functions of which modules are theirs.

A moment belongs to the innermost function on the stack that is listed here; what it calls in turn is its own work.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

Frame = tuple[str, str]
"""A function: end of its file's path, and its qualified name."""

ANY = ""
"""Stands for every function of a file, or of a package where the file's part is a folder."""

WAITING = "waiting for work, for the disk, or for the interpreter's lock"
UNKNOWN = "not attributed"

STAGES: Mapping[str, tuple[Frame, ...]] = {
    "event loop": (("uvicorn/server.py", ANY), ("asyncio/runners.py", ANY)),
    "HTTP: parse, write (uvicorn)": (("uvicorn/protocols/", ANY), ("api/protocol.py", ANY)),
    "HTTP: route (FastAPI, Starlette)": (
        ("fastapi/", ANY),
        ("starlette/", ANY),
        ("uvicorn/middleware/", ANY),
        ("api/auth/route.py", ANY),
        ("api/routes/decisions.py", ANY),
    ),
    "may the caller?": (("api/auth/guard.py", "Guard.admit"),),
    "body: read, check, decode": (
        ("api/body.py", "decoded"),
        ("api/schemas.py", "DecisionBody.request"),
    ),
    "request digest": (("engine/decide.py", "Decider._digest"),),
    "consent, unit, group, key": (("engine/privacy.py", "identify"), ("engine/traffic.py", "group_of")),
    "features: read": (
        ("features/embedded/store.py", "DirectSqliteStore.read"),
        ("features/redis/store.py", "DirectRedisStore.read"),
        ("features/redis/pipe.py", "Pipe.data_received"),
        ("features/memory.py", "MemoryStore.read"),
    ),
    "features: assemble": (("features/assemble.py", "Assembler.__call__"),),
    "eligibility": (("engine/catalog.py", "Catalogue.candidates"),),
    "encode": (("engine/encode/standard.py", "StandardEncoder.shared"),),
    "policy and floor": (("engine/choose.py", "choose"),),
    "draw": (("engine/pmf.py", "sample"), ("engine/pmf.py", "draw"), ("engine/ids.py", "new_id")),
    "content": (("engine/draft.py", "rendered"),),
    "seal": (("engine/decide.py", "Decider._sealed"),),
    "journal: hand over, take back": (
        ("engine/spool/commits.py", "SpoolingCommits.append"),
        ("engine/journal/group_commit.py", "GroupCommit.append"),
        ("engine/journal/group_commit.py", "_Committed.deliver"),
        ("benchmarks/in_process.py", "RecentRecords.append"),
    ),
    "session's next state": (("features/state.py", "StateWriter.apply"),),
    "the decider's own: record, answer": (
        ("engine/decide.py", ANY),
        ("engine/draft.py", ANY),
        ("engine/deadline.py", ANY),
    ),
    "answer: encode": (("api/schemas.py", "decision_answer"), ("api/body.py", "answered")),
    "metrics": (("prometheus_client/", ANY), ("api/metrics.py", ANY)),
    "model watch": (("api/app.py", ANY),),
}

_SEAMS: Mapping[Frame, str] = {frame: stage for stage, frames in STAGES.items() for frame in frames}


def stage_of(stack: Iterable[Frame]) -> str:
    """The stage of a moment; ``stack`` has whole paths, innermost first."""
    return next((stage for frame in stack if (stage := _stage_of_frame(frame)) is not None), UNKNOWN)


def _stage_of_frame(frame: Frame) -> str | None:
    path, name = frame
    return next((stage for (file, owner), stage in _SEAMS.items() if owner in (name, ANY) and _is_in(path, file)), None)


def _is_in(path: str, file: str) -> bool:
    return f"/{path}".endswith(f"/{file}") if file.endswith(".py") else f"/{file}" in f"/{path}"
