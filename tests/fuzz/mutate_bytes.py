"""Mutations of a body's bytes: truncation, damage, encodings, and what is nearly JSON."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from random import Random

Mutation = Callable[[Random, bytes], bytes]
BAD_UTF8 = (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82", b"\x80", b"\xf8\x88\x80\x80\x80")
TOKENS = (
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b"\\",
    b"\\u",
    b"\\ud800",
    b"\\x41",
    b"\0",
    b"\n",
    b"/*",
    b"//",
    b"'",
)
PREFIXES = (b"\xef\xbb\xbf", b"\xff\xfe", b" " * 70_000, b"\x1e", b")]}',\n", b"\0")
SUFFIXES = (b"{}", b",", b"\0", b"\n" * 70_000, b"null", b"]", b"\xff")
ENCODINGS = ("utf-16", "utf-16-be", "utf-32", "utf-7", "cp037")


def mutate_bytes(random: Random, body: bytes) -> tuple[bytes, str]:
    """The body with one thing changed, and what."""
    mutation = random.choice(MUTATIONS)
    return mutation(random, body), mutation.__name__.lstrip("_")


def _truncated(random: Random, body: bytes) -> bytes:
    return body[: random.randint(0, len(body))]


def _bit_flipped(random: Random, body: bytes) -> bytes:
    changed = bytearray(body or b"0")
    for _ in range(random.randint(1, 4)):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _inserted(random: Random, body: bytes) -> bytes:
    at = random.randint(0, len(body))
    return body[:at] + random.choice(TOKENS) + body[at:]


def _not_utf8(random: Random, body: bytes) -> bytes:
    at = random.randint(0, len(body))
    return body[:at] + random.choice(BAD_UTF8) + body[at:]


def _cut_out(random: Random, body: bytes) -> bytes:
    start, end = sorted((random.randint(0, len(body)), random.randint(0, len(body))))
    return body[:start] + body[end:]


def _doubled(random: Random, body: bytes) -> bytes:
    start, end = sorted((random.randint(0, len(body)), random.randint(0, len(body))))
    return body[:end] + body[start:]


def _noise(random: Random, body: bytes) -> bytes:
    return random.randbytes(random.choice((1, 16, 1_000, 50_000)))


def _prefixed(random: Random, body: bytes) -> bytes:
    return random.choice(PREFIXES) + body


def _suffixed(random: Random, body: bytes) -> bytes:
    return body + random.choice(SUFFIXES)


def _recoded(random: Random, body: bytes) -> bytes:
    return body.decode(errors="replace").encode(random.choice(ENCODINGS), "replace")


def _compressed(random: Random, body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def _emptied(random: Random, body: bytes) -> bytes:
    return b""


MUTATIONS: tuple[Mutation, ...] = (
    _truncated,
    _bit_flipped,
    _inserted,
    _not_utf8,
    _cut_out,
    _doubled,
    _noise,
    _prefixed,
    _suffixed,
    _recoded,
    _compressed,
    _emptied,
)
