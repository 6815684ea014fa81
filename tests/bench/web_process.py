"""The pages and the API as a process of its own, and somebody who is logged in."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from crm_core.db.engine import Database
from crm_core.db.tables import teams
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in
from tests.bench.site import Service, now, served_by
from tests.servers import free_port

_PASSWORD = "four words that fit nowhere"
_STARTS_WITHIN = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Pages:
    """Where they answer, and their process."""

    base: str
    service: Service


async def cookie_of(database: Database, role: Role, name: str) -> str:
    """Somebody new who is logged in; a head is put into the first team."""
    async with database.reading() as work:
        team = await work.scalar(select(teams.c.name).order_by(teams.c.id).limit(1))
    new = users.NewUser(name, role, _PASSWORD, team=str(team) if role is Role.HEAD else None)
    await users.create_user(new, None, database, now())
    return (await log_in(name, _PASSWORD, Door(), database, now())).secret


@asynccontextmanager
async def served(url: str, folder: Path) -> AsyncIterator[Pages]:
    """`trunkline serve` with its web role alone; what it logs goes to web.log."""
    port = free_port()
    env = {
        "PATH": os.environ["PATH"],
        "TRUNKLINE_HOME": str(folder),
        "DATABASE_URL": url,
        "TRUNKLINE_ROLES": "web",
        "WEB_PORT": str(port),
    }
    async with served_by(env, folder / "web.log") as service:
        await _answers(port, service)
        yield Pages(f"http://127.0.0.1:{port}", service)


async def _answers(port: int, service: Service) -> None:
    """Until its port answers; at once an error if the process has ended."""
    async with asyncio.timeout(_STARTS_WITHIN):
        while True:
            service.check()
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
