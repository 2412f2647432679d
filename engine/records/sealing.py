"""Sealing: what a record knows about a person, readable only while that person's key exists (AES-256-GCM)."""

from __future__ import annotations

import functools
import os
from typing import Protocol, TypeVar

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.errors import SealError

NONCE_BYTES = 12
CIPHERS = 4_096

PartT = TypeVar("PartT", bound=msgspec.Struct)


class Keys(Protocol):
    """Where keys come from: ``records.keys.KeyTable``."""

    def key(self, ref: str) -> bytes:
        """256 bits. Raises ``SealError`` if the key is lost or destroyed."""
        ...


class Sealer:
    """Seals and opens personal parts. Thread-safe.

    A sealed part is a random 96-bit nonce, the ciphertext and its tag. ``aad`` (the record's id) is authenticated with
    it: a part that is moved to another record does not open.
    """

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._cipher = functools.lru_cache(maxsize=CIPHERS)(AESGCM)

    def seal(self, ref: str, part: msgspec.Struct, aad: bytes) -> bytes:
        """Encrypt a part under the key ``ref``. Raises ``SealError`` if the key is gone."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher(self._keys.key(ref)).encrypt(nonce, msgspec.msgpack.encode(part), aad)

    def open(self, ref: str, sealed: bytes, type: type[PartT], aad: bytes) -> PartT:
        """The part again. Raises ``SealError`` if the key is gone or wrong, or anything was changed."""
        cipher = self._cipher(self._keys.key(ref))
        try:
            plain = cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
            return msgspec.msgpack.decode(plain, type=type)
        except (InvalidTag, ValueError) as error:
            raise SealError(f"sealed part under key {ref!r} does not open") from error
