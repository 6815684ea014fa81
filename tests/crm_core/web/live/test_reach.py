"""What is pushed to whom is what the layer of visibility lets him read: the same rows, no more and no fewer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Table, insert, select, update

from crm_core.db import live_desk, live_floor
from crm_core.db.engine import Database
from crm_core.db.event_reach import Sight, sight_of
from crm_core.db.live_reach import reach_of
from crm_core.db.tables import agents, calls, campaign_teams, campaigns, contacts, deals, tasks, teams, users
from crm_core.db.visibility import (
    reached_person,
    visible_agents,
    visible_calls,
    visible_campaigns,
    visible_deals,
    visible_tasks,
)
from crm_core.domain.access import Actor, Role, Sees, actor_of
from crm_core.domain.pushes import View, view
from crm_core.domain.webhooks import told as told_by_webhook
from tests.crm_core.crm import NOW

#: Users: two of one team, one of another, one of none; their ids.
ME, MATE, STRANGER, LONER = 1, 2, 3, 4
OWNERS = (ME, MATE, STRANGER, LONER, None)
#: Contacts, and whose they are.
_PEOPLE = tuple(enumerate(OWNERS, 1))


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
        person = {"created_at": NOW}
        await work.run(insert(contacts), [person | {"id": n, "name": str(n), "owner_id": id} for n, id in _PEOPLE])
        nobodys = [(n, campaign) for n in (None, *dict(_PEOPLE)) for campaign in (None, 1, 2, 4)]
        await work.run(
            insert(calls),
            [call | {"id": f"n{n}-{of}", "contact_id": n, "campaign_id": of} for n, of in nobodys],
        )
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
    async with firm.reading() as work:
        known = select(calls.c.id).where(visible_calls(actor), reached_person(actor))
        named = {str(row.id) for row in await work.all(known)}
    views = {push.key: how for push in pushed[calls] if (how := view(push, reach)) is not None}
    assert {key for key, how in views.items() if how is not View.NUMBERLESS} == named


async def test_a_webhook_is_told_no_number_of_a_call_whose_person_is_out_of_reach(firm: Database) -> None:
    stranger, mine = (next(n for n, owner in _PEOPLE if owner == whose) for whose in (STRANGER, MATE))
    head, manager = (actor_of(ME, "User 1", role, team_id=1) for role in (Role.HEAD, Role.MANAGER))
    seen = {}
    async with firm.reading() as work:
        for person in (stranger, mine):
            for campaign in (1, 2):
                data = {"call_id": f"n{person}-{campaign}", "contact_id": person}
                seen[person, campaign] = await sight_of(work, head, "call.ended", data)
        whole = await sight_of(work, manager, "call.ended", {"call_id": f"n{stranger}-2", "contact_id": stranger})
    assert seen[stranger, 1] == Sight(event=True, person=False, number=False)  # the campaign is his team's
    assert seen[stranger, 2] == Sight(event=False, person=False, number=False)
    assert seen[mine, 1] == seen[mine, 2] == whole == Sight(event=True, person=True, number=True)
    told_of = told_by_webhook({"number": "+998901234567", "note": "Karim", "contact_id": 3, "lead_id": 1}, **_NOTHING)
    assert set(told_of.values()) == {None}


_NOTHING: dict[str, Any] = {"masked": False, "sees_person": False, "sees_number": False}
