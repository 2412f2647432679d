"""A real service that other machines can reach: nobody is served without a key, and keys change while it runs."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.client import Ask, Client, Forbidden, Outcome, RateLimited, Unauthorized

ANY_ADDRESS = "0.0.0.0"
NOTICED_SECONDS = 10.0
ASK = {"placement": "greeting", "session_id": "s-1"}


def make_key(deployment: Any, name: str, *options: str) -> str:
    done = deployment.run("keys", "add", name, *options)
    assert done.returncode == 0, done.stderr
    return str(done.stdout.strip())


@pytest.fixture(scope="module")
def reachable(tmp_path_factory: pytest.TempPathFactory, make_deployment: Callable[..., Any]) -> Iterator[Any]:
    """A service on every address, with the first of its keys as ``bot_key``."""
    made = make_deployment(tmp_path_factory.mktemp("reachable") / "home")
    made.bot_key = make_key(made, "bot", "--role", "decide", "--role", "outcome")
    made.start("--host", ANY_ADDRESS)
    yield made
    made.close()


def asked(deployment: Any, key: str | None, **headers: str) -> httpx.Response:
    credential = {} if key is None else {"authorization": f"Bearer {key}"}
    response: httpx.Response = deployment.client.post("/v1/decisions", json=ASK, headers={**credential, **headers})
    return response


def client_of(deployment: Any, key: str | None) -> Client:
    return Client(f"http://127.0.0.1:{deployment.port}", timeout=30.0, api_key=key)


def talk(port: int, *parts: bytes) -> bytes:
    """What comes back first after these parts."""
    with socket.create_connection(("127.0.0.1", port), timeout=30.0) as connection:
        for part in parts:
            connection.sendall(part)
        return connection.recv(65_536)


def test_the_right_key_is_served_by_any_name_and_others_are_refused(reachable):
    assert asked(reachable, reachable.bot_key).status_code == 200
    assert asked(reachable, reachable.bot_key, host="bots.example").status_code == 200
    for key in (None, "wrong", reachable.bot_key + "x"):
        answer = asked(reachable, key)
        assert (answer.status_code, answer.json()["type"]) == (401, "urn:maitred:problem:unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer ")


def test_what_is_public_needs_no_key(reachable):
    assert [reachable.client.get(path).status_code for path in ("/healthz", "/readyz", "/docs")] == [200, 200, 200]


def test_a_key_without_the_role_is_refused(reachable):
    answer = reachable.client.get("/metrics", headers={"authorization": f"Bearer {reachable.bot_key}"})
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:maitred:problem:forbidden")


def test_the_client_is_served_with_its_key_and_says_why_not(reachable):
    with client_of(reachable, reachable.bot_key) as client:
        decision = client.decide(Ask(placement="greeting", session_id="s-2"))
        assert client.report(Outcome(decision_id=decision.decision_id, metric="continued")).accepted == 1
        with pytest.raises(Forbidden):
            client.explain(decision.decision_id)
    with client_of(reachable, None) as client, pytest.raises(Unauthorized):
        client.explain(decision.decision_id)


def test_a_key_with_a_rate_is_held_to_it_and_no_other_is(reachable):
    slow = make_key(reachable, "slow", "--role", "decide", "--rate", "0.001")
    reachable.wait_for(lambda: asked(reachable, slow).status_code == 200, NOTICED_SECONDS)
    answer = asked(reachable, slow)
    assert (answer.status_code, answer.json()["type"]) == (429, "urn:maitred:problem:rate-limited")
    assert 900 < int(answer.headers["retry-after"]) <= 1_000
    with client_of(reachable, slow) as client, pytest.raises(RateLimited) as caught:
        client.decide(Ask(placement="greeting", session_id="s-3"))
    assert caught.value.retry_after_s > 900
    assert asked(reachable, reachable.bot_key).status_code == 200


def test_a_revoked_key_stops_working_while_the_service_runs(reachable):
    key = make_key(reachable, "leaver", "--role", "decide")
    reachable.wait_for(lambda: asked(reachable, key).status_code == 200, NOTICED_SECONDS)
    assert reachable.run("keys", "revoke", "leaver").returncode == 0
    reachable.wait_for(lambda: asked(reachable, key).status_code == 401, NOTICED_SECONDS)


def test_a_caller_is_refused_before_the_body_is_sent(reachable):
    head = b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-length: 200000\r\n\r\n{"
    assert talk(reachable.port, head).startswith(b"HTTP/1.1 401 ")


def test_a_flood_of_wrong_keys_is_refused_without_filling_the_log_or_naming_them(reachable):
    before = len(reachable.log.read_text().splitlines())
    for _ in range(300):
        assert asked(reachable, "maitred_000000000000_hunter2").status_code == 401
    log = reachable.log.read_text()
    assert len(log.splitlines()) - before <= 5
    assert "hunter2" not in log
    assert reachable.bot_key not in log
    assert asked(reachable, reachable.bot_key).status_code == 200


def test_no_secret_is_anywhere_in_the_home(reachable):
    secret = reachable.bot_key.split("_", 2)[2].encode()
    files = [path for path in Path(reachable.home).rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if secret in path.read_bytes()] == []


def test_on_loopback_no_key_is_needed_but_a_wrong_one_is_refused(own_deployment):
    assert asked(own_deployment, None).status_code == 200
    assert asked(own_deployment, "wrong").status_code == 401
    for headers in ({"host": "evil.example"}, {"origin": "https://evil.example"}):
        assert asked(own_deployment, None, **headers).status_code == 403


def test_behind_a_proxy_keys_can_be_required_on_loopback(tmp_path: Path, make_deployment: Callable[..., Any]):
    deployment = make_deployment(tmp_path / "home")
    deployment.environment["MAITRED_REQUIRE_KEYS"] = "true"
    key = make_key(deployment, "proxy", "--role", "decide")
    try:
        deployment.start()
        assert asked(deployment, None).status_code == 401
        assert asked(deployment, key, host="bots.example").status_code == 200
    finally:
        deployment.close()
