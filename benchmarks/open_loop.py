"""An open-loop load: requests leave on schedule whether or not earlier ones were answered, as users do."""

from __future__ import annotations

import asyncio
import random
import time

CONNECTIONS = 64
HEAD = b"POST /v1/decisions HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n"


async def latencies_ms(port: int, bodies: list[bytes], rate: float, seconds: float, seed: int = 1) -> list[float]:
    """Milliseconds from each request's scheduled time to the end of its answer; Poisson arrivals at ``rate``/s."""
    idle: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        idle.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    random_, found, tasks = random.Random(seed), [], []
    start = time.perf_counter()
    due = start

    async def one(body: bytes, scheduled: float) -> None:
        connection = await idle.get()
        await _exchange(*connection, body)
        idle.put_nowait(connection)
        found.append((time.perf_counter() - scheduled) * 1e3)

    number = 0
    while due < start + seconds:
        due += random_.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(bodies[number % len(bodies)], due)))
        number += 1
    await asyncio.gather(*tasks)
    while not idle.empty():
        idle.get_nowait()[1].close()
    return found


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> None:
    writer.write(HEAD % len(body) + body)
    answer = await reader.readuntil(b"\r\n\r\n")
    if not answer.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode())
    length = next(line for line in answer.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.partition(b":")[2]))
