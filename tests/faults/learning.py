"""Faults on the way from outcomes to a published model: joining, folding, learning, publishing."""

from __future__ import annotations

from tests.faults.fault import Fault

JOINING = (
    Fault(
        name="grace is not added",
        breaks="outcomes within the declared grace do not count",
        file="engine/open_decision.py",
        edits={
            "hold_us=microseconds(spec.reward.window) + microseconds(spec.reward.grace),": (
                "hold_us=microseconds(spec.reward.window),"
            )
        },
        tests=("tests/engine/test_join_table.py",),
    ),
    Fault(
        name="a window closes one moment early",
        breaks="an outcome at the very end of its window does not count",
        file="engine/agenda.py",
        edits={"ended = (now_us, CLOSE)": "ended = (now_us + 1, CLOSE)"},
        tests=("tests/engine/test_join.py", "tests/engine/test_join_table.py"),
    ),
    Fault(
        name="early outcomes are dropped",
        breaks="a click that overtakes its decision is lost",
        file="engine/join.py",
        edits={"            decision.hear(early.record, terms)\n": "            continue\n"},
        tests=("tests/engine/test_join.py", "tests/engine/test_join_table.py"),
    ),
    Fault(
        name="a duplicate outcome counts twice",
        breaks="a retried report is a second click",
        file="engine/open_decision.py",
        edits={
            "isinstance(report, OutcomeRecord) and report.id not in self.heard:": "isinstance(report, OutcomeRecord):"
        },
        tests=("tests/engine/test_join.py", "tests/engine/test_join_table.py"),
    ),
    Fault(
        name="deferred but not shown is learned",
        breaks="policies learn from content nobody saw",
        file="engine/open_decision.py",
        edits={"            unseen=record.deferred,": "            unseen=False,"},
        tests=("tests/engine/test_join_table.py",),
    ),
    Fault(
        name="every traffic group trains",
        breaks="what `train_on` leaves out is learned",
        file="engine/open_decision.py",
        edits={'    return "" if record.group in terms.train_on else "group"': '    return ""'},
        tests=("tests/engine/test_join.py",),
    ),
    Fault(
        name="the cost of an action is forgotten",
        breaks="a coupon that is used counts as if it were free",
        file="engine/reward.py",
        edits={"    return earned - cost": "    return earned"},
        tests=("tests/engine/test_join_table.py",),
    ),
    Fault(
        name="a correction counts beside what it corrects",
        breaks="who corrects a purchase has sold twice",
        file="engine/corrections.py",
        edits={"[heard[_follow(latest, place)] for place in places]": "list(heard.values())"},
        tests=("tests/engine/test_corrections.py", "tests/engine/test_join_table.py"),
    ),
    Fault(
        name="what was learned early is learned again",
        breaks="under `settle: earliest` every outcome teaches twice",
        file="engine/open_decision.py",
        edits={' or (LEARNED_EARLY if self.early is not None else "")': ""},
        tests=("tests/engine/test_join_table.py", "tests/engine/test_settle_earliest.py"),
    ),
    Fault(
        name="learning early without bad news is allowed",
        breaks="whatever is new or quick looks too good",
        file="engine/config_rules.py",
        edits={'if reward.settle == "earliest" and all(': 'if reward.settle == "earliest" and not all('},
        tests=("tests/engine/test_config_file.py",),
    ),
    Fault(
        name="closed decisions take outcomes until they are settled",
        breaks="the reward depends on how fast the learner is",
        file="engine/join.py",
        edits={"        if decision.closes_us < self._now_us:\n            return True\n": ""},
        tests=("tests/engine/test_join_table.py", "tests/engine/test_join_properties.py"),
    ),
    Fault(
        name="parked decisions come back by age",
        breaks="what is parked is settled in another order, and the model is another one",
        file="engine/sqlite_parking.py",
        edits={"state FROM parked ORDER BY at_us, rank, position": "state FROM parked ORDER BY position"},
        tests=("tests/engine/test_parking.py", "tests/engine/test_join_properties.py"),
    ),
)

LEARNING = (
    Fault(
        name="a settlement is learned twice after a restart",
        breaks="the model differs from the one its journal gives",
        file="engine/fold.py",
        edits={"(lineage is None or position > lineage.settled_position)": "True"},
        tests=("tests/engine/test_learner_resume.py", "tests/engine/test_learner.py"),
    ),
    Fault(
        name="settlements that may not be learned are learned",
        breaks="control, fallback and unseen decisions train the policy",
        file="engine/fold.py",
        edits={"return record.learn and (": "return ("},
        tests=("tests/engine/test_fold.py",),
    ),
    Fault(
        name="decisions of another encoder are learned",
        breaks="features of two meanings share one weight",
        file="engine/fold.py",
        edits={
            "if family_of(encoder) != lineage.origin.encoder_version or not self.can_encode(encoder):": (
                "if not self.can_encode(encoder):"
            )
        },
        tests=("tests/engine/test_learner_resume.py", "tests/engine/test_fold.py"),
    ),
    Fault(
        name="the first candidate's propensity",
        breaks="importance weights belong to another action",
        file="engine/example.py",
        edits={"propensity=record.pmf[record.chosen],": "propensity=record.pmf[0],"},
        tests=("tests/engine/test_fold.py",),
    ),
    Fault(
        name="the propensity is inverted once too often",
        breaks="what was rare weighs least",
        file="engine/example.py",
        edits={"propensity=record.pmf[record.chosen],": "propensity=1.0 / record.pmf[record.chosen],"},
        tests=("tests/engine/test_fold.py",),
    ),
    Fault(
        name="rewards are learned unscaled",
        breaks="beyond [0, 1] everything is clipped to the same",
        file="engine/example.py",
        edits={"return min(1.0, max(0.0, (reward - low) / (high - low)))": "return reward"},
        tests=("tests/engine/test_fold.py",),
    ),
    Fault(
        name="a reward is taken for a cost",
        breaks="the policy learns to avoid what is liked",
        file="engine/policies/vw.py",
        edits={"            cost=-example.reward,": "            cost=example.reward,"},
        tests=("tests/contract/test_policies.py",),
    ),
    Fault(
        name="the example is made from the request alone",
        breaks="training sees other features than the policy did",
        file="engine/example.py",
        edits={".shared(personal.features, personal.freshness": ".shared(personal.context, personal.freshness"},
        tests=("tests/engine/test_fold.py",),
    ),
)

PUBLISHING = (
    Fault(
        name="a snapshot is served before its record",
        breaks="a crash in between leaves a model that no journal explains",
        file="engine/publish.py",
        edits={
            "            return publish_record(self._stage(placement, lineage))\n": (
                "            manifest = self._stage(placement, lineage)\n"
                "            self._snapshots.activate(manifest)\n"
                "            return publish_record(manifest)\n"
            )
        },
        tests=("tests/engine/test_learner.py",),
    ),
    Fault(
        name="a snapshot of another journal is gone on from",
        breaks="a model that this journal does not explain",
        file="engine/publications.py",
        edits={"if stored is not None and _explains(stored, manifest)": "if stored is not None"},
        tests=("tests/engine/test_learner_resume.py",),
    ),
    Fault(
        name="a snapshot is loaded unchecked",
        breaks="Vowpal Wabbit takes altered weights without complaint",
        file="engine/snapshots.py",
        edits={"        self.check_bytes(manifest)\n        return _load(": "        return _load("},
        tests=("tests/engine/test_snapshots.py",),
    ),
    Fault(
        name="pruning takes the current snapshot",
        breaks="nothing to serve after a restart",
        file="engine/snapshots.py",
        edits={"kept = {current, *never, *others[: self._keep - 1]}": "kept = {*never, *others[: self._keep]}"},
        tests=("tests/engine/test_snapshots.py",),
    ),
    Fault(
        name="a model for another encoder is swapped in",
        breaks="serving encodes in one way, the model learned in another",
        file="engine/models.py",
        edits={"manifest.encoder_version == placement.served.encoder.family and (": "("},
        tests=("tests/engine/test_models.py",),
    ),
    Fault(
        name="a learner that overslept writes on",
        breaks="two learners settle, learn and publish beside each other",
        file="engine/learn.py",
        edits={"self.journal.append(some, fence=self.tenure.epoch)": "self.journal.append(some)"},
        tests=("tests/engine/test_learner_office.py",),
    ),
    Fault(
        name="workers swap to whatever is current",
        breaks="a learner that overslept brings back an older model",
        file="engine/manifest.py",
        edits={"or self.published_position > other.published_position": "or self.version != other.version"},
        tests=("tests/engine/test_models.py",),
    ),
    Fault(
        name="a journal that was replaced is read on",
        breaks="a model is published that no journal gives",
        file="engine/learn.py",
        edits={"self.journal.read(last.position - 1, 1)[:1] != [last]:": "not self.journal.last_position():"},
        tests=("tests/engine/test_learner_office.py",),
    ),
    Fault(
        name="what was cut is not missed",
        breaks="a model of what is left takes the place of one that knew more",
        file="engine/fold.py",
        edits={"            self._check_whole(record, lineage)\n": "            pass\n"},
        tests=("tests/engine/test_learner_office.py",),
    ),
    Fault(
        name="a rollback learns on from nothing",
        breaks="workers serve one model, the learner goes on with another",
        file="engine/fold.py",
        edits={'if record.action in ("rollback", "import"):': 'if record.action == "import":'},
        tests=("tests/engine/test_orders.py",),
    ),
    Fault(
        name="what lineages start from is pruned",
        breaks="a later rollback has nothing to go back to",
        file="engine/snapshots.py",
        edits={"            if kept:\n": "            if not kept:\n"},
        tests=("tests/engine/test_orders.py",),
    ),
    Fault(
        name="a deadly settlement is learned again",
        breaks="the learner dies for ever",
        file="engine/fold.py",
        edits={"        if position in self.skip:\n": "        if position < 0:\n"},
        tests=("tests/engine/test_attempts.py",),
    ),
    Fault(
        name="the default of what is missing teaches the mean",
        breaks="numbers are scaled by what nobody ever measured",
        file="engine/encode/standard.py",
        edits={"if name in values and name not in missing and not": "if name in values and not"},
        tests=("tests/engine/test_encode_standard.py",),
    ),
    Fault(
        name="a model is served without its calibration",
        breaks="what it learned in standard deviations it is asked in other units",
        file="engine/models.py",
        edits={"encoder.calibrated(manifest.calibration)": "encoder.calibrated({})"},
        tests=("tests/engine/test_calibrate.py",),
    ),
    Fault(
        name="decisions name their encoder's family only",
        breaks="they are encoded again by another calibration, and learned as what they were not",
        file="engine/decide.py",
        edits={"encoder_version=options.served.encoder.version": "encoder_version=options.served.encoder.family"},
        tests=("tests/engine/test_calibrate.py",),
    ),
    Fault(
        name="a restart forgets the moments",
        breaks="the next calibration is of what came since, and no fold of the journal gives it",
        file="engine/lineage.py",
        edits={"FeatureMoments(state.moments)": "FeatureMoments()"},
        tests=("tests/engine/test_calibrate.py",),
    ),
    Fault(
        name="ids with slashes make duplicates",
        breaks="an outcome is taken for another decision's, and lost",
        file="engine/records/schema.py",
        edits={"_without_slash(self.decision_id)": "self.decision_id"},
        tests=("tests/contract/test_journal.py",),
    ),
)
