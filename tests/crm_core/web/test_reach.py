"""Role × endpoint × somebody else's object: it does not exist; and no digit of a number reaches whoever is masked.

New endpoints and pages are walked by themselves. A path part that is an id of something needs its foreign object in
`_Foreign`, a body its example in `_BODIES`: without them the test says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import insert, update

from crm_core.commands import CreateDeal, CreateTask
from crm_core.db import agents as agent_rows
from crm_core.db.tables import (
    calls,
    campaign_teams,
    campaigns,
    companies,
    contacts,
    conversations,
    deals,
    recordings,
    tasks,
    turns,
)
from crm_core.domain.access import Role
from crm_core.domain.agents import HandOffMode
from crm_core.handlers.contacts import add_note
from crm_core.handlers.sales import create_deal
from crm_core.handlers.tasks import create_task
from crm_core.web.api.mount import endpoints
from crm_core.web.api.routing import PREFIX, Endpoint
from crm_core.web.app import Health, make_app
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.dialing import add_campaign
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

NUMBER = "+998901234567"
SECRET = "FOREIGN"
#: Roles that see their own or their team's things only.
NARROW = (Role.AGENT, Role.OUTSIDE, Role.SELLER, Role.HEAD)
_NOWHERE = "999999"
_NO_PAGES = ("/api/", "/static/", "/healthz", "/readyz", "/metrics", "/live")


@pytest.fixture
def database_kind() -> str:
    return "sqlite"  # the conditions are one layer's; its queries are tested on both where they are used


@dataclass(slots=True)
class _Foreign:
    """Ids by the names of path parts."""

    ids: dict[str, str]

    def path(self, template: str) -> str:
        for name, value in self.ids.items():
            template = template.replace("{" + name + "}", value)
        parts = [_NOWHERE if part.startswith("{") else part for part in template.split("/")]
        return "/".join(parts)


async def _things_of(site: Site, owner: Visitor, name: str, phone: str) -> _Foreign:
    """One of everything, all of it `owner`'s, with `name` and the number in every text."""
    now, mine = utc_now(), owner.actor.user_id
    text = f"{name} {NUMBER}"
    contact = await add_contact(site.database, text, NUMBER, owner_id=mine)
    campaign = await add_campaign(site.database, f"{name} campaign", leads_wanted=0)
    command = CreateTask(text, now, name, responsible_id=mine, contact_id=contact, number=NUMBER)
    task = await create_task(command, site.database, now)
    deal = await create_deal(CreateDeal(text, name, contact_id=contact, owner_id=mine), site.database, now)
    await add_note(contact, text, name, site.database, now)
    told = {"started_at": now, "answered_at": now, "bridged_at": now, "ended_at": now, "note": text, "number": NUMBER}
    await add_call(site.database, f"c-{mine}", direction="outgoing", agent_id=mine, contact_id=contact, **told)
    row = {"call_id": f"c-{mine}", "path": f"{mine}.wav", "bytes": 4, "seconds": 1.0, "sha256": "0" * 64, "channels": 2}
    await _lost_call(site, f"n-{mine}", contact, text, None)
    async with site.database.work() as work:
        await agent_rows.add_agent(work, mine, phone, "", HandOffMode.RING, now)
        values = row | {"customer_dbfs": 0.0, "agent_dbfs": 0.0, "at": now}
        company = await work.scalar(insert(companies).values(name=text, created_at=now).returning(companies.c.id))
        await work.run(update(contacts).where(contacts.c.id == contact).values(company_id=company))
        recording = await work.scalar(insert(recordings).values(values).returning(recordings.c.id))
    ids = {"contact_id": contact, "task_id": task, "deal_id": deal, "call_id": f"c-{mine}", "recording_id": recording}
    ids |= {"company_id": company, "campaign_id": campaign.id, "agent_id": mine, "user_id": mine, "number_id": 1}
    return _Foreign({key: str(value) for key, value in ids.items()})


async def _lost_call(site: Site, call_id: str, contact: int, text: str, campaign: int | None) -> int:
    """A call that nobody took, and its recording (the robot's); returns the recording's id."""
    now = utc_now()
    row = {"path": f"{call_id}.wav", "bytes": 4, "seconds": 1.0, "sha256": "0" * 64, "channels": 2, "at": now}
    row |= {"call_id": call_id, "customer_dbfs": 0.0, "agent_dbfs": 0.0}
    said = {"number": NUMBER, "note": text, "started_at": now, "answered_at": now, "outcome": "abandoned"}
    await add_call(site.database, call_id, direction="outgoing", contact_id=contact, campaign_id=campaign, **said)
    lasted = {"call_id": call_id, "began_at": now, "ended_at": now}
    turn = {"position": 0, "party": "person", "text": text, "node": "greet", "unclear": True}
    talk = {"contact_id": contact, "script": "survey", "campaign_id": campaign, "language": "en"}
    async with site.database.work() as work:
        await work.run(insert(conversations).values(**lasted, **talk, ending="finished", last_node="end"))
        await work.run(insert(turns).values(**lasted, **turn))
        return int(await work.scalar(insert(recordings).values(row).returning(recordings.c.id)))


#: A body that fits, by its model; names of roles and the like that no schema could guess.
_BODIES: dict[str, Any] = {
    "Later": {"due_at": "2027-01-04T10:00:00Z"},
    "HandOver": {"user_id": 1},
    "ContactChanges": {"name": "x"},
    "CompanyChanges": {"name": "x"},
    "NewNumber": {"number": "90 765 43 21"},
    "DoNotCall": {"wanted": True},
    "NewNote": {"text": "x"},
    "NewDealNote": {"text": "x"},
    "Move": {"stage_id": 2},
    "Decline": {"reason": "Not a customer"},
    "Link": {"to_deal_id": 999999},
    "Merge": {"other_id": 999999},
    "UserChanges": {"active": False},
    "NewPassword": {"password": "four other words entirely"},
    "CallTask": {"title": "x"},
    "DealChanges": {"title": "x"},
    "Monitored": {"mode": "listen"},
    "PauseOrder": {"reason": "lunch"},
    "Rehearsing": {"operators": 2},
}


#: What a path must be asked with.
_QUERIES = {"/surveys/{campaign_id}/groups": {"question": "x"}}


async def _ask(visitor: Visitor, endpoint: Endpoint, path: str) -> tuple[int, str]:
    options: dict[str, Any] = {"headers": {"If-Match": '"1"'}, "params": _QUERIES.get(endpoint.path, {})}
    if endpoint.body is not None:
        options["json"] = _BODIES.get(endpoint.body.__name__, {})
    answer = await visitor.ask(endpoint.method, PREFIX + path, **options)
    return answer.status, await answer.text()


@pytest.mark.parametrize("role", NARROW)
async def test_somebody_elses_object_does_not_exist_for_any_endpoint(web_site: Site, login: Login, role: Role) -> None:
    owner = await login(Role.SELLER, SECRET, team="South")
    foreign = await _things_of(web_site, owner, SECRET, "op9")
    me = await login(role, "Dilnoza", team="North")
    before = await _state(web_site)
    wrong = []
    for endpoint in endpoints():
        if "{" in endpoint.path:
            status, text = await _ask(me, endpoint, foreign.path(endpoint.path))
            # A body that does not fit is refused before anything is looked for: then it must be a right that lacks.
            if status not in (403, 404) and not (status == 422 and '"where": "query"' in text):
                wrong.append(f"{endpoint.method} {endpoint.path}: {status} {text[:200]}")
        elif endpoint.method == "GET":
            status, text = await _ask(me, endpoint, endpoint.path)
            if SECRET in text or "1234567" in text:
                wrong.append(f"{endpoint.method} {endpoint.path} tells of it: {text[:200]}")
    assert not wrong, "\n".join(wrong)
    assert await _state(web_site) == before


@pytest.mark.parametrize("role", NARROW)
async def test_a_call_that_nobody_took_belongs_to_whom_its_campaign_or_person_belongs(
    web_site: Site, login: Login, role: Role
) -> None:
    owner = await login(Role.SELLER, SECRET, team="South")
    foreign = await _things_of(web_site, owner, SECRET, "op9")
    me = await login(role, "Dilnoza", team="North")
    ours = await add_campaign(web_site.database, "North's campaign", leads_wanted=0)
    async with web_site.database.work() as work:
        await work.run(insert(campaign_teams).values(campaign_id=ours.id, team_id=me.actor.team_id))
    contact, text = int(foreign.ids["contact_id"]), f"{SECRET} {NUMBER}"
    recording = await _lost_call(web_site, "lost", contact, text, ours.id)
    nobodys = _Foreign(foreign.ids | {"call_id": f"n-{owner.actor.user_id}"})
    its = _Foreign(foreign.ids | {"call_id": "lost", "recording_id": str(recording), "campaign_id": str(ours.id)})
    wrong = []
    for endpoint in endpoints():
        for path in {thing.path(endpoint.path) for thing in (nobodys, its)}:
            if endpoint.method != "GET":
                continue
            status, said = await _ask(me, endpoint, path)
            if SECRET in said or "1234567" in said or (status == 200 and "/recordings/" in path):
                wrong.append(f"{endpoint.path}: {status} {said[:200]}")
    for template in _page_paths(web_site):
        for path in {thing.path(template) for thing in (nobodys, its)}:
            said = await (await me.get(path)).text()
            if SECRET in said or "123 45 67" in said or "1234567" in said:
                wrong.append(f"{path}: {said[max(0, said.find(SECRET) - 100) :][:200]!r}")
    assert not wrong, "\n".join(wrong)
    listed = [call["id"] for call in (await (await me.get(f"{PREFIX}/calls")).json())["items"]]
    assert listed == (["lost"] if role is Role.HEAD else [])  # that one of his campaign was lost he does know
    of_him = await (await me.get(f"{PREFIX}/calls?contact={contact}")).json()
    assert of_him["items"] == []
    manager = await login(Role.MANAGER)
    assert SECRET in await (await manager.get(f"{PREFIX}/calls/lost")).text()


async def _state(site: Site) -> list[str]:
    """What must not have changed."""
    found = []
    async with site.database.reading() as work:
        for table in (companies, contacts, tasks, deals, calls, recordings, campaigns):
            found += [str(tuple(row)) for row in await work.all(table.select().order_by(*table.primary_key.columns))]
    return found


def _page_paths(site: Site) -> list[str]:
    """Every page that is asked for by GET, with {names} for its parts."""
    app = make_app(Health(site.database, utc_now), site.place)
    paths = set()
    for route in app.router.routes():
        info = route.resource.get_info() if route.resource is not None else {}
        path = str(info.get("path") or info.get("formatter") or "")
        if route.method == "GET" and not path.startswith(
            ("/api/", "/static/", "/healthz", "/readyz", "/metrics", "/live")
        ):
            paths.add(path)
    return sorted(paths)


@pytest.mark.parametrize("role", NARROW)
async def test_no_page_tells_of_somebody_elses_things(web_site: Site, login: Login, role: Role) -> None:
    owner = await login(Role.SELLER, SECRET, team="South")
    foreign = await _things_of(web_site, owner, SECRET, "op9")
    me = await login(role, "Dilnoza", team="North")
    wrong = []
    for template in _page_paths(web_site):
        path = foreign.path(template)
        answer = await me.get(path)
        text = await answer.text()
        if answer.status >= 500:
            wrong.append(f"{path}: {answer.status}")
        if SECRET in text or "123 45 67" in text:
            at = text.find(SECRET)
            wrong.append(f"{path}: {answer.status} {text[max(0, at - 100) : at + 60]!r}")
    assert not wrong, "\n".join(wrong)


async def test_whoever_is_masked_gets_no_digits_from_any_endpoint_or_page(web_site: Site, login: Login) -> None:
    me = await login(Role.OUTSIDE, "Dilnoza", team="North")
    mine = await _things_of(web_site, me, "OWN", "op1")
    async with web_site.database.work() as work:
        await work.run(update(campaigns).values(state="running"))
    wrong, seen = [], 0
    paths = [PREFIX + endpoint.path for endpoint in endpoints() if endpoint.method == "GET"] + _page_paths(web_site)
    for template in paths:
        answer = await me.get(mine.path(template))
        text = await answer.text()
        seen += "OWN" in text
        bare = text.replace(" ", "").replace("-", "").replace("\u00a0", "")
        if "1234567" in bare or "901234" in bare:
            wrong.append(f"{template}: {answer.status}")
        for name, value in answer.headers.items():
            if "1234567" in value:
                wrong.append(f"{template}: header {name}")
    assert not wrong, "\n".join(wrong)
    assert seen >= 4  # he does see his own things, only not their numbers


async def test_whoever_is_not_logged_in_gets_nothing(web_site: Site, login: Login) -> None:
    owner = await login(Role.SELLER, SECRET, team="South")
    foreign = await _things_of(web_site, owner, SECRET, "op9")
    owner.client.cookie_jar.clear()
    for endpoint in endpoints():
        status, text = await _ask(owner, endpoint, foreign.path(endpoint.path))
        assert status == 401, f"{endpoint.method} {endpoint.path}: {status} {text[:100]}"
    for template in _page_paths(web_site):
        answer = await owner.get(foreign.path(template))
        text = await answer.text()
        assert SECRET not in text, template
        assert answer.status < 500, template
