"""Does anything wait on this disk for the journal?"""

from __future__ import annotations

from collections.abc import Iterator

from api.doctor.amounts import size
from api.doctor.finding import Sign, fail, ok, warn
from api.doctor.patient import Patient
from engine.spool import folder as folders

FULL_SHARE = 0.9

BACK = "see the check of the journal; once it answers, `maitred serve` gives it what waits"
DAMAGED = "after a crash it was never acknowledged: delete it; else keep it, and check the disk"


def look(patient: Patient) -> Iterator[Sign]:
    """Records of every process, whether it lives or not, and what could not be read of them."""
    folder, most = patient.settings.spool_path, patient.settings.spool_max_bytes
    waiting = [seen for seen in folders.look(folder) if seen.records]
    what = f"{sum(seen.records for seen in waiting)} records ({size(sum(seen.size for seen in waiting))}) wait"
    if any(seen.size >= FULL_SHARE * most for seen in waiting):
        yield fail(f"{what}; no more fit: decisions are not recorded, outcomes refused", BACK)
    elif waiting:
        yield warn(f"{what} for the journal", BACK)
    else:
        yield ok("nothing waits for the journal")
    for path in folders.damaged_in(folder):
        mend = (
            "nothing acknowledged is missing if the power failed while it was written; else keep it, and check the disk"
        )
        yield warn(f"{path.name}: {size(path.stat().st_size)} could not be read, and were set aside", mend)
