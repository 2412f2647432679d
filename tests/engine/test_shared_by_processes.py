"""What workers share on disk stays whole while all of them use it at once: key table and quarantine."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from engine.quarantine import Quarantine
from engine.records.keys import KeyTable

PROCESSES = 4
PERSONS = 60
ROUNDS = 25

MEET_PERSONS = f"""
import json, random, sys
from pathlib import Path
from engine.records.keys import KeyTable
keys, chance, used, forgotten = KeyTable(Path(sys.argv[1])), random.Random(int(sys.argv[2])), {{}}, 0
for _ in range({ROUNDS}):
    met = [f"u{{chance.randrange({PERSONS})}}" for _ in range(8)]
    refs = [keys.ref_for("user", id) for id in met]
    bytes_of = [keys.key(ref).hex() for ref in refs]
    keys.flush()
    used.update(zip(refs, bytes_of))
    forgotten += keys.forget("user", f"gone-{{chance.randrange({PERSONS})}}")
    keys.ref_for("user", f"gone-{{chance.randrange({PERSONS})}}")
print(json.dumps(used))
"""

REFUSE = f"""
import sys
from pathlib import Path
from engine.quarantine import Quarantine
from engine.refusal import Refusal
quarantine = Quarantine(Path(sys.argv[1]))
for number in range({ROUNDS}):
    quarantine.note(Refusal("request", "GET /", "invalid-body"))
    quarantine.note(Refusal("request", f"{{sys.argv[2]}}-{{number}}", "not-found"))
    quarantine.flush()
quarantine.close()
"""


def at_once(code: str, path: Path) -> list[str]:
    """What each of several processes that start together prints."""
    commands = [[sys.executable, "-c", code, str(path), str(number)] for number in range(PROCESSES)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for command in commands]
    printed = [process.communicate(timeout=120)[0] for process in started]
    assert [process.returncode for process in started] == [0] * PROCESSES
    return printed


def test_every_key_that_any_process_sealed_with_is_there_for_all(tmp_path: Path) -> None:
    used = [json.loads(printed) for printed in at_once(MEET_PERSONS, tmp_path / "keys.db")]
    keys = KeyTable(tmp_path / "keys.db")
    for handed_out in used:
        assert {ref: keys.key(ref).hex() for ref in handed_out} == handed_out
    refs = {ref for handed_out in used for ref in handed_out}
    assert len(refs) <= PERSONS * PROCESSES
    keys.close()


def test_a_new_key_table_opened_by_all_at_once_has_one_set_of_secrets(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from engine.records.keys import KeyTable;"
        "print(KeyTable(Path(sys.argv[1])).secret('draw').hex())"
    )
    assert len(set(at_once(code, tmp_path / "keys.db"))) == 1


def test_no_refusal_of_any_process_is_lost_or_counted_twice(tmp_path: Path) -> None:
    at_once(REFUSE, tmp_path / "quarantine.db")
    quarantine = Quarantine(tmp_path / "quarantine.db")
    counts = {(row.subject, row.reason): row.count for row in quarantine.rows()}
    assert counts.pop(("GET /", "invalid-body")) == PROCESSES * ROUNDS
    assert list(counts.values()) == [1] * PROCESSES * ROUNDS
    quarantine.close()
