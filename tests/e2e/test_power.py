"""Loss of power, not only of the process: syncs are shared, and what was synced is enough to go on from."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from api.settings import Settings
from tests.chaos.audit import Finding, audit
from tests.chaos.bot import write_config
from tests.chaos.deployment import Deployment
from tests.chaos.ledger import Ledger
from tests.chaos.proof import proven
from tests.chaos.servers import one_redis
from tests.power.disk import SYNCS
from tests.power.load import under_load
from tests.power.moment import Moment, Recorded, capture
from tests.power.recovery import settled
from tests.power.strace import calls, counting_syncs, recording_changes, syncs_counted

Make = Callable[..., Deployment]
Pids = Callable[[], list[int]]
pytestmark = pytest.mark.alone
SEED = 20_260_401
CUSTOMERS = 8
MOMENTS = 10
DECISIONS = 2_000
REDIS_MOMENTS = 4
REDIS_DECISIONS = 1_000
MANY_CUSTOMERS = 32
COUNTED_DECISIONS = 1_600
FEWER = 50
AT_ONCE = 2
RE_READ = 20


@pytest.fixture(scope="module", autouse=True)
def _tracing() -> None:
    _need("strace")
    command = ["strace", "-f", "--seccomp-bpf", "-o", os.devnull, "true"]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    if tried.returncode != 0:
        _cannot(f"strace cannot trace here: {tried.stderr}")


def _need(program: str) -> None:
    if shutil.which(program) is None:
        _cannot(f"{program} is missing")


def _cannot(why: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


@pytest.fixture
def make(tmp_path: Path, feast_home: Path) -> Iterator[Make]:
    """Makes deployments of the bot with short windows."""
    config = tmp_path / "bot.yaml"
    write_config(config)
    made: list[Deployment] = []

    def one(home: Path, **options) -> Deployment:
        made.append(Deployment(home, config, feast_home / "features" / "plan.json", **options))
        return made[-1]

    yield one
    for deployment in made:
        deployment.kill_all()


def _acknowledged(deployment: Deployment) -> Ledger:
    """Start it, keep it busy, stop it; what was acknowledged."""
    ledger = Ledger()
    deployment.start()
    deployment.wait_until_ready()
    asyncio.run(under_load(deployment, ledger, seed=SEED, customers=MANY_CUSTOMERS, decisions=COUNTED_DECISIONS))
    assert deployment.stop() == 0
    assert not ledger.faults
    return ledger


def test_several_records_share_a_sync(make, tmp_path):
    table = tmp_path / "syncs"
    ledger = _acknowledged(make(tmp_path / "home", under=counting_syncs(table), options=("--no-learner",)))
    assert 0 < syncs_counted(table) < len(ledger.claims) + len(ledger.acknowledged)


def test_durability_process_syncs_no_commit_of_the_journal(make, tmp_path):
    changes = tmp_path / "changes"
    home = make(tmp_path / "home", under=recording_changes(changes), options=("--no-learner",), durability="process")
    decisions = len(_acknowledged(home).claims)
    syncs = [call for call in calls(changes.read_text().splitlines()) if call.name in SYNCS]
    of_the_journal = [call for call in syncs if "journal.db" in call.arguments]
    assert len(of_the_journal) < decisions / FEWER


async def _captured(
    deployment: Deployment, recorded: Sequence[Recorded], pids: Pids, folder: Path, *, moments: int, decisions: int
) -> tuple[list[Moment], Ledger]:
    luck, ledger, captured = random.Random(SEED), Ledger(), []
    points = sorted(luck.randrange(decisions // 20, decisions * 19 // 20) for _ in range(moments))

    async def act() -> None:
        captured.append(await capture(folder / f"moment-{len(captured)}", pids, recorded, ledger))

    await under_load(deployment, ledger, seed=SEED, customers=CUSTOMERS, decisions=decisions, act=act, at=points)
    return captured, ledger


def test_what_was_synced_at_any_moment_has_all_that_was_acknowledged_and_goes_on(make, tmp_path):
    recorded = Recorded(tmp_path / "home", tmp_path / "changes")
    deployment = make(recorded.folder, under=recording_changes(recorded.changes))
    deployment.start()
    deployment.wait_until_ready()
    moments, final = asyncio.run(
        _captured(deployment, [recorded], lambda: deployment.pids, tmp_path, moments=MOMENTS, decisions=DECISIONS)
    )
    deployment.kill_all()
    taken = [_cut(moment, number) for number, moment in enumerate(moments)]
    assert len(taken) == MOMENTS
    assert sum(taken) > 0, "nothing was ever unsynced: that cannot be"
    with ThreadPoolExecutor(AT_ONCE) as pool:
        found = list(pool.map(lambda moment: _findings_after_going_on(make, moment, final), moments))
    findings = [f"moment {number}: {finding}" for number, of_one in enumerate(found) for finding in of_one]
    assert not findings, "\n".join(findings[:5])
    _is_served_again(make, moments[-1])


def test_what_redis_synced_at_any_moment_has_all_that_was_acknowledged_and_goes_on(make, tmp_path):
    _need("redis-server")
    home = Recorded(tmp_path / "home", tmp_path / "home-changes")
    kept = Recorded(tmp_path / "redis", tmp_path / "redis-changes")
    with one_redis(kept.folder, under=recording_changes(kept.changes)) as server:
        deployment = make(home.folder, journal=server.url, under=recording_changes(home.changes))
        deployment.start()
        deployment.wait_until_ready()

        def pids() -> list[int]:
            return [*deployment.pids, server.pid]

        moments, final = asyncio.run(
            _captured(deployment, [home, kept], pids, tmp_path, moments=REDIS_MOMENTS, decisions=REDIS_DECISIONS)
        )
        deployment.kill_all()
    taken = [moment.cut(random.Random(SEED + number), lost=1.0) for number, moment in enumerate(moments)]
    assert len(taken) == REDIS_MOMENTS
    for moment in moments:
        with one_redis(moment.copies[1]) as server:
            assert not _findings_after_going_on(make, moment, final, server.url)


def test_a_loss_of_power_is_noticed_where_commits_are_not_synced(make, tmp_path):
    """Or the test above would prove nothing."""
    recorded = Recorded(tmp_path / "home", tmp_path / "changes")
    deployment = make(recorded.folder, under=recording_changes(recorded.changes), durability="process")
    deployment.start()
    deployment.wait_until_ready()
    moments, final = asyncio.run(
        _captured(deployment, [recorded], lambda: deployment.pids, tmp_path, moments=1, decisions=DECISIONS // 10)
    )
    deployment.kill_all()
    assert moments[0].cut(random.Random(SEED), lost=1.0) > 0
    findings = _findings_after_going_on(make, moments[0], final)
    assert any("was acknowledged and is not in the journal" in finding for finding in findings)


def _is_served_again(make: Make, moment: Moment) -> None:
    """What was answered before the loss of power is answered again."""
    deployment = make(moment.copies[0])
    deployment.start()
    deployment.wait_until_ready()
    with httpx.Client(base_url=deployment.url) as client:
        for id, claim in list(moment.ledger.claims.items())[-RE_READ:]:
            answer = client.get(f"/v1/decisions/{id}").json()
            assert (answer["content"]["text"], answer["propensity"]) == (claim.text, claim.propensity)
    assert deployment.stop() == 0


def _cut(moment: Moment, number: int) -> int:
    """Every third copy stays as it is; of the others all that was not synced is lost, or about half."""
    return moment.cut(random.Random(SEED + number), (0.0, 1.0, 0.5)[number % 3])


def _findings_after_going_on(make: Make, moment: Moment, final: Ledger, journal: str = "") -> list[Finding]:
    home = moment.copies[0]
    journaled = settled(Settings(home=home, journal=journal))
    return [*audit(moment.in_the_end(final), journaled), *proven(make(home, journal=journal), journaled)]
