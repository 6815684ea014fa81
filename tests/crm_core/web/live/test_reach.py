"""What is pushed to whom is what the layer of visibility lets him read: the same rows, no more and no fewer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update

from crm_core.db import live_desk, live_floor
from crm_core.db.engine import Database
from crm_core.db.live_reach import reach_of
from crm_core.db.tables import agents, calls, campaign_teams, campaigns, deals, tasks, teams, users
from crm_core.db.visibility import visible_agents, visible_calls, visible_campaigns, visible_deals, visible_tasks
from crm_core.domain.access import Actor, Role, Sees, actor_of
from crm_core.domain.pushes import view
from tests.crm_core.crm import NOW

#: Users: two of one team, one of another, one of none; their ids.
ME, MATE, STRANGER, LONER = 1, 2, 3, 4
OWNERS = (ME, MATE, STRANGER, LONER, None)


@pytest.fixture
async def firm(site: Database) -> Database:
    """A row of everything for every owner and for nobody, and campaigns of each team and of none."""
    async with site.work() as work:
        await work.run(insert(teams), [{"name": name, "created_at": NOW} for name in ("East", "West")])
        teams_of = {ME: 1, MATE: 1, STRANGER: 2, LONER: None}
        row: dict[str, Any] = {"role": "agent", "created_at": NOW}
        await work.run(insert(users), [row | {"name": f"User {id}", "team_id": teams_of[id]} for id in teams_of])
        phone = {"hand_off": "ring", "state": "available", "since": NOW}
        await work.run(insert(agents), [phone | {"id": id, "phone": f"op{id}"} for id in teams_of])
        call = {"direction": "incoming", "node": "pbx", "started_at": NOW}
        await work.run(insert(calls), [call | {"id": f"c{id}", "agent_id": id} for id in OWNERS])
        task = {"kind": "call", "title": "call", "due_at": NOW, "by": "rule", "created_at": NOW}
        await work.run(insert(tasks), [task | {"responsible_id": id} for id in OWNERS])
        deal = {"title": "deal", "pipeline_id": 1, "stage_id": 1, "created_at": NOW}
        await work.run(insert(deals), [deal | {"owner_id": id} for id in OWNERS])
        campaign = {"state": "running", "policy": {"trunk": "network", "mode": "power"}, "created_at": NOW}
        await work.run(insert(campaigns), [campaign | {"name": name} for name in ("east", "west", "nobody's", "mine")])
        await work.run(insert(campaign_teams), [{"campaign_id": n, "team_id": n} for n in (1, 2)])
        await work.run(update(agents).where(agents.c.id == ME).values(campaign_id=4))
    return site


async def ids(database: Database, table: Table, condition: Any) -> set[str]:
    async with database.reading() as work:
        return {str(row.id) for row in await work.all(select(table.c.id).where(condition))}


@pytest.mark.parametrize("sees", [None, *Sees])
@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("team_id", [1, None])
async def test_pushes_reach_exactly_those_who_may_read_the_row(
    firm: Database, role: Role, sees: Sees | None, team_id: int | None
) -> None:
    actor: Actor = actor_of(ME, "User 1", role, sees=sees, team_id=team_id)
    async with firm.work() as work:
        await work.run(update(users).where(users.c.id == ME).values(team_id=team_id))
    every = {int(one) for one in await ids(firm, tasks, tasks.c.id > 0)}
    async with firm.reading() as work:
        reach = await reach_of(work, actor)
        pushed = {
            agents: await live_floor.agents_among(work, (ME, MATE, STRANGER, LONER)),
            calls: await live_floor.open_calls(work),
            campaigns: await live_floor.campaigns_among(work, (1, 2, 3, 4), NOW),
            tasks: await live_desk.tasks_among(work, every),
            deals: await live_desk.deals_among(work, every),
        }
    may_read = {
        agents: visible_agents(actor),
        calls: visible_calls(actor),
        campaigns: visible_campaigns(actor),
        tasks: visible_tasks(actor),
        deals: visible_deals(actor),
    }
    for table, pushes in pushed.items():
        got = {push.key for push in pushes if view(push, reach) is not None}
        assert got == await ids(firm, table, may_read[table]), table.name
