"""What the name of a feature tells of it."""

from __future__ import annotations

import re

_ID = re.compile(
    r"(^|_)(ids?|uuid|guid|token|cookie|fingerprint)$"
    r"|(customer|client|member|user|order|invoice|account|card|ticket|contract)_(no|nr|num|number)$"
)
_MOMENT = re.compile(r"(_|^)(unix|at|ts|timestamp|epoch|datetime|date)$")
_AHEAD = re.compile(r"(^|_)(next|planned|scheduled|due|expires|expiry|until|deadline|appointment|renewal)(_|$)")
_TEXT = re.compile(r"(^|_)(text|message|comments?|notes?|utterance|prompt|feedback|query|url|referrer|user_agent)$")
_PERSON = re.compile(
    r"(^|_)((first|last|full|given|family|sur|nick)_?name|e?mail|email_address|phone|phone_number|street|address"
    r"|zip|postcode|postal_code|ssn|iban|passport|birthday|birth_?date|dob|ip|ip_address)$"
)
_PROTECTED = re.compile(
    r"(^|_)(age|gender|sex|ethnic|ethnicity|race|religion|religious|health|diagnosis|disability|disabled|union"
    r"|political|party|orientation|pregnant|pregnancy|nationality|marital|married)(_|$)"
)


def names_one(name: str) -> bool:
    """Whether it sounds like an id."""
    return _ID.search(name) is not None


def names_a_moment(name: str) -> bool:
    """Whether it sounds like a point in time."""
    return _MOMENT.search(name) is not None


def may_lie_ahead(name: str) -> bool:
    """Whether it sounds like something that is planned."""
    return _AHEAD.search(name) is not None


def names_a_text(name: str) -> bool:
    """Whether it sounds like what somebody wrote."""
    return _TEXT.search(name) is not None


def names_a_person(name: str) -> bool:
    """Whether it sounds like what tells who somebody is."""
    return _PERSON.search(name) is not None


def names_what_is_protected(name: str) -> bool:
    """Whether it sounds like what people must not be judged by without their consent."""
    return _PROTECTED.search(name) is not None
