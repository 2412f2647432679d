"""Faults in the journals themselves."""

from __future__ import annotations

from tests.faults.fault import Fault

LEASE = "tests/contract/test_journal_lease.py"
CUT = "tests/contract/test_journal_cut.py"
DAMAGE = "tests/contract/test_journal_damage.py"

JOURNALING = (
    Fault(
        name="whoever held the lease before may still write",
        breaks="two learners settle the same decisions",
        file="engine/journal/sqlite_lease.py",
        edits={"if epoch != fence:": "if epoch < fence:"},
        tests=(LEASE,),
    ),
    Fault(
        name="Redis does not look at the fence",
        breaks="two learners settle the same decisions",
        file="engine/journal/redis_scripts.py",
        edits={"if epoch ~= ARGV[2] then": "if false then"},
        tests=(LEASE,),
    ),
    Fault(
        name="a lease is renewed for whoever asks",
        breaks="a second learner takes over while the first is at work",
        file="engine/journal/redis_scripts.py",
        edits={"tonumber(held[3]) > time": "tonumber(held[3]) < time"},
        tests=(LEASE,),
    ),
    Fault(
        name="a duplicate uses up a position",
        breaks="every retry looks like a lost record",
        file="engine/journal/sqlite.py",
        edits={"        self._take_back(end)\n": ""},
        tests=("tests/contract/test_journal.py", DAMAGE),
    ),
    Fault(
        name="checksums are not compared",
        breaks="a flipped bit is learned",
        file="engine/records/codec.py",
        edits={'!= int.from_bytes(body[1 : 1 + _CHECKSUM], "big")': "== -1"},
        tests=("tests/engine/test_records_codec.py",),
    ),
    Fault(
        name="a journal that lost its end looks shorter",
        breaks="acknowledged records are gone and nobody knows",
        file="engine/journal/gaps.py",
        edits={"        if last <= after:\n            return []": "        return []"},
        tests=(DAMAGE,),
    ),
    Fault(
        name="retention takes control records as well",
        breaks="nothing that is left can be read: catalogues and lineages are gone",
        file="engine/journal/sqlite_cut.py",
        edits={" AND kind != 'control'": ""},
        tests=(CUT,),
    ),
    Fault(
        name="a cut is not remembered",
        breaks="what retention removed looks lost",
        file="engine/journal/redis.py",
        edits={"[cut_record(position)], fence, position)": "[cut_record(position)], fence)"},
        tests=(CUT,),
    ),
    Fault(
        name="journal time is the wall clock",
        breaks="a clock that is set forwards closes every window",
        file="features/clock.py",
        edits={"min(max(ahead_us, -most_us), most_us)": "ahead_us"},
        tests=("tests/features/test_clock.py",),
    ),
)
