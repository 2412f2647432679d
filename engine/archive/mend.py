"""Checks every file of an archive, and makes anew what is damaged or lost, from what is not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import msgspec

from engine.archive.decision_rows import settled_in, write_decisions
from engine.archive.files import Files
from engine.archive.history import History
from engine.archive.manifest import Part, read_manifest, write_manifest
from engine.archive.record_rows import write_rows
from engine.journal.base import Journal


@dataclass(slots=True)
class Mended:
    """How many files were looked at, and the names of those that were made anew."""

    checked: int = 0
    names: list[str] = field(default_factory=list)


def mend(files: Files, shard: int, journal: Journal | None) -> Mended:
    """Check what is archived of a shard. Hold ``Files.locked`` meanwhile, as for archiving.

    Records come from the journal, as long as it has them; decisions from records.

    Raises:
        CorruptRecord: a file is damaged or lost, and its records are nowhere else; names it.
        ArchiveError: the manifest is damaged, the archive another journal's, or it cannot be written.
    """
    done, manifest = Mended(), read_manifest(files, shard)
    if manifest is None:
        return done
    history = History(files, shard, journal)
    records = [_sound(files, part, partial(_records, history, part), done) for part in manifest.records]
    decisions = [_sound(files, part, partial(_decisions, history, part), done) for part in manifest.decisions]
    if done.names:
        write_manifest(files, msgspec.structs.replace(manifest, records=tuple(records), decisions=tuple(decisions)))
    return done


def _sound(files: Files, part: Part, made_anew: Callable[[], bytes], done: Mended) -> Part:
    done.checked += 1
    if part.is_made_of(files.get(part.name) or b""):
        return part
    content = made_anew()
    files.put(part.name, content)
    done.names.append(part.name)
    return Part.of(part.name, content, part.rows, first=part.first, last=part.last)


def _records(history: History, part: Part) -> bytes:
    return write_rows(history.read(part.first - 1, part.rows))


def _decisions(history: History, part: Part) -> bytes:
    batch = history.read(part.first - 1, part.last - part.first + 1)
    settled = settled_in([stored for stored in batch if stored.position <= part.last], history.at)
    return write_decisions([each for each in settled if part.name.startswith(f"{each.folder}/")])
