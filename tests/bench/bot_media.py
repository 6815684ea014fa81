"""Listening calls held by one process, each frame through the voice activity gate: CPU and memory per call.

The load is a second process: websocket clients that speak Asterisk's side of the wire, no Asterisk. What is
measured is our side alone.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import webrtcvad
from aiohttp import ClientSession, TCPConnector, encode_basic_auth

from ivr_bot.media import ulaw as g711
from ivr_bot.media.ports import FRAME_BYTES, FRAME_MS, CallMedia, Heard, HungUp
from ivr_bot.media.settings import MediaSettings
from ivr_bot.media.websocket import PATH, PROTOCOL, USER, WebsocketMedia
from tests.bench.rows import Row, at_most, figure
from tests.bench.site import Say

CALLS = 500
_SECONDS, _WARM_UP = 20.0, 5.0
_SECRET, _RATE = "bench", 8000


class _Gate:
    """The bot that only listens: every frame of every call through webrtcvad."""

    def __init__(self) -> None:
        self.frames = self.speech = self.longest_wait = 0

    async def serve(self, media: CallMedia) -> None:
        vad = webrtcvad.Vad(2)
        while True:
            events = await media.events()
            self.longest_wait = max(self.longest_wait, len(events))
            for event in events:
                if isinstance(event, Heard):
                    self.frames += 1
                    self.speech += vad.is_speech(g711.decode(event.ulaw).tobytes(), _RATE)
                elif isinstance(event, HungUp):
                    return


async def measure(_folder: Path, say: Say) -> list[Row]:
    """Hold the calls, then tell what each costs."""
    say(f"bot media: {CALLS} calls that listen, {_SECONDS:.0f} s")
    gate, us = _Gate(), psutil.Process()
    port = _free_port()
    server = asyncio.create_task(WebsocketMedia(MediaSettings("127.0.0.1", port, 0, _SECRET), gate.serve).run())
    before = us.memory_info().rss
    load = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.bot_media", str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert load.stdout is not None
        async with asyncio.timeout(60):
            await load.stdout.readline()  # all calls are up
        await asyncio.sleep(_WARM_UP)
        frames, cpu, began = gate.frames, sum(us.cpu_times()[:2]), time.monotonic()
        await asyncio.sleep(_SECONDS)
        seconds = time.monotonic() - began
        share = (sum(us.cpu_times()[:2]) - cpu) / seconds
        rate, memory = (gate.frames - frames) / seconds, us.memory_info().rss - before
    finally:
        load.kill()
        await load.wait()
        server.cancel()
        await asyncio.gather(server, return_exceptions=True)
    wanted = CALLS * 1000 / FRAME_MS
    return [
        at_most(f"bot media, {CALLS} listening calls, of a core", share * 100, "%", 100),
        figure("bot media, CPU a call", share / CALLS * 100, "% of a core"),
        figure("bot media, memory a call", memory / CALLS / 1024, "kB"),
        figure("bot media, frames handled of frames due", rate / wanted * 100, "%"),
        figure("bot media, longest a frame waited for its reader", gate.longest_wait * FRAME_MS, "ms"),
    ]


def _free_port() -> int:
    import socket

    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        port: int = tried.getsockname()[1]
        return port


async def _load(port: int) -> None:
    """Asterisk's side of `CALLS` calls: MEDIA_START, then a frame each 20 ms, the calls spread over the 20 ms."""
    noise = np.random.default_rng(1).normal(0, 1000, 50 * FRAME_BYTES).astype(np.int16)
    frames = [g711.encode(piece) for piece in noise.reshape(50, FRAME_BYTES)]
    headers = {"Authorization": encode_basic_auth(USER, _SECRET)}
    async with ClientSession(connector=TCPConnector(limit=0)) as session:
        sockets = []
        for number in range(CALLS):
            url = f"http://127.0.0.1:{port}{PATH}?call=bench-{number}"
            sockets.append(await session.ws_connect(url, headers=headers, protocols=[PROTOCOL]))
            await sockets[-1].send_str(
                f"MEDIA_START connection_id:b channel:WebSocket/{number} channel_id:{number} format:ulaw "
                f"optimal_frame_size:{FRAME_BYTES} ptime:{FRAME_MS}"
            )
        print(json.dumps({"calls": len(sockets)}), flush=True)
        tick, group = 0, 25
        due = time.monotonic()
        while True:
            for first in range(0, CALLS, group):
                await asyncio.gather(*(s.send_bytes(frames[tick % 50]) for s in sockets[first : first + group]))
                due += FRAME_MS / 1000 * group / CALLS
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            tick += 1


if __name__ == "__main__":
    asyncio.run(_load(int(sys.argv[1])))
