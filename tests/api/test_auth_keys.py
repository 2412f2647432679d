"""Keys at rest and in memory: only hashes are kept, damage is never 'no keys', changes are noticed."""

from __future__ import annotations

import asyncio
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from api.auth.key import ApiKey, id_of, mint
from api.auth.key_file import KeyFile
from api.auth.key_ring import POLL_SECONDS, KeyRing
from api.auth.role import Role
from engine.errors import ConfigError

NOW = datetime(2030, 1, 1, tzinfo=UTC)
PATIENCE_SECONDS = 10.0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "api_keys.json"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(path)


def added(file: KeyFile, name: str, *roles: Role, rate: float | None = None) -> str:
    key, text = mint(name, roles or (Role.DECIDE,), rate, NOW)
    file.add(key)
    return text


def test_a_key_knows_its_own_text_and_no_other():
    key, text = mint("bot", (Role.DECIDE,), None, NOW)
    assert key.is_of(text)
    assert id_of(text) == key.id
    assert not any(
        key.is_of(other) for other in ("", text[:-1], text + "x", text.upper(), mint("b", key.roles, None, NOW)[1])
    )


def test_a_key_is_256_random_bits_and_its_text_says_whose_it_is():
    texts = {mint("bot", (Role.DECIDE,), None, NOW)[1] for _ in range(100)}
    secrets = {text.split("_", 2)[2] for text in texts}
    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}  # 256 bits, 6 a character
    assert all(text.startswith("maitred_") for text in texts)


@pytest.mark.parametrize(
    "text", ["", "_", "__", "maitred", "maitred_", "other_0123_secret", "maitred-0123-secret", "é"]
)
def test_what_is_not_built_like_a_key_has_no_id(text: str):
    assert not id_of(text)


def test_roles_are_kept_once_and_in_order():
    key, _ = mint("bot", [Role.READ, Role.DECIDE, Role.READ], 2.5, NOW)
    assert (key.roles, key.rate, key.created_at) == ((Role.DECIDE, Role.READ), 2.5, NOW)


@pytest.mark.parametrize("name", ["", "-bot", "a bot", "a\nb", "a/b", "x" * 65, "bot\n", "é"])
def test_a_name_that_would_confuse_a_terminal_is_refused(name: str):
    with pytest.raises(ConfigError, match="name"):
        mint(name, (Role.DECIDE,), None, NOW)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), 1e7])
def test_a_rate_that_is_none_is_refused(rate: float):
    with pytest.raises(ConfigError, match="rate"):
        mint("bot", (Role.DECIDE,), rate, NOW)


def test_a_key_without_a_role_is_refused():
    with pytest.raises(ConfigError, match="roles"):
        mint("bot", (), None, NOW)


def test_no_file_means_no_keys(file: KeyFile):
    assert (file.read(), file.version()) == ((), None)


def test_what_is_kept_is_what_was_made_without_its_secret(file: KeyFile, path: Path):
    key, text = mint("bot", (Role.DECIDE, Role.OUTCOME), 2.5, NOW)
    file.add(key)
    assert file.read() == (key,)
    assert text.split("_", 2)[2] not in path.read_text()
    assert not any(text in other.read_text() for other in path.parent.iterdir())


def test_only_the_owner_may_read_the_file_whatever_was_left_behind(file: KeyFile, path: Path):
    path.parent.mkdir()
    path.with_suffix(".draft").write_text("left behind")
    path.with_suffix(".draft").chmod(0o666)
    added(file, "bot")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    file.revoke("bot")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_is_given_once_and_again_after_it_was_revoked(file: KeyFile):
    added(file, "bot")
    with pytest.raises(ConfigError, match="'bot'"):
        added(file, "bot")
    assert file.revoke("bot").name == "bot"
    assert file.read() == ()
    added(file, "bot")


def test_revoking_a_key_that_is_not_there_is_an_error_and_changes_nothing(file: KeyFile):
    added(file, "bot")
    before = file.version()
    with pytest.raises(ConfigError, match="'robot'"):
        file.revoke("robot")
    assert file.version() == before


def test_keys_that_are_added_at_once_are_all_kept(file: KeyFile, path: Path):
    names = [f"bot-{number:02d}" for number in range(20)]
    with ThreadPoolExecutor(len(names)) as pool:  # a lock on a file is between openings, in one process or in several
        list(pool.map(lambda name: added(KeyFile(path), name), names))
    assert sorted(key.name for key in file.read()) == names


BAD_CONTENTS = {
    "empty": b"",
    "not JSON": b"{",
    "not UTF-8": b'{"keys": ["\xff"]}',
    "a list": b"[]",
    "of the future": b'{"version": 2, "keys": []}',
    "without keys": b'{"version": 1}',
    "null": b'{"version": 1, "keys": null}',
    "a key without anything": b'{"version": 1, "keys": [{}]}',
}


@pytest.mark.parametrize("content", BAD_CONTENTS.values(), ids=BAD_CONTENTS)
def test_a_damaged_file_is_an_error_and_not_no_keys(file: KeyFile, path: Path, content: bytes):
    path.parent.mkdir()
    path.write_bytes(content)
    for use in (file.read, lambda: added(file, "bot"), lambda: file.revoke("bot"), lambda: KeyRing(file)):
        with pytest.raises(ConfigError, match=r"api_keys\.json"):
            use()
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("field", "value"),
    [("sha256", "00"), ("roles", []), ("roles", ["admin"]), ("rate", 0), ("id", "x"), ("created_at", "then"), ("x", 1)],
)
def test_a_damaged_key_is_an_error(file: KeyFile, path: Path, field: str, value: object):
    added(file, "bot")
    content = json.loads(path.read_text())
    content["keys"][0][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(ConfigError, match=r"api_keys\.json"):
        file.read()


def test_a_folder_in_the_files_place_is_an_error(file: KeyFile, path: Path):
    path.mkdir(parents=True)
    with pytest.raises(ConfigError, match="cannot be read"):
        KeyRing(file)


def test_the_ring_finds_holders_by_the_whole_text(file: KeyFile):
    texts = {name: added(file, name) for name in ("a", "b")}
    ring = KeyRing(file)
    for name, text in texts.items():
        holder = ring.holder(text)
        assert holder is not None
        assert holder.key.name == name
    swapped = f"maitred_{id_of(texts['a'])}_{texts['b'].split('_', 2)[2]}"
    assert [ring.holder(text) for text in ("", "x", swapped, texts["a"] + " ", f"maitred_{'0' * 12}_x")] == [None] * 5


def test_the_ring_takes_up_what_was_added_and_revoked(file: KeyFile):
    ring = KeyRing(file)
    text = added(file, "bot")
    assert ring.holder(text) is None
    ring.refresh()
    assert ring.holder(text) is not None
    file.revoke("bot")
    ring.refresh()
    assert ring.holder(text) is None


def test_another_key_does_not_refill_a_bucket(file: KeyFile):
    text = added(file, "bot", rate=1.0)
    ring = KeyRing(file)
    before = ring.holder(text)
    added(file, "other")
    ring.refresh()
    assert before is not None
    assert ring.holder(text) is before


def test_a_file_that_is_damaged_while_serving_revokes_nothing_and_is_logged_once(file: KeyFile, path: Path):
    text = added(file, "bot")
    ring = KeyRing(file, clock=lambda: 0.0)
    path.write_text("damaged")
    with capture_logs() as logged:
        for _ in range(5):
            ring.refresh()
    assert ring.holder(text) is not None
    assert [entry["event"] for entry in logged] == ["api_keys_unreadable"]


def test_a_file_that_was_mended_while_serving_counts_again(file: KeyFile, path: Path):
    text = added(file, "bot")
    ring = KeyRing(file)
    path.write_text("damaged")
    ring.refresh()
    path.unlink()
    ring.refresh()
    assert ring.holder(text) is None


def test_a_watched_ring_notices_by_itself_and_soon(file: KeyFile):
    async def noticed() -> None:
        ring = KeyRing(file)
        async with ring.watching():
            text = added(file, "bot")
            async with asyncio.timeout(PATIENCE_SECONDS):
                while ring.holder(text) is None:
                    await asyncio.sleep(POLL_SECONDS / 10)

    assert POLL_SECONDS <= 1.0
    asyncio.run(noticed())


def test_a_key_does_not_show_a_secret_when_it_is_printed():
    key, text = mint("bot", (Role.DECIDE,), None, NOW)
    assert isinstance(key, ApiKey)
    assert text.split("_", 2)[2] not in repr(key)
