"""Whoever is to be forgotten is found in the journal: every session in which they were known, and nobody else's."""

from __future__ import annotations

from engine.known_sessions import known_sessions

DAY_S = 86_400


def test_every_session_since_then_is_found_and_nobody_elses(bot):
    bot.ask(session_id="old", user_id="ada", consent=True)
    bot.clock.advance(DAY_S)
    since_us = bot.clock()
    for session, user in (("s1", "ada"), ("s2", "ben"), ("s3", "ada"), ("s3", "ada")):
        bot.ask(session_id=session, user_id=user, consent=True)
        bot.clock.advance(1)
    assert known_sessions([bot.journal], bot.vault, "ada", since_us) == {"s1", "s3"}
    assert known_sessions([bot.journal, bot.journal], bot.vault, "ada", 0) == {"old", "s1", "s3"}
    assert known_sessions([bot.journal], bot.vault, "ada", bot.clock() + 1) == set()


def test_every_moment_splits_the_journal_where_it_should(bot):
    times = []
    for number in range(12):
        times.append(bot.clock())
        bot.ask(session_id=f"s{number}", user_id="ada", consent=True)
        bot.clock.advance(1)
    for number, time_us in enumerate(times):
        found = known_sessions([bot.journal], bot.vault, "ada", time_us)
        assert found == {f"s{later}" for later in range(number, 12)}


def test_who_did_not_consent_or_was_forgotten_is_not_found(bot):
    bot.ask(session_id="s1", user_id="ada")
    assert known_sessions([bot.journal], bot.vault, "ada", 0) == set()
    bot.ask(session_id="s2", user_id="ben", consent=True)
    bot.keys.forget("user", "ben")
    assert known_sessions([bot.journal], bot.vault, "ben", 0) == set()


def test_an_empty_journal_knows_nobody(bot):
    assert known_sessions([], bot.vault, "ada", 0) == set()
