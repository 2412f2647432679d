"""No personal data without consent: no user row is read, no user key is made, the unit is the session's."""

from __future__ import annotations

import asyncio
import sqlite3

import pytest

from engine.config import PrivacySpec
from engine.feedback import SessionEvent
from engine.privacy import gate, identify
from engine.records.schema import EventRecord, PersonalEvent
from engine.traffic import unit_of
from engine.types import DecisionRequest

REQUIRED, ASSUMED = PrivacySpec(consent="required"), PrivacySpec(consent="assumed")
ASKED = {"user_id": "ada", "session_id": "s"}


def keys_on_disk(bot) -> int:
    bot.keys.flush()
    with sqlite3.connect(bot.folder / "keys.db") as table:
        (count,) = table.execute("SELECT count(*) FROM keys").fetchone()
    table.close()
    return count


@pytest.mark.parametrize(
    ("said", "privacy", "allowed"),
    [
        (True, REQUIRED, True),
        (None, REQUIRED, False),
        (False, REQUIRED, False),
        (True, ASSUMED, True),
        (None, ASSUMED, True),
        (False, ASSUMED, False),
    ],
)
def test_what_the_request_says_outranks_what_is_assumed(bot, said, privacy, allowed):
    assert gate(said, privacy) is allowed
    person = identify(DecisionRequest("greeting", **ASKED, consent=said), privacy, bot.vault)
    assert person.consent is allowed
    assert person.entity_keys == ({"session_id": "s", "user_id": "ada"} if allowed else {"session_id": "s"})
    kind, id = ("user", "ada") if allowed else ("session", "s")
    assert person.unit == unit_of(bot.vault.salts.group, kind, id)
    assert person.key_ref == bot.keys.ref_for(kind, id)


@pytest.mark.parametrize("consent", [None, False])
def test_without_consent_a_decision_knows_nothing_of_the_user(bot, consent):
    bot.profile("ada", first_name="Ada", tier="gold")
    decision = bot.ask(**ASKED, consent=consent)
    (record,) = bot.records()
    personal = bot.personal(record)
    assert bot.store.asked == [{"session_id": "s"}]
    assert keys_on_disk(bot) == 1, "the session's, and no other"
    assert record.unit == unit_of(bot.vault.salts.group, "session", "s")
    assert personal.user_id is None
    assert personal.features["user_profile.tier"] == "new"
    assert personal.freshness["user_profile"] == "missing"
    assert "ada" not in repr(personal)
    assert "Ada" not in decision.content["text"]
    assert "gold" in record.filtered


def test_with_consent_the_user_is_known_by_row_key_and_unit(bot):
    bot.profile("ada", first_name="Ada", tier="gold")
    bot.ask(**ASKED, consent=True)
    (record,) = bot.records()
    assert bot.store.asked == [{"session_id": "s", "user_id": "ada"}]
    assert record.unit == unit_of(bot.vault.salts.group, "user", "ada")
    assert bot.personal(record).user_id == "ada"
    assert "gold" in record.candidates


def test_the_group_follows_the_user_over_sessions_only_with_consent(bot):
    units = [bot.ask(user_id="ada", session_id=f"s{n}", consent=n < 2) and bot.records()[-1].unit for n in range(4)]
    assert units[0] == units[1]
    assert len(set(units)) == 3


def test_what_only_templates_may_see_reaches_neither_encoder_nor_clear_journal(bot):
    bot.profile("ada", first_name="Zacharias")
    bot.ask(**ASKED, consent=True)
    (record,) = bot.records()
    personal = bot.personal(record)
    assert personal.render_only["user_profile.first_name"] == "Zacharias"
    assert not any("first_name" in name for name in personal.features)
    assert not any("Zacharias" in name for name in bot.encoder.shared(personal.features, personal.freshness))
    assert "Zacharias" not in repr(record)
    assert "ada" not in repr(record)


@pytest.mark.parametrize(("consent", "user_id"), [(True, "ada"), (False, None), (None, None)])
def test_events_are_sealed_for_the_user_only_with_consent(bot, consent, user_id):
    happened = [SessionEvent("clicked", {"page": "shoes"})]
    asyncio.run(bot.feedback.events("s", happened, user_id="ada", consent=consent))
    (record,) = bot.records(EventRecord)
    personal = bot.sealer.open(record.key_ref, record.sealed, PersonalEvent, record.id.encode())
    assert (personal.user_id, personal.session_id, personal.name) == (user_id, "s", "clicked")
    assert record.key_ref == bot.keys.ref_for(*(("user", "ada") if user_id else ("session", "s")))
    assert keys_on_disk(bot) == 1
    assert "shoes" not in repr(record)


@pytest.mark.parametrize(("consent", "known"), [(("personalisation",), True), (("profiling",), False), ((), False)])
def test_consent_to_purposes_is_consent_where_personalisation_is_among_them(bot, consent, known):
    bot.profile("ada", tier="gold")
    bot.ask(**ASKED, consent=consent)
    (record,) = bot.records()
    assert ("gold" in record.candidates) is known
    assert (bot.personal(record).user_id == "ada") is known
