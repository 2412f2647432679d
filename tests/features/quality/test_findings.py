"""When findings are told, in which order, and when nothing can be said."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from features.lint.finding import MEANING, Code, found, ordered
from features.lint.whole import lint
from tests.features.quality.conftest import Shop, feature, of_person


def test_errors_come_first_and_nothing_twice() -> None:
    warning, error = found("drift", "a.x", {"psi": 1}, "look"), found("id", "b.y", {}, "hide")
    assert ordered([warning, error, found("drift", "a.x", {"psi": 2}, "look")]) == (error, warning)


def test_what_is_said_better_by_another_code_is_not_said() -> None:
    both = [found("near-unique", "a.x", {}, ""), found("id", "a.x", {}, ""), found("near-unique", "a.y", {}, "")]
    assert [(each.code, each.feature) for each in ordered(both)] == [("id", "a.x"), ("near-unique", "a.y")]


def test_what_somebody_allows_is_left_out_by_code_or_for_one_feature() -> None:
    findings = [found("drift", "a.x", {}, ""), found("drift", "a.y", {}, ""), found("id", "a.x", {}, "")]

    def left(*allowed: str) -> list[tuple[str, str]]:
        return [(each.code, each.feature) for each in ordered(findings, allowed)]

    assert left("drift") == [("id", "a.x")]
    assert left("drift:a.x") == [("id", "a.x"), ("drift", "a.y")]
    assert left("drift:a.x", "id:a.y") == [("id", "a.x"), ("drift", "a.y")]


def test_every_code_has_a_meaning_and_some_are_errors() -> None:
    assert set(MEANING) == set(get_args(Code))
    assert found("id", "a", {}, "").severity == "error"
    assert found("drift", "a", {}, "").severity == "warning"


def test_of_few_decisions_nothing_is_said(shop: Shop) -> None:
    wrong = shop.having("crm", feature("country"), country=lambda n, p, rng: "DE")
    plan, decisions = wrong.plan(), wrong.decisions()
    assert lint(plan, wrong.uses, decisions[:150]) == ()
    assert [finding.code for finding in lint(plan, wrong.uses, decisions[:400])] == ["constant"]


def test_of_few_people_nothing_is_said(shop: Shop) -> None:
    wrong = shop.having("crm", feature("country"), country=lambda n, p, rng: "DE")
    few = [decision for decision in wrong.decisions(20_000) if int(decision.unit.removeprefix("unit-")) < 20]
    assert len(few) > 1_000
    assert lint(wrong.plan(), wrong.uses, few) == ()


def test_what_policies_do_not_see_may_be_an_id_or_a_moment(shop: Shop) -> None:
    hidden = shop.having(
        "crm",
        feature("customer_id", learn=False),
        feature("email", render_only=True, sensitivity="personal"),
        feature("created_at", "int", learn=False),
        customer_id=lambda n, p, rng: f"{p:09d}",
        email=lambda n, p, rng: f"p{p}@example.net",
        created_at=lambda n, p, rng: 1_700_000_000 + p,
    )
    assert hidden.findings() == ()


def test_what_no_service_reads_may_be_anything(shop: Shop) -> None:
    unread = shop.having("crm", feature("country"), country=lambda n, p, rng: "DE")
    assert [f.code for f in unread.findings()] == ["constant"]
    read = [name for name in unread.plan().names("offer") if name != "crm.country"]
    assert replace(unread, services={"offer": read}).findings() == ()


def test_a_row_of_somebody_who_did_not_agree_is_not_missing(shop: Shop) -> None:
    decisions = [
        replace(
            decision, keys=("session_id",), freshness={**decision.freshness, "crm": "missing", "activity": "missing"}
        )
        for decision in shop.decisions()
    ]
    assert lint(shop.plan(), shop.uses, decisions) == ()


def test_a_store_that_was_down_is_no_fault_of_the_features(shop: Shop) -> None:
    decisions = [replace(d, freshness={**d.freshness, "crm": "error", "activity": "error"}) for d in shop.decisions()]
    assert lint(shop.plan(), shop.uses, decisions) == ()


def test_a_moment_that_lies_ahead_by_its_name_is_no_leakage(shop: Shop) -> None:
    planned = shop.having(
        "crm", feature("next_visit_unix", "int", learn=False), next_visit_unix=lambda n, p, rng: 1_780_600_000 + p
    )
    assert planned.findings() == ()


def test_examples_are_told_only_of_what_is_not_about_persons(shop: Shop) -> None:
    open_, closed = feature("tier", vocabulary=("",)), feature("tier", vocabulary=("",), sensitivity="personal")
    for declared, told in ((open_, "purple"), (closed, "")):
        wrong = shop.having("crm", declared, tier=of_person("", "purple"))
        [finding] = [each for each in wrong.findings() if each.code == "unseen-value"]
        assert finding.evidence.get("values", "") == told
