"""The key ring: the usable keys, in memory, as the file has them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from api.auth.bucket import Bucket, MakeBucket, own_bucket
from api.auth.key import ApiKey, id_of
from api.auth.key_file import KeyFile
from api.auth.quiet_log import QuietLog
from engine.errors import ConfigError

POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever presents a key, and what is left of how often they may call."""

    key: ApiKey
    bucket: Bucket | None


class KeyRing:
    """Finds holders by the text they present. Raises ``ConfigError`` when made from a file that cannot be used."""

    def __init__(
        self, file: KeyFile, clock: Callable[[], float] = time.monotonic, bucket: MakeBucket = own_bucket
    ) -> None:
        self._file = file
        self._clock = clock
        self._bucket = bucket
        self._unreadable = QuietLog("api_keys_unreadable")
        self._version = file.version()
        self._holders = {key.id: Holder(key, bucket(key)) for key in file.read()}

    def holder(self, text: str) -> Holder | None:
        """Who presents this text; ``None`` if it is no key, or none any more."""
        holder = self._holders.get(id_of(text) or "")
        return holder if holder is not None and holder.key.is_of(text) else None

    def refresh(self) -> None:
        """Take up what changed in the file. While it cannot be used, the keys it last had stay good."""
        try:
            version = self._file.version()
            if version != self._version:
                self._take(self._file.read())
                self._version = version
        except ConfigError as error:
            self._unreadable.warn(self._clock(), error=str(error))

    @contextlib.asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        """Look at the file now and then, so that no request has to."""
        watch = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            self.refresh()

    def _take(self, keys: tuple[ApiKey, ...]) -> None:
        """A key that is as it was keeps its bucket: adding another must not refill it."""
        known = {holder.key: holder for holder in self._holders.values()}
        self._holders = {key.id: known.get(key) or Holder(key, self._bucket(key)) for key in keys}
