"""Settings by the API: what the pages can do, and who may."""

from __future__ import annotations

from typing import Any

from crm_core.db import site
from crm_core.domain.access import Role
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.handlers import notices
from tests.crm_core.crm import add_contact
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now

API = "/api/v1"


async def _json(visitor: Visitor, method: str, path: str, status: int = 200, **body: Any) -> Any:
    options = {"json": body} if body else {}
    answer = await visitor.ask(method, API + path, **options)
    text = await answer.text()
    assert answer.status == status, (method, path, answer.status, text)
    return await answer.json() if text else None


async def test_pipelines_and_reasons(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    made = await _json(admin, "POST", "/pipelines", 201, name="Partners")
    stages = [{"name": one["name"], "kind": one["kind"], "id": one["id"]} for one in made["stages"]]
    stages[1] |= {"name": "First talk", "required_fields": ["amount"], "stuck_after_days": 3}
    saved = await _json(admin, "PUT", f"/pipelines/{made['id']}", name="Partners", stages=stages[:3] + stages[4:])
    names = [one["name"] for one in saved["stages"]]
    assert names == ["Unsorted", "First talk", "Offer sent", "Won", "Lost"]
    problem = await _json(admin, "PUT", f"/pipelines/{made['id']}", 422, name="Partners", stages=stages[:2])
    assert problem["where"] == "stages"
    assert (await _json(admin, "PUT", "/lost-reasons", reasons=["Price"]))["reasons"] == ["Price"]
    await _json(admin, "DELETE", f"/pipelines/{made['id']}", 204)
    await _json(admin, "DELETE", "/pipelines/1", 409)


async def test_own_fields_hold_what_they_are_for(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    fields: list[dict[str, Any]] = [
        {"noun": "contact", "key": "born", "label": "Born", "kind": "date"},
        {"noun": "contact", "key": "size", "label": "Size", "kind": "choice", "options": ["S", "L"], "required": True},
        {"noun": "contact", "key": "vip", "label": "VIP", "kind": "yes_no"},
    ]
    made = [await _json(admin, "POST", "/own-fields", 201, **field) for field in fields]
    contact = await add_contact(web_site.database, "Rustam", "+998901234567")
    version = 1
    for value, stands in (
        ({"born": "1990-02-03", "size": "l"}, {"born": "1990-02-03", "size": "L"}),
        ({"vip": "yes"}, {"born": "1990-02-03", "size": "L", "vip": True}),
        ({"born": None}, {"size": "L", "vip": True}),
    ):
        headers = {"If-Match": f'"{version}"'}
        answer = await admin.ask("PATCH", f"{API}/contacts/{contact}", json={"fields": value}, headers=headers)
        body = await answer.json()
        assert (answer.status, body["fields"]) == (200, stands)
        version = body["version"]
    for wrong in ({"born": "soon"}, {"size": "XL"}, {"size": None}, {"shoe": 43}, {"vip": "perhaps"}):
        headers = {"If-Match": f'"{version}"'}
        answer = await admin.ask("PATCH", f"{API}/contacts/{contact}", json={"fields": wrong}, headers=headers)
        assert answer.status == 422, wrong
        assert (await answer.json())["where"] == f"fields.{next(iter(wrong))}"
    ids = [one["id"] for one in made]
    order = await _json(admin, "PUT", "/own-fields/order/contact", ids=ids[::-1])
    assert [one["key"] for one in order] == ["vip", "size", "born"]
    changed = await _json(admin, "PATCH", f"/own-fields/{ids[1]}", options=["S", "M", "L"])
    assert changed["options"] == ["S", "M", "L"]
    await _json(admin, "PUT", "/own-fields/order/planet", 404, ids=ids)
    await _json(admin, "DELETE", f"/own-fields/{ids[0]}", 204)
    assert len(await _json(admin, "GET", "/own-fields")) == 2


async def test_dispositions(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    codes = [one["code"] for one in await _json(admin, "GET", "/dispositions")]
    new = {"code": "no_money", "label": "No money", "effect": "retry", "retry_after_seconds": 86400}
    await _json(admin, "POST", "/dispositions", 201, **new)
    await _json(admin, "POST", "/dispositions", 409, **new)
    found = await _json(admin, "PUT", "/dispositions/no_money", label="No money", effect="end", key="")
    assert (found["effect"], found["retry_after_seconds"]) == ("end", None)
    order = await _json(admin, "PUT", "/dispositions", codes=["no_money", *codes])
    assert order[0]["code"] == "no_money"
    await _json(admin, "PUT", "/dispositions/callback", 409, label="Call back", effect="end", key="2")
    await _json(admin, "DELETE", "/dispositions/machine", 409)
    await _json(admin, "DELETE", "/dispositions/no_money", 204)
    await _json(admin, "DELETE", "/dispositions/no_money", 404)


async def test_rules(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    triggers = {one["name"]: one["facts"] for one in await _json(admin, "GET", "/rule-triggers")}
    assert {"name": "effect", "kind": "choice"}.items() <= triggers["LeadDisposed"][-2].items()
    rule: dict[str, Any] = {
        "name": "Note",
        "trigger": "CallMissed",
        "conditions": [{"field": "after_hours", "op": "is", "value": True}],
        "actions": [{"kind": "add_note", "options": {"text": "Missed at night"}}],
    }
    made = await _json(admin, "POST", "/rules", 201, **rule)
    assert made["enabled"]
    assert not (await _json(admin, "PATCH", f"/rules/{made['id']}", enabled=False))["enabled"]
    tried = await _json(admin, "POST", "/rules/try", **rule)
    assert tried == {"looked_at": 0, "hits": []}
    wrong: dict[str, Any] = {"conditions": [{"field": "colour", "op": "is", "value": 1}]}
    await _json(admin, "PUT", f"/rules/{made['id']}", 422, **(rule | wrong))
    stage: dict[str, Any] = {"actions": [{"kind": "create_deal", "options": {"stage": "Nowhere", "title": "x"}}]}
    await _json(admin, "PUT", f"/rules/{made['id']}", 422, **(rule | stage))
    ids = [one["id"] for one in await _json(admin, "GET", "/rules")]
    await _json(admin, "PUT", "/rules", 204, ids=ids[::-1])
    assert [one["id"] for one in await _json(admin, "GET", "/rules")] == ids[::-1]
    assert await _json(admin, "GET", f"/rules/{made['id']}/runs") == []
    await _json(admin, "DELETE", f"/rules/{made['id']}", 204)


async def test_the_site_teams_and_phones(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    hours: dict[str, Any] = {
        "zone": "Asia/Tashkent",
        "days": {"0": {"opens": "09:00", "closes": "13:00"}},
        "holidays": ["2027-01-01"],
    }
    await _json(admin, "PUT", "/working-hours", **hours)
    assert (await _json(admin, "GET", "/working-hours"))["days"] == {"0": {"opens": "09:00", "closes": "13:00"}}
    async with web_site.database.reading() as work:
        assert list((await site.calendar(work)).days) == [0]
    await _json(admin, "PUT", "/trunks/main", endpoint="carrier", prefixes=["+998"])
    assert [one["name"] for one in await _json(admin, "GET", "/trunks")] == ["main"]
    await _json(admin, "DELETE", "/trunks/main", 204)
    await _json(admin, "PUT", "/own-numbers/+998712000001", 422, night_script="no_such_script")
    await _json(admin, "PUT", "/message-templates/offer?channel=sms&language=en", 204, body="Hello {name}")
    [template] = [one for one in await _json(admin, "GET", "/message-templates") if one["name"] == "offer"]
    assert template["fields"] == ["name"]
    await _json(admin, "DELETE", "/message-templates/offer?channel=sms&language=en", 204)
    team = await _json(admin, "POST", "/teams", 201, name="North")
    assert (await _json(admin, "PATCH", f"/teams/{team['id']}", name="East"))["name"] == "East"
    me = admin.actor.user_id
    phone = await _json(admin, "PUT", f"/users/{me}/phone", phone="op1", browser=True)
    assert (phone["browser"], phone["hand_off"]) == (True, "parked")
    other = (await login(Role.AGENT)).actor.user_id
    await _json(admin, "PUT", f"/users/{other}/phone", 422, phone="op1")
    await _json(admin, "DELETE", f"/teams/{team['id']}", 204)


async def test_webhooks(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    assert "call.ended" in (await _json(admin, "GET", "/webhook-events"))["events"]
    made = await _json(admin, "POST", "/webhooks", 201, url="https://crm.example.com/", events=["call.ended"])
    assert made["secret"].startswith("whsec_")
    path = f"/webhooks/{made['id']}"
    assert "secret" not in await _json(admin, "GET", path)
    assert (await _json(admin, "POST", f"{path}/secret"))["secret"] != made["secret"]
    await _json(admin, "POST", f"{path}/ping", 204)
    page = await _json(admin, "GET", f"{path}/deliveries")
    assert [(one["event"], one["state"]) for one in page["items"]] == [("ping", "queued")]
    await _json(admin, "POST", f"{path}/deliveries/{page['items'][0]['id']}/redeliver", 409)
    assert not (await _json(admin, "PATCH", path, enabled=False))["enabled"]
    await _json(admin, "POST", "/webhooks", 422, url="http://localhost/", events=["call.ended"])
    await _json(admin, "DELETE", path, 204)


async def test_search_notifications_and_audit(web_site: Site, login: Login) -> None:
    admin, masked = await login(Role.ADMINISTRATOR, "Ada"), await login(Role.SELLER, "Bobur", masked=True)
    await add_contact(web_site.database, "Rustam Aliyev", "+998901234567", owner_id=masked.actor.user_id)
    found = await _json(admin, "GET", "/search?q=1234567")
    assert (found["contacts"][0]["number"], found["contacts"][0]["matched"]) == ("+998901234567", "number")
    found = await _json(masked, "GET", "/search?q=901234567")
    assert (found["contacts"][0]["title"], found["contacts"][0]["number"]) == ("Rustam Aliyev", None)
    new = [Notice(masked.actor.user_id, f"k{n}", NoticeKind.TASK_GIVEN, f"Ring 90 123 45 6{n}") for n in range(3)]
    await notices.tell(new, web_site.database, utc_now())
    page = await _json(masked, "GET", "/notifications?limit=2")
    assert [one["text"] for one in page["items"]] == ["Ring •••••••"] * 2
    assert len((await _json(masked, "GET", f"/notifications?cursor={page['next']}"))["items"]) == 1
    read = await _json(masked, "POST", f"/notifications/{page['items'][0]['id']}/read")
    assert read["read_at"]
    assert await _json(masked, "POST", "/notifications/read") == {"read": 2}
    await _json(admin, "POST", f"/notifications/{page['items'][0]['id']}/read", 404)
    await _json(admin, "POST", "/teams", 201, name="North")
    [line] = (await _json(admin, "GET", "/audit?action=team"))["items"]
    assert (line["by"], line["action"], line["details"]) == ("Ada", "team.created", {"name": "North"})
    await _json(masked, "GET", "/audit", 403)
    answer = await admin.get(f"{API}/audit/export?noun=team")
    assert (await answer.text()).splitlines()[1].split(",")[1:4] == ["Ada", "team.created", "team"]


async def test_a_notice_that_is_read_here_is_read_in_every_browser(web_site: Site, login: Login) -> None:
    """What tells the others is an event; test_stream.py has how it reaches them."""
    from crm_core.db import outbox
    from crm_core.events import NoticesRead

    admin = await login(Role.ADMINISTRATOR)
    new = [Notice(admin.actor.user_id, "k", NoticeKind.TASK_GIVEN, "x")]
    await notices.tell(new, web_site.database, utc_now())
    await _json(admin, "POST", "/notifications/1/read")
    async with web_site.database.work() as work:
        claim = await outbox.claim_unpublished(work, utc_now(), 100)
    assert [e.event.notice_ids for e in claim.envelopes if isinstance(e.event, NoticesRead)] == [(1,)]
