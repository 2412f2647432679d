"""Vowpal Wabbit's own driver over our export learns what our learner learned, and reports its progressive loss."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import msgspec
import pytest
from vowpalwabbit import Workspace

from engine.archive.dsjson import DsjsonExport
from engine.archive.dsjson_line import features
from engine.archive.labels import Learned, Logged
from engine.archive.line_file import Exported, appearing
from engine.catalog import candidate_of
from engine.config import PolicySpec
from engine.errors import NotEvaluable
from engine.lineage import Lineage
from engine.orders import Orders, Reason
from engine.policies.vw import VwPolicy
from engine.records.schema import ControlRecord, SettlementRecord
from engine.skip import skip_record, skipped
from engine.types import Candidate, OfferedAction

TURNS = 240
SQUARECB = "--cb_explore_adf --squarecb --gamma_scale 10 --epsilon 0.02 -l 1 -q SA -b 14"
WEIGHTED = "--cb_explore_adf --epsilon 0.2 -q SA -b 14"
FLOAT = 1e-5
"""How far apart equal labels may come out: our path gives them as text, the driver's reads JSON."""

DRIVE = """
import json, sys
from vowpalwabbit import Workspace
driver = Workspace(f"{sys.argv[1]} -d {sys.argv[2]} --dsjson --quiet")
driver.save(sys.argv[3])
print(json.dumps([driver.get_sum_loss(), driver.get_weighted_examples()]))
"""
"""In a process of its own: the driver ends the whole process when it meets a line it cannot use."""

NAMES = ["tone=casual", "a:b|c d", "é=ß\t", "7", " 12 ", "5.0", 'q"\\', "_tag", "_labelIndex", "__aid", "_", "_é"]
NAMES += ["nul\0", "\0nul", "x\0y", "\0 7", "_definitely_bad", "_text", "ends _\0"]


class Driven(NamedTuple):
    """What the driver says."""

    loss: float
    weight: float
    model: Path


def drive(flags: str, lines: Path) -> Driven:
    model = lines.with_suffix(".model")
    command = [sys.executable, "-c", DRIVE, flags, str(lines), str(model)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    loss, weight = json.loads(done.stdout.splitlines()[-1])
    return Driven(loss, weight, model)


def live(bot, turns: int = TURNS, **fields) -> Lineage:
    """Turns whose reward depends on context and action, settled in between; what was learned."""
    learner = bot.learner()
    for n in range(turns):
        context = {"n": n % 7, "mood": ("good", "bad")[n % 2], "_odd": f"word{n % 5}"}
        decision = bot.ask(session_id=f"s{n % 9}", context=context, **fields)
        bot.tell(decision.id, 0.75 if (len(decision.action_id) + n) % 3 == 0 else 0.0)
        if n % 40 == 39:
            bot.settle(learner)
    bot.settle(learner)
    return learner.fold.lineages["greeting"]


def export(bot, path: Path, labels, placement: str | None = "greeting") -> Exported:
    with appearing(path) as file:
        return DsjsonExport(bot.journal, bot.sealer, labels, file, placement).run()


@pytest.mark.parametrize(
    "params",
    [{"flags": SQUARECB}, {"flags": WEIGHTED, "label_probability": "true"}],
    ids=["squarecb, unweighted", "epsilon-greedy, weighted"],
)
def test_the_native_driver_reports_our_progressive_loss_and_makes_our_model(make_bot, tmp_path, params):
    bot, labels, path = make_bot(policy=PolicySpec(params=params)), Learned(), tmp_path / "log.dsjson"
    brought = OfferedAction("brought", {"_tag": 3, "a:b|c d": True, "7": 1, "x": 0.3})
    ours = live(bot, actions=(OfferedAction("plain"), brought))
    done = export(bot, path, labels)
    driven = drive(labels.flags, path)
    assert (done.lines, driven.weight) == (ours.learned, ours.learned)
    assert ours.learned > TURNS / 2
    assert driven.loss == pytest.approx(ours.loss, rel=FLOAT)
    assert ours.loss < -0.05 * ours.learned
    asked = situation(bot, brought)
    assert VwPolicy.load(driven.model, **params).pmf(*asked) == pytest.approx(ours.policy.pmf(*asked), abs=FLOAT)


def situation(bot, brought: OfferedAction) -> tuple[dict[str, float], list[Candidate]]:
    """What a policy may be asked."""
    plain = bot.placements["greeting"].catalogue.actions["plain"].candidate
    context = bot.encoder.shared({"request.n": 3, "request.mood": "good", "request._odd": "word2"}, {})
    return context, [plain, candidate_of(brought.id, brought.features, bot.encoder.action)]


@pytest.mark.parametrize("namespace", ["S", "A"])
@pytest.mark.parametrize("name", NAMES)
def test_a_feature_hashes_in_the_export_as_it_does_in_our_examples(namespace, name):
    ours, theirs = Workspace(f"{SQUARECB} --quiet"), Workspace(f"{SQUARECB} --dsjson --quiet")
    mine = ours.example({namespace: {name: 1 / 3}}, ours.get_label_type())
    inner = {"S": features("S", {name: 1 / 3})} if namespace == "S" else {}
    actions = [{"A": features("A", {name: 1 / 3})} if namespace == "A" else {"A": {"z": 1.0}}]
    label = b'{"_label_cost":-1,"_label_probability":1,"_label_Action":1,"_labelIndex":0,"a":[1],"c":'
    parsed = theirs.parse((label + msgspec.json.encode({**inner, "_multi": actions}) + b',"p":[1]}').decode())
    its = parsed[0 if namespace == "S" else 1]
    assert its.num_features_in(namespace) == 1
    assert its.feature(namespace, 0) == mine.feature(namespace, 0)
    assert its.feature_weight(namespace, 0) == mine.feature_weight(namespace, 0)
    theirs.finish_example(parsed)


def test_an_export_of_what_was_learned_starts_again_with_its_lineage(bot, tmp_path):
    live(bot, 40)
    before = export(bot, tmp_path / "log.dsjson", Learned())
    origin = next(r for r in bot.records(ControlRecord) if r.action == "origin" and r.placement == "greeting")
    bot.journal.append([msgspec.structs.replace(origin, version="another")])
    assert (before.lines, export(bot, tmp_path / "log.dsjson", Learned()).lines) == (40, 0)
    live(bot, 3)
    assert export(bot, tmp_path / "log.dsjson", Learned()).lines == 3
    assert export(bot, tmp_path / "log.dsjson", Logged()).lines == 43


def test_a_rollback_takes_back_the_lines_that_were_learned_after_it(bot, tmp_path):
    live(bot, 5)
    version = bot.snapshots.current("greeting").version
    live(bot, 4)
    kept = (export(bot, tmp_path / "log.dsjson", Learned()).lines, (tmp_path / "log.dsjson").read_bytes())
    Orders(bot.journal, bot.snapshots, bot.clock).rollback("greeting", version, Reason("me", "a test"))
    done = export(bot, tmp_path / "log.dsjson", Learned())
    assert (kept[0], done.lines) == (9, 5)
    assert kept[1].startswith((tmp_path / "log.dsjson").read_bytes())


def test_a_settlement_that_no_fold_learns_is_no_line(bot, tmp_path):
    live(bot, 5)
    third = next(s.position for s in bot.journal.read(0, 1_000) if isinstance(s.record, SettlementRecord)) + 2
    skip = skip_record(bot.journal, third)
    assert skip is not None
    bot.journal.append([skip])
    done = export(bot, tmp_path / "log.dsjson", Learned(skipped(bot.journal, "greeting")))
    assert (done.lines, done.unsafe) == (4, 1)
    assert skipped(bot.journal, "offer") == frozenset()


def test_what_another_policy_learned_is_no_work_for_the_driver(make_bot, tmp_path):
    bot = make_bot(policy=PolicySpec(name="uniform"))
    origin = ControlRecord(
        action="origin",
        placement="greeting",
        version="v",
        payload={"policy": "uniform", "params": {}, "encoder_version": "e"},
    )
    bot.journal.append([origin])
    with pytest.raises(NotEvaluable, match="not by Vowpal Wabbit"):
        export(bot, tmp_path / "log.dsjson", Learned())
    assert list(tmp_path.glob("*log*")) == []


def test_the_native_driver_reads_what_was_logged_and_learns_nothing_from_lines_marked_so(make_bot, tmp_path):
    bot, path = make_bot(policy=PolicySpec(params={"flags": WEIGHTED, "label_probability": "true"})), tmp_path / "log"
    live(bot, 30)
    without = export(bot, path, Logged())
    driven = drive(WEIGHTED, path)
    live(bot, 20, explore=False)
    done = export(bot, path, Logged())
    assert (without.skipped, done.skipped, done.lines) == (0, 20, 50)
    again = drive(WEIGHTED, path)
    assert (again.loss, again.weight) == (driven.loss, driven.weight)
    assert again.model.read_bytes() == driven.model.read_bytes()
