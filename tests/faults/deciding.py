"""Faults on the way from a request to its record: deciding, choosing, drawing, recording."""

from __future__ import annotations

from tests.faults.fault import Fault

_POLICYS_OWN = (
    "tuple(placement.served.policy.pmf("
    "placement.served.encoder.shared(options.vector.values, options.vector.freshness), "
    "[each.candidate for each in options.eligible]))"
)

DECIDING = (
    Fault(
        name="sampled before flooring",
        breaks="what was drawn from is not what is logged: every propensity is a lie",
        file="engine/decide.py",
        edits={"chosen = sample(choice.pmf, draw(": f"chosen = sample({_POLICYS_OWN}, draw("},
        tests=("tests/engine/test_decide.py",),
    ),
    Fault(
        name="the policy's own pmf is logged, not the floored one",
        breaks="rare actions have a smaller propensity than they had",
        file="engine/decide.py",
        edits={"            pmf=choice.pmf,": f"            pmf={_POLICYS_OWN} if choice.pmf else (),"},
        tests=("tests/engine/test_decide.py",),
    ),
    Fault(
        name="candidates logged in another order than sampled",
        breaks="index and probability belong to other actions",
        file="engine/decide.py",
        edits={
            "candidates=tuple(each.spec.id for each in options.eligible),": (
                "candidates=tuple(sorted(each.spec.id for each in options.eligible)),"
            )
        },
        tests=("tests/engine/test_decide.py", "tests/engine/test_fold.py"),
    ),
    Fault(
        name="the draw does not come from the decision's id",
        breaks="nobody can check a draw; a retry that finds no record draws again",
        file="engine/decide.py",
        edits={"draw(self._salts.draw, decision_id)": "draw(self._salts.draw, new_id())"},
        tests=("tests/engine/test_decide.py", "tests/engine/test_verify.py"),
    ),
    Fault(
        name="a retry draws again",
        breaks="callers who ask the same at once hear different answers, one of which is recorded",
        file="engine/decide.py",
        edits={
            "        if not place.duplicate:\n            fresh": "        if place.position:\n            fresh",
        },
        tests=("tests/engine/test_decide.py", "tests/engine/test_decide_turns.py"),
    ),
    Fault(
        name="a turn forgets what it shows already",
        breaks="one action in two placements of a turn",
        file="engine/decide.py",
        edits={"                taken.append(drafts[-1].chosen_id)\n": ""},
        tests=("tests/engine/test_decide_turns.py",),
    ),
    Fault(
        name="the fallback's words count as the action's own",
        breaks="a policy learns from content that nobody saw",
        file="engine/draft.py",
        edits={
            "return placement.catalogue.fallback.render(locale, {}), False": (
                "return placement.catalogue.fallback.render(locale, {}), True"
            )
        },
        tests=("tests/engine/test_decide.py",),
    ),
    Fault(
        name="the floor is forgotten",
        breaks="actions the policy dislikes are never seen again, and never evaluable",
        file="engine/choose.py",
        edits={
            "pmf = with_floor(served.policy.pmf(shared, candidates), epsilon)": (
                "pmf = served.policy.pmf(shared, candidates)"
            )
        },
        tests=("tests/engine/test_choose.py",),
    ),
    Fault(
        name="the floor by maximum, not by mixing",
        breaks="probabilities sum to more than 1",
        file="engine/pmf.py",
        edits={"[floor + (1.0 - epsilon) * p for p in normalised]": "[max(floor, p) for p in normalised]"},
        tests=("tests/engine/test_pmf.py",),
    ),
    Fault(
        name="the draw falls on the wrong side of a boundary",
        breaks="an action with p = 0 can be drawn",
        file="engine/pmf.py",
        edits={"if u < cumulative:": "if u <= cumulative:"},
        tests=("tests/engine/test_pmf.py",),
    ),
    Fault(
        name="a deterministic answer counts as learnable",
        breaks="control and fallback train the policy, with p = 1",
        file="engine/choose.py",
        edits={
            'return Choice(pmf, BaselinePolicy.name, "none", reason, learnable=False)': (
                'return Choice(pmf, BaselinePolicy.name, "none", reason)'
            )
        },
        tests=("tests/engine/test_choose.py",),
    ),
    Fault(
        name="the consent gate stays open",
        breaks="rows and keys of users who did not consent",
        file="engine/privacy.py",
        edits={"user_id = request.user_id if consent else None": "user_id = request.user_id"},
        tests=("tests/engine/test_privacy_gate.py",),
    ),
)

RECORDING = (
    Fault(
        name="the journal answers before its commit",
        breaks="what was acknowledged is lost in a crash",
        file="engine/journal/group_commit.py",
        edits={
            "        return await waiter.done": (
                "        await asyncio.sleep(0)\n"
                "        end = self._journal.last_position()\n"
                "        return [Appended(end + i, 1, duplicate=False) for i, _ in enumerate(records, 1)]"
            )
        },
        tests=("tests/engine/test_group_commit.py",),
    ),
    Fault(
        name="callers of one transaction get each other's places",
        breaks="duplicates and positions of somebody else's records",
        file="engine/journal/group_commit.py",
        edits={"            places = places[len(waiter.records) :]\n": "            places = places[1:]\n"},
        tests=("tests/engine/test_group_commit.py",),
    ),
    Fault(
        name="one bad record fails its whole transaction",
        breaks="a caller pays for another's mistake",
        file="engine/journal/group_commit.py",
        edits={
            "            return self._commit_one_by_one(batch, error)": (
                "            return _Committed(failed=[(waiter, error) for waiter in batch])"
            )
        },
        tests=("tests/engine/test_group_commit.py",),
    ),
    Fault(
        name="waiting for a file that is being recovered is forgotten",
        breaks="after a crash one of the processes that start together fails",
        file="features/embedded/busy.py",
        edits={"error.sqlite_errorcode & _PRIMARY == ": "error.sqlite_errorcode == "},
        tests=("tests/engine/test_sqlite_wal.py",),
    ),
    Fault(
        name="sealed without the record's id",
        breaks="a sealed part opens in somebody else's record",
        file="engine/records/sealing.py",
        edits={
            "encrypt(nonce, msgspec.msgpack.encode(part), aad)": "encrypt(nonce, msgspec.msgpack.encode(part), None)",
            "decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)": (
                "decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None)"
            ),
        },
        tests=("tests/engine/test_records_sealing.py",),
    ),
    Fault(
        name="a destroyed key stays in memory",
        breaks="an erased person's records open until the process ends",
        file="engine/records/keys.py",
        edits={"                for ref in refs:\n                    self._keys.discard(ref)\n": ""},
        tests=("tests/engine/test_keys.py",),
    ),
    Fault(
        name="the first migration is skipped",
        breaks="old records read with the wrong fields",
        file="engine/records/codec.py",
        edits={"for step in range(version, self._current):": "for step in range(version + 1, self._current):"},
        tests=("tests/engine/test_records_codec.py",),
    ),
    Fault(
        name="outcome ids are taken for unique over all decisions",
        breaks="the second decision's click-1 is thrown away",
        file="engine/records/schema.py",
        edits={'return f"{_without_slash(self.decision_id)}/{self.id}"': "return self.id"},
        tests=("tests/engine/test_feedback.py", "tests/engine/test_records_codec.py"),
    ),
)
