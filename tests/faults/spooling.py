"""Faults in what happens while the journal is out of reach."""

from __future__ import annotations

from tests.faults.fault import Fault

SPOOLING = (
    Fault(
        name="the policy goes on while the journal is out of reach",
        breaks="a retry on another process hears another answer",
        file="engine/decide.py",
        edits={"if not self._commits.in_reach(placement.name):": "if False:"},
        tests=("tests/engine/test_degraded_modes.py",),
    ),
    Fault(
        name="features that are late count as never written",
        breaks="a model learns that nothing is known of people of whom much is",
        file="features/assemble.py",
        edits={"return error_rows(self._planned, keys)": "return {}"},
        tests=("tests/engine/test_degraded_modes.py",),
    ),
    Fault(
        name="a spooled answer looks like a journaled one",
        breaks="nobody sees that the journal is slow",
        file="engine/decide.py",
        edits={'return degraded(fresh, "journal") if place.spooled else fresh': "return fresh"},
        tests=("tests/engine/test_degraded_modes.py",),
    ),
    Fault(
        name="frames are taken for whole by their length alone",
        breaks="what a bad disk made of a record is journaled",
        file="engine/spool/frame.py",
        edits={" and _checksum(payload) == checksum else None": " else None"},
        tests=("tests/engine/spool/test_spool_files.py",),
    ),
    Fault(
        name="forgotten before the journal has it",
        breaks="what was acknowledged is lost if the journal goes away again",
        file="engine/spool/drain.py",
        edits={
            "        places = self.journal.append(batch.records)\n": (
                "        self.spool.drained(batch)\n        places = self.journal.append(batch.records)\n"
            ),
            "        self.spool.drained(batch)\n        return": "        return",
        },
        tests=("tests/engine/spool/test_spooling_commits.py",),
    ),
    Fault(
        name="a spool knows no limit",
        breaks="an outage fills the disk that everything else needs",
        file="engine/spool/spool.py",
        edits={"if self.size + sum(map(len, frames)) > self._max_bytes:": "if False:"},
        tests=("tests/engine/spool/test_spool.py",),
    ),
    Fault(
        name="a decision is spooled once a request, not once an id",
        breaks="callers who ask the same at once hear different answers",
        file="engine/spool/spool.py",
        edits={"elif record.id in self._decisions or record.id in decisions:": "elif False:"},
        tests=("tests/engine/spool/test_spool.py",),
    ),
    Fault(
        name="everybody waits out their own deadline",
        breaks="an outage that is known already costs every caller the whole deadline",
        file="engine/spool/commits.py",
        edits={"            self._wait_no_longer()\n": "            pass\n"},
        tests=("tests/engine/spool/test_spooling_commits.py",),
    ),
)
