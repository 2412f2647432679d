"""Where a learner goes on from: its snapshot if that is whole and this journal's, else the origin. The bytes agree."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.announce import announce
from engine.config import PolicySpec
from engine.encode.ranges import RangeEncoder, RangeSpec
from engine.fold import Lineage
from engine.policies.base import Policy
from engine.policies.vw import VwPolicy
from engine.records.schema import ControlRecord, SettlementRecord
from engine.snapshots import CURRENT, MODEL, SnapshotStore, fingerprint
from engine.verify import verify

TURNS = 5
OTHER_FLAGS = "--cb_explore_adf --epsilon 0.1 -q SA -b 12"


def bytes_of(lineages: dict[str, Lineage]) -> dict[str, str]:
    return {name: fingerprint(lineage.policy) for name, lineage in lineages.items()}


def rebuilt(bot, folder: Path, **other: Any) -> dict[str, str]:
    """The bytes that the journal gives without any snapshot."""
    return bytes_of(bot.learner(snapshots=SnapshotStore(folder), **other).fold.lineages)


def learn(bot, clicks: Callable[[int], float] = lambda n: float(n % 2), **other: Any) -> Any:
    """Some turns, settled, learned and published; the learner."""
    for n in range(TURNS):
        bot.tell(bot.ask(context={"n": n}).id, clicks(n))
    learner = bot.learner(**other)
    bot.settle(learner)
    return learner


def origins(bot) -> list[ControlRecord]:
    return [r for r in bot.records(ControlRecord) if r.action == "origin" and r.placement == "greeting"]


@pytest.fixture
def learned(bot):
    """A bot that has published what it learned."""
    assert learn(bot).fold.lineages["greeting"].learned == TURNS
    return bot


def test_a_restart_goes_on_from_the_snapshot_and_learns_nothing_again(learned, tmp_path, monkeypatch):
    with monkeypatch.context() as forbidding:
        forbidding.delattr(VwPolicy, "_learn")
        forbidding.delattr(Policy, "_learn")
        learner = learned.learner()
    assert learner.fold.lineages["greeting"].learned == TURNS
    assert bytes_of(learner.fold.lineages) == rebuilt(learned, tmp_path / "none")
    before = learned.journal.last_position()
    learned.settle(learner)
    assert learned.journal.last_position() == before


def test_the_progressive_loss_goes_on_where_it_was(make_bot, tmp_path):
    """Told after every turn by a learner of its own, and once by one that learned everything: not a bit differs."""
    bot = make_bot()
    for n in range(TURNS):
        bot.tell(bot.ask(context={"n": n}).id, float(n % 2))
        bot.settle(bot.learner())
    resumed = bot.learner().fold.lineages["greeting"]
    anew = bot.learner(snapshots=SnapshotStore(tmp_path / "none")).fold.lineages["greeting"]
    assert (
        (resumed.learned, resumed.loss) == (anew.learned, anew.loss) == (TURNS, bot.snapshots.current("greeting").loss)
    )
    assert -TURNS < resumed.loss < 0.0


def _alter_model(folder: Path) -> None:
    (current,) = folder.glob(f"*/{CURRENT}")
    model = current.with_name(msgspec.json.decode(current.read_bytes())["version"] + MODEL)
    content = bytearray(model.read_bytes())
    content[-3] ^= 1
    model.write_bytes(content)


def _truncate_current(folder: Path) -> None:
    (current,) = folder.glob(f"*/{CURRENT}")
    current.write_bytes(current.read_bytes()[:40])


def _edit_current(**changes: Any) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        (current,) = folder.glob(f"*/{CURRENT}")
        current.write_bytes(msgspec.json.encode({**msgspec.json.decode(current.read_bytes()), **changes}))

    return edit


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_alter_model, id="bytes"),
        pytest.param(_truncate_current, id="manifest"),
        pytest.param(_edit_current(vw_version="9.0.0"), id="vw"),
        pytest.param(_edit_current(policy="gone"), id="policy"),
        pytest.param(_edit_current(params={"flags": OTHER_FLAGS}), id="flags"),
        pytest.param(_edit_current(lineage="another"), id="lineage"),
        pytest.param(_edit_current(settled_position=1_000_000), id="ahead"),
        pytest.param(_edit_current(settled_position=1), id="behind"),
        pytest.param(shutil.rmtree, id="gone"),
    ],
)
def test_an_unusable_snapshot_sends_the_lineage_back_to_its_origin_with_the_same_bytes(learned, tmp_path, damage):
    damage(learned.folder / "snapshots")
    learner = learned.learner()
    assert learner.fold.lineages["greeting"].learned == TURNS
    assert bytes_of(learner.fold.lineages) == rebuilt(learned, tmp_path / "none")
    learned.settle(learner)
    assert learned.snapshots.current("greeting").sha256 == fingerprint(learner.fold.lineages["greeting"].policy)
    verify(learned.journal, learned.vault, learned.snapshots)


def test_a_snapshot_of_another_journal_is_not_gone_on_from(make_bot, tmp_path):
    """Same configuration, origin and positions, other outcomes: only the journal knows which bytes are its own."""
    bots = [make_bot(), make_bot()]
    for bot in bots:
        learn(bot, lambda n, bot=bot: float(n == bots.index(bot)))
    shutil.rmtree(bots[1].folder / "snapshots")
    shutil.copytree(bots[0].folder / "snapshots", bots[1].folder / "snapshots")
    learner = bots[1].learner()
    assert bytes_of(learner.fold.lineages) == rebuilt(bots[1], tmp_path / "none")


def test_a_policy_that_resumes_inexactly_starts_from_its_origin(make_bot, tmp_path):
    bot = make_bot(policy=PolicySpec(params={"flags": "--cb_explore_adf --bag 3 --epsilon 0.1 -b 10"}))
    learn(bot)
    learner = bot.learner()
    assert learner.fold.lineages["greeting"].learned == TURNS
    assert bytes_of(learner.fold.lineages) == rebuilt(bot, tmp_path / "none")


def test_other_parameters_start_a_lineage_and_the_old_ones_start_another(learned, tmp_path):
    first = learned.specs["greeting"]
    other = msgspec.structs.replace(first, policy=PolicySpec(params={"flags": OTHER_FLAGS}))
    for spec in (other, first):
        assert announce(learned.journal, {"greeting": spec}, learned.encoder) == ["greeting"]
        learner = learn(learned)
        assert learner.fold.lineages["greeting"].learned == TURNS, "only what was settled since"
        assert bytes_of(learner.fold.lineages) == rebuilt(learned, tmp_path / spec.version)
    assert len({record.version for record in origins(learned)}) == 3
    verified = verify(learned.journal, learned.vault, learned.snapshots)
    assert len({version.partition(".")[0] for _, version in verified.snapshots}) == 3


def test_a_catalogue_with_the_same_policy_goes_on_with_its_lineage(learned):
    other = msgspec.structs.replace(learned.specs["greeting"], epsilon=0.5)
    announce(learned.journal, {"greeting": other}, learned.encoder)
    learned.settle(learned.learner())
    assert len(origins(learned)) == 1


def test_another_encoder_starts_a_lineage_and_going_back_to_the_first_another(learned, tmp_path):
    """A release that changes a range, and its rollback: neither may stop learning, nor mix two ways of encoding."""
    first, other = learned.encoder, RangeEncoder(RangeSpec(ranges={"request.n": (0.0, 9.0)}))
    for encoder in (other, first):
        learned.encode_by(encoder)
        learner = learn(learned)
        assert learner.fold.lineages["greeting"].origin.encoder_version == encoder.family
        assert learner.fold.lineages["greeting"].learned == TURNS
        assert bytes_of(learner.fold.lineages) == rebuilt(learned, tmp_path / encoder.version)
    assert len({record.version for record in origins(learned)}) == 3


def test_what_was_decided_with_one_encoder_is_not_learned_by_the_lineage_of_another(learned):
    late = [learned.ask(context={"n": n}).id for n in range(TURNS)]
    other = RangeEncoder(RangeSpec(ranges={"request.n": (0.0, 9.0)}))
    learned.encode_by(other)
    learner = learned.learner()
    learned.settle(learner)
    assert {record.decision_id for record in learned.records(SettlementRecord)} >= set(late)
    lineage = learner.fold.lineages["greeting"]
    assert (lineage.origin.encoder_version, lineage.learned) == (other.version, 0)


def test_the_journal_has_what_it_takes_to_read_it_with_the_encoders_of_then(learned):
    """Nothing but the journal is given: every snapshot, of either encoder, is folded anew and byte-identical."""
    published = len(verify(learned.journal, learned.vault, learned.snapshots).snapshots)
    learned.encode_by(RangeEncoder(RangeSpec(ranges={"request.n": (0.0, 9.0)}, texts=("request.intent",))))
    learn(learned)
    verified = verify(learned.journal, learned.vault, learned.snapshots)
    assert len(verified.snapshots) > published >= 1
    assert verified.foreign == []


def test_what_was_published_under_an_algorithm_of_another_release_is_told_apart_not_called_wrong(learned):
    def of_another_release(stored):
        record = stored.record
        if isinstance(record, ControlRecord) and record.action == "encoder":
            return msgspec.structs.replace(record, payload={**record.payload, "algorithm": 1})
        return record

    verified = verify(learned.copy(of_another_release), learned.vault, learned.snapshots)
    assert len(verified.foreign) >= 1
    assert verified.snapshots == []
