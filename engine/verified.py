"""What a verification compared."""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.states import Version


@dataclass(slots=True)
class Verified:
    """Counts, and versions as (placement, version).

    Attributes:
        snapshots: published, each byte-identical to the model folded anew.
        imported: models that persons brought, byte-identical to what is kept of them: nothing else could tell.
        foreign: published under an encoder that this software does not have: nothing to compare them with.
        calibrations: means and deviations that the journal tells, each what those folded anew are.
        files: snapshots whose file is still kept, with the right bytes.
    """

    records: int = 0
    decisions: int = 0
    settlements: int = 0
    snapshots: list[Version] = field(default_factory=list)
    imported: list[Version] = field(default_factory=list)
    foreign: list[Version] = field(default_factory=list)
    calibrations: int = 0
    files: int = 0
