"""Names of encoded features: valid, never empty, never too long for what learns them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

MAX_NAME_BYTES = 128
MAX_WORDS = 64
NAMES_REMEMBERED = 16_384

_DIGEST_CHARACTERS = 12
_WORD = re.compile(r"\w+")


@lru_cache(NAMES_REMEMBERED)
def safe(name: str) -> str:
    """At most 128 bytes of valid, non-empty text. What is cut off survives as a digest, so that names stay apart."""
    if name.isascii() and 0 < len(name) <= MAX_NAME_BYTES:
        return name
    text = name.encode("utf-8", "replace")
    if 0 < len(text) <= MAX_NAME_BYTES:
        return text.decode()
    digest = hashlib.blake2b(text, digest_size=_DIGEST_CHARACTERS // 2).hexdigest()
    return f"{text[: MAX_NAME_BYTES - _DIGEST_CHARACTERS - 1].decode(errors='ignore')}~{digest}"


def parts_of(text: str) -> Iterator[str]:
    """The words of a text, and each two that follow each other; the empty text is a part of its own."""
    words = [match.group() for _, match in zip(range(MAX_WORDS), _WORD.finditer(text.lower()), strict=False)]
    yield from words or ("",)
    yield from (f"{first} {second}" for first, second in pairwise(words))
