"""The HTTP application."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable
from importlib.metadata import version

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api import openapi, problems
from api.auth.bucket import MakeBucket, own_bucket
from api.auth.guard import Guard
from api.auth.key_file import KeyFile
from api.auth.key_ring import KeyRing
from api.doctor.clock_watch import ClockWatch
from api.routes import decisions, health, outcomes, quarantine, sessions, turns
from api.service import Service
from api.settings import Settings
from features.clock import wall_clock

MODEL_POLL_SECONDS = 0.2


def create_app(settings: Settings, build: Callable[[Settings], Service], bucket: MakeBucket = own_bucket) -> FastAPI:
    """The application; ``build`` runs when it starts, so that importing costs nothing.

    ``bucket`` makes what remembers how often the holder of a key called.
    """

    ring = KeyRing(KeyFile(settings.api_keys_path), bucket=bucket)
    guard = Guard(ring, keys_required=settings.require_keys)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service = build(settings)
        app.state.service = service
        async with running(service), ring.watching():
            yield

    app = FastAPIOffline(
        title="maitred",
        version=version("maitred"),
        description="Which content should a bot show now? Ask, report what came of it, and the answers get better.",
        lifespan=lifespan,
        redirect_slashes=False,
    )
    app.state.settings = settings
    app.state.guard = guard
    for routes in (decisions, turns, outcomes, sessions, quarantine, health):
        app.include_router(routes.router)
    problems.install(app)
    openapi.install(app)
    return app


@contextlib.asynccontextmanager
async def running(service: Service) -> AsyncIterator[None]:
    """Start the service's background work, warm it up, and end it in order: nothing acknowledged is left behind."""
    service.commits.start()
    service.quarantine.start()
    service.models.refresh()
    for placement in service.decider.placements.values():
        placement.warm_up(wall_clock())
    watch = asyncio.create_task(_watch(service))
    # What is alive now lives for good. The collector would walk it again and again, for 70 ms, while bots wait.
    gc.collect()
    gc.freeze()
    service.vitals.take_models(service.metrics)
    service.ready = True
    try:
        yield
    finally:
        gc.unfreeze()
        service.ready = False
        watch.cancel()
        await service.commits.close()
        service.lookup.close()
        await asyncio.to_thread(service.quarantine.close)
        await service.features.close()
        service.journal.close()


async def _watch(service: Service) -> None:
    clock = ClockWatch()
    while True:
        if clock.observe() and service.first:
            service.metrics.clock_jumps.inc()
        for placement in await asyncio.to_thread(service.models.refresh):
            service.metrics.swaps.labels(placement).inc()
        service.vitals.take_models(service.metrics)
        await asyncio.sleep(MODEL_POLL_SECONDS)
