"""The guard: who gets in, on loopback and elsewhere, and what the others are told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi import Request
from starlette.exceptions import HTTPException
from structlog.testing import capture_logs

from api.auth.guard import Guard
from api.auth.key import mint
from api.auth.key_file import KeyFile
from api.auth.key_ring import KeyRing
from api.auth.loopback import is_loopback
from api.auth.quiet_log import EVERY_SECONDS
from api.auth.refusals import FromElsewhere, RateExceeded, RoleMissing, Unauthorized
from api.auth.role import Role

HERE = {"host": "127.0.0.1:8765"}


@dataclass(slots=True)
class Gate:
    """A guard over keys of the test's own, on a clock that the test sets."""

    file: KeyFile
    now: float = 0.0
    keys_required: bool = True
    guard: Guard = field(init=False)

    def key(self, *roles: Role, rate: float | None = None) -> str:
        key, text = mint(f"key-{len(self.file.read())}", roles, rate, datetime(2030, 1, 1, tzinfo=UTC))
        self.file.add(key)
        return text

    def open(self) -> Gate:
        self.guard = Guard(KeyRing(self.file), keys_required=self.keys_required, clock=lambda: self.now)
        return self

    def admit(self, role: Role, **headers: str) -> None:
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        self.guard.admit(Request({"type": "http", "headers": raw, "client": ("192.0.2.1", 1)}), role)


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(KeyFile(tmp_path / "api_keys.json"))


@pytest.fixture
def loopback(gate: Gate) -> Gate:
    gate.keys_required = False
    return gate.open()


def refused(kind: type[HTTPException], act: Callable[[], None]) -> HTTPException:
    with pytest.raises(kind) as caught:
        act()
    return caught.value


@pytest.mark.parametrize("role", Role)
def test_a_key_opens_what_its_roles_say_and_nothing_else(gate: Gate, role: Role):
    text = gate.key(role)
    gate.open()
    gate.admit(role, authorization=f"Bearer {text}")
    for other in set(Role) - {role}:
        error = refused(RoleMissing, lambda other=other: gate.admit(other, authorization=f"Bearer {text}"))
        assert error.status_code == 403
        assert f'scope="{other}"' in (error.headers or {})["www-authenticate"]


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER", "Bearer "])
def test_the_schemes_case_and_blanks_do_not_matter(gate: Gate, scheme: str):
    text = gate.key(Role.READ)
    gate.open().admit(Role.READ, authorization=f"{scheme} {text}", host="anything.example")


def test_without_a_key_there_is_only_a_challenge(gate: Gate):
    gate.key(Role.READ)
    gate.open()
    error = refused(Unauthorized, lambda: gate.admit(Role.READ, **HERE))
    assert (error.status_code, error.headers) == (401, {"www-authenticate": 'Bearer realm="maitred"'})


@pytest.mark.parametrize("keys_required", [True, False])
@pytest.mark.parametrize(
    "presented",
    ["", "Bearer", "Bearer ", "Bearer x", "Basic dTpw", "{key}", "Basic {key}", "Bearer {key}x", "Bearer é"],
)
def test_a_wrong_key_is_wrong_on_loopback_too(gate: Gate, keys_required: bool, presented: str):
    text = gate.key(*Role)
    gate.keys_required = keys_required
    gate.open()
    authorization = presented.format(key=text)
    error = refused(Unauthorized, lambda: gate.admit(Role.READ, authorization=authorization, **HERE))
    assert 'error="invalid_token"' in (error.headers or {})["www-authenticate"]
    assert text not in str(error.detail)


def test_a_revoked_key_is_wrong(gate: Gate):
    text = gate.key(Role.READ)
    gate.open()
    gate.file.revoke("key-0")
    gate.guard.ring.refresh()
    refused(Unauthorized, lambda: gate.admit(Role.READ, authorization=f"Bearer {text}"))


def test_a_key_has_its_own_rate_and_whoever_exceeds_it_is_told_when_to_ask_again(gate: Gate):
    slow, fast = gate.key(Role.READ, rate=0.25), gate.key(Role.READ)
    gate.open()
    gate.admit(Role.READ, authorization=f"Bearer {slow}")
    error = refused(RateExceeded, lambda: gate.admit(Role.READ, authorization=f"Bearer {slow}"))
    assert (error.status_code, error.headers) == (429, {"retry-after": "4"})
    for _ in range(100):
        gate.admit(Role.READ, authorization=f"Bearer {fast}")
    gate.now = 4.0
    gate.admit(Role.READ, authorization=f"Bearer {slow}")


def test_asking_for_what_a_key_may_not_is_counted_against_its_rate(gate: Gate):
    text = gate.key(Role.READ, rate=1.0)
    gate.open()
    refused(RoleMissing, lambda: gate.admit(Role.OPERATE, authorization=f"Bearer {text}"))
    refused(RateExceeded, lambda: gate.admit(Role.READ, authorization=f"Bearer {text}"))


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost:8765", "127.0.0.1", "127.0.0.1:8765", "127.1.2.3:1", "[::1]", "[::1]:8765"]
)
def test_on_loopback_programs_of_this_machine_need_no_key(loopback: Gate, host: str):
    for role in Role:
        loopback.admit(role, host=host)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8765",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil.example#localhost",
        "localhost@evil.example",
        "[::1].evil.example",
        "[::1",
        "192.168.1.7:8765",
        "0.0.0.0",
        "[::]",
        "",
        "é",
    ],
)
def test_a_name_that_was_rebound_to_this_machine_is_refused_without_a_key(loopback: Gate, host: str):
    error = refused(FromElsewhere, lambda: loopback.admit(Role.READ, host=host))
    assert error.status_code == 403


def test_a_request_without_a_host_is_refused_without_a_key(loopback: Gate):
    refused(FromElsewhere, lambda: loopback.admit(Role.READ))


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:3000",
        "http://localhost:8765",
        "file://",
    ],
)
def test_another_sites_page_is_refused_without_a_key(loopback: Gate, origin: str):
    error = refused(FromElsewhere, lambda: loopback.admit(Role.DECIDE, origin=origin, **HERE))
    assert error.status_code == 403


def test_the_services_own_page_may_call(loopback: Gate):
    loopback.admit(Role.DECIDE, origin="http://127.0.0.1:8765", **HERE)


def test_with_a_good_key_it_does_not_matter_by_which_name_the_service_was_called(gate: Gate):
    text = gate.key(Role.READ)
    gate.keys_required = False
    gate.open().admit(Role.READ, authorization=f"Bearer {text}", host="bots.example", origin="https://bots.example")


def test_refused_callers_cannot_fill_the_log_and_are_counted(gate: Gate):
    gate.open()
    with capture_logs() as logged:
        for _ in range(1_000):
            refused(Unauthorized, lambda: gate.admit(Role.READ, authorization="Bearer hunter2"))
        gate.now = EVERY_SECONDS
        refused(Unauthorized, lambda: gate.admit(Role.READ))
    assert [(entry["event"], entry["count"]) for entry in logged] == [
        ("callers_refused", 1),
        ("callers_refused", 1_000),
    ]
    assert logged[0]["last"] == "192.0.2.1"
    assert "hunter2" not in str(logged)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.0.0.2", "::1"])
def test_loopback_is_this_machine(host: str):
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org", "localhost.example.org", "127.1", "fe80::1"]
)
def test_everything_else_is_not_loopback(host: str):
    assert not is_loopback(host)
