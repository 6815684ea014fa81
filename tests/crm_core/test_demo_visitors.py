"""The demo's three log-ins."""

from __future__ import annotations

from datetime import UTC, datetime

from crm_core.db.engine import Database
from crm_core.demo.visitors import make_visitors
from crm_core.domain.access import Role
from crm_core.handlers import users
from crm_core.handlers.log_in import Door, log_in

NOW = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


async def test_each_of_the_three_logs_in_also_after_a_second_demo(site: Database) -> None:
    first = await make_visitors(site, NOW)
    again = await make_visitors(site, NOW)
    assert [visitor.name for visitor in first] == [visitor.name for visitor in again]
    for visitor in again:
        assert (await log_in(visitor.name, visitor.password, Door(), site, NOW)).session.confirmed
    roles = [(await users.find_user(visitor.name, site)).role for visitor in again]
    assert roles == [Role.AGENT, Role.MARKETER, Role.MANAGER]
