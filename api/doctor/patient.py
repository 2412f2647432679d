"""The deployment under examination: what several checks look at, read once, without changing it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import msgspec

from api.doctor.disk_space import SpaceAt, space_at
from api.doctor.glance import Glance
from api.doctor.heartbeat import Heartbeat, learner_lives, read_heartbeat
from api.doctor.redis_glance import RedisGlance
from api.doctor.scrape import Samples, Service
from api.settings import Settings
from engine import config_file
from engine.config import Config
from engine.encode import EncoderSpec
from engine.errors import ConfigError
from engine.journal.open import REDIS
from engine.snapshots import SnapshotStore
from features import plan as plans
from features.clock import Clock, wall_clock
from features.errors import PlanError
from features.plan import Plan


@dataclass(frozen=True)
class Patient:
    """A part that cannot be read is ``None`` here: the check whose part it is says why.

    Args:
        ask: asks the running service, if there is one.
        clock, space_at: the machine's.
    """

    settings: Settings
    ask: Callable[[], Service]
    clock: Clock = wall_clock
    space_at: SpaceAt = space_at

    @cached_property
    def config(self) -> Config | None:
        """The bot's configuration."""
        with suppress(ConfigError):
            return config_file.load(self.settings.config)
        return None

    @cached_property
    def plan(self) -> Plan | None:
        """The compiled feature plan."""
        with suppress(PlanError, UnicodeDecodeError):
            return plans.load(self.settings.plan_path)
        return None

    @cached_property
    def encoder_version(self) -> str | None:
        """Of the encoder that serving would use now."""
        plan = self.plan
        return None if plan is None else EncoderSpec(ranges=plan.ranges, texts=plan.texts).version

    @cached_property
    def heartbeat(self) -> Heartbeat | None:
        """The learner's last sign of life."""
        with suppress(OSError, msgspec.DecodeError):
            return read_heartbeat(self.settings.home)
        return None

    @cached_property
    def learner_lives(self) -> bool:
        """Whether a learner holds the home's lock."""
        with suppress(OSError):
            return learner_lives(self.settings.home)
        return False

    @cached_property
    def service(self) -> Service:
        """Whatever answers at the URL."""
        return self.ask()

    @cached_property
    def samples(self) -> Samples | None:
        """The metrics of this home's running service."""
        return self.service.samples if self.service.serves(self.settings.home) else None

    @property
    def journal(self) -> Glance | RedisGlance:
        """The journal, where it ends."""
        url = self.settings.journal_url
        return RedisGlance(url, self.settings.durability) if url.startswith(REDIS) else Glance(url)

    @property
    def snapshots(self) -> SnapshotStore:
        """The published models."""
        return SnapshotStore(self.settings.snapshots_path)
