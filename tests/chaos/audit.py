"""Is what was acknowledged in the journal, once, and nothing else? Was each decision settled once?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from api.client.messages import Outcome
from tests.chaos.journaled import Chosen, Journaled, Reported
from tests.chaos.ledger import Claim, Ledger, OutcomeKey
from tests.chaos.oracle import wrong_rewards

Finding = str


def audit(ledger: Ledger, journaled: Journaled) -> list[Finding]:
    """Everything that is not as it must be; empty if all is well."""
    checks: tuple[Callable[[Ledger, Journaled], Iterable[Finding]], ...] = (
        _faults,
        _decisions,
        _outcomes,
        _displays,
        _strangers,
        _settlements,
    )
    return [finding for check in checks for finding in check(ledger, journaled)]


def _faults(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    yield from ledger.faults
    yield from journaled.disorder


def _decisions(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    for id, claim in ledger.claims.items():
        found = journaled.decisions.get(id, [])
        if not found:
            yield f"decision {id} was acknowledged and is not in the journal"
        elif not bears_out(found[0], claim):
            yield f"decision {id} was answered with {claim}, the journal has {found[0]}"
    for id in ledger.provisional.keys() - journaled.decisions.keys():
        yield f"decision {id} was acknowledged while the journal was out of reach, and never came into it"
    for id, found in journaled.decisions.items():
        if len(found) > 1:
            yield f"decision {id} is in the journal {len(found)} times"


def _outcomes(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    for key in ledger.acknowledged:
        if not _where_its_decision_is(key, journaled):
            yield f"outcome {key} was acknowledged and is not in the journal, where its decision is"
    for key, found in journaled.outcomes.items():
        if len({each.shard for each in found}) < len(found):
            yield f"outcome {key} is in the journal more than once: {found}"
        sent = ledger.reported.get(key)
        if sent is not None and any(_differs(each, sent) for each in found):
            yield f"outcome {key} was sent as {sent}, the journal has {found}"


def _where_its_decision_is(key: OutcomeKey, journaled: Journaled) -> list[Reported]:
    """An outcome that came before its decision waits in every shard, as nobody knows yet where the decision will be."""
    decisions = journaled.decisions.get(key.decision_id)
    found = journaled.outcomes.get(key, [])
    return [each for each in found if decisions is None or each.shard == decisions[0].shard]


def _displays(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    for id, acknowledged in ledger.shown.items():
        if acknowledged and id not in journaled.shown:
            yield f"the display of {id} was acknowledged and is not in the journal"
    for id, shards in journaled.shown.items():
        if len(set(shards)) < len(shards):
            yield f"the display of {id} is in the journal more than once"


def _strangers(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    for id in journaled.decisions.keys() - ledger.asked:
        yield f"decision {id} is in the journal, and nobody asked for it"
    for key in journaled.outcomes.keys() - ledger.reported.keys():
        yield f"outcome {key} is in the journal, and nobody sent it"
    for id in journaled.shown.keys() - ledger.shown.keys():
        yield f"the display of {id} is in the journal, and nobody reported it"


def _settlements(ledger: Ledger, journaled: Journaled) -> Iterator[Finding]:
    for id in journaled.decisions.keys() - journaled.settled.keys():
        yield f"decision {id} was never settled"
    for settled in (journaled.settled, journaled.settled_early):
        for id, records in settled.items():
            if len(records) > 1:
                yield f"decision {id} was settled {len(records)} times"
            if id not in journaled.decisions:
                yield f"decision {id} was settled, and is not in the journal"
    yield from wrong_rewards(journaled)
    if journaled.published != journaled.last_learned:
        yield f"published up to {journaled.published}, settled up to {journaled.last_learned}"


def bears_out(chosen: Chosen, claim: Claim) -> bool:
    """Whether the journal has what was answered."""
    return (chosen.placement, chosen.action, chosen.propensity, chosen.policy, chosen.model_version, chosen.group) == (
        claim.placement,
        claim.action,
        claim.propensity,
        claim.policy,
        claim.model_version,
        claim.group,
    )


def _differs(reported: Reported, sent: Outcome) -> bool:
    return (reported.metric, reported.value, reported.corrects) != (sent.metric, sent.value, sent.corrects)
