"""Settings in the browser: each page shows what is there, takes what is right and says what is wrong."""

from __future__ import annotations

import re
from datetime import time
from typing import Any

import pytest

from crm_core.commands import CreateTask
from crm_core.db import site
from crm_core.db.custom_fields import own_fields
from crm_core.db.dispositions import all_dispositions
from crm_core.db.pipelines import all_pipelines, lost_reasons
from crm_core.db.rules import all_rules
from crm_core.domain.access import Right, Role
from crm_core.domain.campaigns import Trunk
from crm_core.domain.notices import Notice, NoticeKind
from crm_core.domain.rules import ActionKind, Op
from crm_core.handlers import notices, users, webhooks
from crm_core.handlers.campaigns import put_trunk
from crm_core.handlers.tasks import create_task
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.web.conftest import PASSWORD, Login, Site, Visitor, utc_now

PAGES = (
    *("/settings", "/settings/users", "/settings/users/new", "/settings/teams", "/settings/pipelines"),
    *("/settings/pipelines/1", "/settings/fields", "/settings/results", "/settings/results/new"),
    *("/settings/results/later", "/settings/rules", "/settings/rules/new", "/settings/rules/1", "/settings/hours"),
    *(
        "/settings/numbers",
        "/settings/transfer-numbers",
        "/settings/trunks/new",
        "/settings/templates",
        "/settings/templates/edit",
    ),
    *("/settings/tokens", "/settings/webhooks", "/settings/audit", "/notifications", "/search?q=abc"),
)


async def _sent(visitor: Visitor, path: str, form: Any) -> tuple[int, str, str]:
    """Status, where it leads, and the page."""
    answer = await visitor.post(path, data=form)
    return answer.status, answer.headers.get("Location", ""), await answer.text()


async def _page(visitor: Visitor, path: str) -> str:
    answer = await visitor.get(path)
    text = await answer.text()
    assert answer.status == 200, (path, answer.status, text[:500])
    return text


async def test_each_page_is_there_for_who_may_and_for_nobody_else(web_site: Site, login: Login) -> None:
    admin, seller = await login(Role.ADMINISTRATOR), await login(Role.SELLER)
    for path in PAGES:
        assert "<h1>" in await _page(admin, path)
    for path in PAGES:
        free = path in ("/settings", "/settings/tokens", "/notifications", "/search?q=abc")
        assert (await seller.get(path)).status == (200 if free else 403), path
    index = await _page(seller, "/settings")
    assert "/settings/tokens" in index
    assert "/settings/users" not in index


async def test_every_page_in_every_language(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    for language in ("ru", "uz", "ar"):
        admin.client.cookie_jar.update_cookies({"language": language})
        for path in PAGES:
            await _page(admin, path)


# --- users and teams ----------------------------------------------------------------------------------------
async def test_a_user_is_made_changed_given_a_phone_and_let_go(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    form = [("name", "Sabina"), ("role", "seller"), ("team", "North"), ("password", PASSWORD), ("sees", "team")]
    status, where, _ = await _sent(admin, "/settings/users", [*form, ("rights", "reports.see")])
    user = await users.find_user("Sabina", web_site.database)
    assert (status, where) == (303, f"/settings/users/{user.id}?saved=1")
    assert (user.role, user.team, user.extra_rights) == (Role.SELLER, "North", frozenset({Right.SEE_REPORTS}))
    page = await _page(admin, f"/settings/users/{user.id}")
    assert re.search(r'value="reports.see" checked', page)
    changed = [("role", "head"), ("team", "South"), ("masked", "yes"), ("active", "1")]
    await _sent(admin, f"/settings/users/{user.id}", changed)
    user = await users.find_user("Sabina", web_site.database)
    assert (user.role, user.team, user.masked, user.sees, user.extra_rights) == (
        Role.HEAD,
        "South",
        True,
        None,
        frozenset(),
    )
    phone = {"by": "browser", "phone": "op7", "hand_off": "ring"}
    assert (await _sent(admin, f"/settings/users/{user.id}/phone", phone))[0] == 303
    assert "Browser" in await _page(admin, "/settings/users?q=sab")
    status, _, text = await _sent(admin, f"/settings/users/{user.id}/phone", phone | {"phone": "o p 7"})
    assert (status, "no endpoint" in text) == (422, True)
    status, _, text = await _sent(admin, f"/settings/users/{user.id}/password", {"password": "short"})
    assert status == 422
    await _sent(admin, f"/settings/users/{user.id}", {"role": "head"})  # the tick "works here" is not set
    assert not (await users.find_user("Sabina", web_site.database)).active


async def test_the_last_administrator_stays(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    status, _, text = await _sent(admin, f"/settings/users/{admin.actor.user_id}", {"role": "seller", "active": "1"})
    assert status == 422
    assert "last administrator" in text
    assert (await admin.get("/settings/users")).status == 200  # nothing was changed: he is still logged in


async def test_saving_a_user_unchanged_does_not_log_him_out(web_site: Site, login: Login) -> None:
    admin, seller = await login(Role.ADMINISTRATOR), await login(Role.SELLER, "Sabina")
    await _sent(admin, f"/settings/users/{seller.actor.user_id}", {"role": "seller", "active": "1"})
    assert (await seller.get("/tasks")).status == 200
    await _sent(admin, f"/settings/users/{seller.actor.user_id}", {"role": "seller", "active": "1", "sees": "all"})
    assert (await seller.get("/tasks")).status == 303  # to the log-in


async def test_teams_are_renamed_and_removed_when_nobody_is_in_them(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR, team="North")
    await _sent(admin, "/settings/teams", {"name": "East"})
    status, _, text = await _sent(admin, "/settings/teams", {"name": "north"})
    assert (status, "already" in text) == (422, True)
    await _sent(admin, "/settings/teams/2", {"team_name": "West"})
    assert "West" in await _page(admin, "/settings/teams")
    assert (await admin.post("/settings/teams/1/remove")).headers.get("HX-Redirect") is None  # the administrator's
    assert (await admin.post("/settings/teams/2/remove")).headers["HX-Redirect"] == "/settings/teams?saved=1"
    assert "West" not in await _page(admin, "/settings/teams")


# --- pipelines ----------------------------------------------------------------------------------------------
def _stage_form(pipeline: Any, **changes: Any) -> list[tuple[str, str]]:
    form = [("name", pipeline.name)]
    for n, stage in enumerate(pipeline.stages):
        own = {"id": stage.id, "name": stage.name, "kind": stage.kind.value, "place": n + 1, "stuck": ""}
        own |= changes.get(stage.name.split()[0], {})
        form.append(("row", str(n)))
        form += [(f"s{n}.{name}", str(value)) for name, value in own.items()]
    return form


async def test_stages_are_renamed_moved_and_asked_for(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    async with web_site.database.reading() as work:
        [pipeline] = await all_pipelines(work)
    changes = {
        "New": {"name": "Fresh", "required": "amount", "stuck": 5},
        "Offer": {"place": 2},
        "Won": {"name": "Paid"},
    }
    form = [
        *_stage_form(pipeline, **changes),
        ("row", "9"),
        ("s9.name", "Visit"),
        ("s9.kind", "open"),
        ("s9.place", "3"),
    ]
    status, where, text = await _sent(admin, "/settings/pipelines/1", form)
    assert (status, where) == (303, "/settings/pipelines/1?saved=1"), text
    async with web_site.database.reading() as work:
        [pipeline] = await all_pipelines(work)
        rules, _ = await all_rules(work)
    assert [stage.name for stage in pipeline.stages] == [
        *("Unsorted", "Fresh", "Offer sent", "Visit", "Agreed", "Paid", "Lost"),
    ]
    fresh = pipeline.stages[1]
    assert (fresh.required_fields, fresh.stuck_after_days) == (("amount",), 5)
    named = {action.options["stage"] for rule in rules for action in rule.actions if "stage" in action.options}
    assert named == {"Unsorted", "Fresh", "Paid"}  # rules follow


async def test_a_stage_that_a_rule_needs_stays(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    async with web_site.database.reading() as work:
        [pipeline] = await all_pipelines(work)
    status, _, text = await _sent(admin, "/settings/pipelines/1", _stage_form(pipeline, New={"gone": 1}))
    assert status == 422
    assert "Interest makes a deal" in text


async def test_another_pipeline_and_reasons_for_loss(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    _, where, _ = await _sent(admin, "/settings/pipelines", {"name": "Partners"})
    assert "Agreed" in await _page(admin, where)
    await admin.post("/settings/pipelines/2/default")
    await admin.post("/settings/pipelines/1/remove")
    await _sent(admin, "/settings/pipelines/lost-reasons", {"reasons": "Price\r\n\r\n Price \r\nTime"})
    async with web_site.database.reading() as work:
        assert [one.name for one in await all_pipelines(work)] == ["Partners"]
        assert await lost_reasons(work) == ("Price", "Time")
    status, _, text = await _sent(admin, "/settings/pipelines/lost-reasons", {"reasons": " \n"})
    assert (status, "none to choose of" in text) == (422, True)


# --- fields and results -------------------------------------------------------------------------------------
async def test_own_fields_are_added_ordered_and_removed(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    for key, kind, options in (("rooms", "number", ""), ("board", "choice", "Half\nFull"), ("arrives", "date", "")):
        form = {"noun": "deal", "key": key, "label": key.title(), "kind": kind, "options": options}
        assert (await _sent(admin, "/settings/fields", form))[0] == 303
    bad = {"noun": "deal", "key": "Rooms!", "label": "x", "kind": "text"}
    status, _, text = await _sent(admin, "/settings/fields", bad)
    assert (status, "is no key" in text) == (422, True)
    await admin.post("/settings/fields/3/up")
    await _sent(admin, "/settings/fields/2", {"label": "Meals", "options": "Half\nFull\nNone", "required": "1"})
    await admin.post("/settings/fields/1/remove")
    async with web_site.database.reading() as work:
        found = await own_fields(work, "deal")
    assert [(one.key, one.label, one.options, one.required) for one in found] == [
        ("arrives", "Arrives", (), False),
        ("board", "Meals", ("Half", "Full", "None"), True),
    ]


async def test_a_contact_has_the_fields_of_the_site(web_site: Site, login: Login) -> None:
    admin, masked = await login(Role.ADMINISTRATOR), await login(Role.MANAGER, masked=True)
    await _sent(admin, "/settings/fields", {"noun": "contact", "key": "born", "label": "Born on", "kind": "date"})
    contact = await add_contact(web_site.database, "Rustam", "+998901234567")
    form = {"version": "1", "name": "Rustam", "own.born": "yesterday"}
    status, _, text = await _sent(admin, f"/contacts/{contact}", form)
    assert (status, "is no date" in text) == (422, True)
    assert (await admin.post(f"/contacts/{contact}", data=form | {"own.born": "1990-02-03"})).status == 204
    page = await _page(admin, f"/contacts/{contact}")
    assert "<dt>Born on</dt><dd>1990-02-03</dd>" in page
    assert 'value="1990-02-03"' in await _page(admin, f"/contacts/{contact}/edit")
    assert "own.born" not in await _page(masked, f"/contacts/{contact}/edit")


async def test_results_of_calls(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    new = {"code": "no_money", "label": "No money", "effect": "retry", "key": "", "minutes": "10080"}
    assert (await _sent(admin, "/settings/results", new))[0] == 303
    status, _, text = await _sent(admin, "/settings/results", new | {"code": "x", "label": "Y", "key": "1"})
    assert (status, "1 is the key of" in text) == (422, True)
    await _sent(admin, "/settings/results/no_money", new | {"label": "No money now", "do_not_call": "1"})
    await admin.post("/settings/results/no_money/up")
    async with web_site.database.reading() as work:
        found = await all_dispositions(work)
    assert (found["no_money"].label, found["no_money"].do_not_call) == ("No money now", True)
    assert list(found)[-2] == "no_money"
    answer = await admin.post("/settings/results/sale/remove")  # a rule asks for it
    assert "makes a deal' asks for it" in answer.headers["HX-Trigger"]
    assert (await admin.post("/settings/results/no_money/remove")).headers["HX-Redirect"]


# --- rules --------------------------------------------------------------------------------------------------
RULE = {
    "name": "Long unanswered",
    "trigger": "CallMissed",
    "c0.field": "after_hours",
    "c0.op": "is",
    "c0.value": "no",
    "a0.kind": "create_task",
    "a0.was": "create_task",
    "a0.task": "callback",
    "a0.title": "Ring {number}",
    "a0.due": "next_working_time",
    "enabled": "1",
}


async def test_a_rule_is_written_kept_and_switched(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    status, where, text = await _sent(admin, "/settings/rules", RULE)
    assert status == 303, text
    async with web_site.database.reading() as work:
        rules, _ = await all_rules(work)
    rule = rules[-1]
    assert where == f"/settings/rules/{rule.id}?saved=1"
    [condition], [action] = rule.conditions, rule.actions
    assert (condition.field, condition.op, condition.value) == ("after_hours", Op.IS, False)
    assert action.kind is ActionKind.CREATE_TASK
    assert action.options == {"kind": "callback", "title": "Ring {number}", "due": "next_working_time"}
    page = await _page(admin, where)
    assert "Ring {number}" in page
    row = await (await admin.post(f"/settings/rules/{rule.id}/off")).text()
    assert "Turn on" in row
    status, _, text = await _sent(admin, f"/settings/rules/{rule.id}", RULE | {"name": "Sale wins the deal"})
    assert (status, "another rule is called" in text) == (422, True)
    await admin.post(f"/settings/rules/{rule.id}/up")
    await admin.post(f"/settings/rules/{rule.id}/remove")
    assert "Long unanswered" not in await _page(admin, "/settings/rules")


async def test_every_shipped_rule_survives_its_form(web_site: Site, login: Login) -> None:
    """What the form shows and sends back is the same rule."""
    admin = await login(Role.ADMINISTRATOR)
    async with web_site.database.reading() as work:
        before, _ = await all_rules(work)
    for rule in before:
        page = await _page(admin, f"/settings/rules/{rule.id}")
        start = page.index('id="rule-form"')
        form = page[start : page.index("</form>", start)]
        status, _, text = await _sent(admin, f"/settings/rules/{rule.id}", _filled(form))
        assert status == 303, (rule.name, text)
    async with web_site.database.reading() as work:
        after, _ = await all_rules(work)
    assert after == before


def _filled(form: str) -> dict[str, str]:
    """What a browser would send of a form as it came."""
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([a-z-]+)="([^"]*)"', tag))
        if attributes.get("type") == "checkbox" and " checked" not in tag:
            continue
        found[attributes["name"]] = attributes.get("value", "").replace("&#39;", "'").replace("&#34;", '"')
    for name, body in re.findall(r'<select [^>]*?name="([^"]+)"[^>]*>(.*?)</select>', form, re.DOTALL):
        options = re.findall(r'<option value="([^"]*)"( selected)?>', body)
        found[name] = next((value for value, chosen in options if chosen), options[0][0])
    return found


async def test_the_form_grows_and_shrinks_and_keeps_what_fits(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    text = await (await admin.post("/settings/rules/form", data=RULE | {"do": "add-condition"})).text()
    assert 'name="c1.field"' in text
    assert 'value="Ring {number}"' in text
    text = await (await admin.post("/settings/rules/form", data=RULE | {"trigger": "LeadDisposed"})).text()
    assert 'name="c0.field"' not in text  # it has no such fact
    text = await (await admin.post("/settings/rules/form", data=RULE | {"a0.kind": "close_lead"})).text()
    assert 'name="a0.reason"' in text
    assert 'name="a0.title"' not in text
    text = await (await admin.post("/settings/rules/form", data=RULE | {"do": "drop-action 0"})).text()
    assert 'name="a0.kind"' not in text


async def test_a_rule_is_tried_on_what_has_happened_and_nothing_is_changed(web_site: Site, login: Login) -> None:
    from crm_core.events import CallMissed

    admin = await login(Role.ADMINISTRATOR)
    helper = await login(Role.SELLER, extra_rights=frozenset({Right.CHANGE_SETTINGS}))
    number = "+998901112233"
    for n, after_hours in enumerate((False, True, False)):
        await add_call(web_site.database, f"m-{n}", direction="incoming", started_at=utc_now(), number=number)
        async with web_site.database.work() as work:
            work.publish(CallMissed(f"m-{n}", number, None, after_hours, utc_now()))
    text = await (await admin.post("/settings/rules/try", data=RULE)).text()
    assert "Of the last 3 events of this kind it would have acted on 2" in text
    assert "Ring +998901112233" in text
    text = await (await helper.post("/settings/rules/try", data=RULE)).text()  # nobody's calls are not his
    assert "Nothing of this kind has happened" in text
    assert "998901112233" not in text
    assert "Ring" not in await _page(admin, "/tasks?whose=all")
    text = await (await admin.post("/settings/rules/try", data=RULE | {"c0.field": "number", "c0.value": ""})).text()
    assert "nothing would have been done" in text or "for none of them" in text


# --- site ---------------------------------------------------------------------------------------------------
async def test_working_hours(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    form = {"zone": "Europe/Moscow", "holidays": "2026-12-31\n2027-01-01", "d5": "1"}
    form |= {"d5.opens": "10:00", "d5.closes": "14:30"}
    assert (await _sent(admin, "/settings/hours", form))[0] == 303
    async with web_site.database.reading() as work:
        found = await site.calendar(work)
    assert (found.zone, found.days) == ("Europe/Moscow", {5: (time(10), time(14, 30))})
    assert len(found.holidays) == 2
    for wrong in ({"zone": "Mars/Base"}, {"holidays": "tomorrow"}, {"d5.closes": "09:00"}, {"d5.opens": "x"}):
        assert (await _sent(admin, "/settings/hours", form | wrong))[0] == 422, wrong
    async with web_site.database.reading() as work:
        assert await site.calendar(work) == found


async def test_trunks_and_numbers(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    trunk = {"name": "main", "endpoint": "carrier", "prefixes": "+998", "caller_ids": "+998712000001"}
    trunk |= {"calls_per_second": "2,5", "max_lines": "10", "daily_calls": ""}
    assert (await _sent(admin, "/settings/trunks", trunk))[0] == 303
    assert "carrier" in await _page(admin, "/settings/trunks/main")
    assert (await _sent(admin, "/settings/trunks", trunk | {"prefixes": "998"}))[0] == 422
    assert (await _sent(admin, "/settings/trunks", trunk | {"max_lines": "-1"}))[0] == 422
    number = {"number": "71 200 00 01", "day_script": "", "night_script": ""}
    assert (await _sent(admin, "/settings/numbers", number))[0] == 422  # nothing would answer
    page = await _page(admin, "/settings/numbers")
    script = re.findall(r'<option value="([a-z_]+)">', page)[0]
    assert (await _sent(admin, "/settings/numbers", number | {"night_script": script}))[0] == 303
    assert "+998 71 200 00 01" in (await _page(admin, "/settings/numbers")).replace("-", " ") or "71 200 00 01" in (
        await _page(admin, "/settings/numbers")
    ).replace("-", " ")
    assert (await _sent(admin, "/settings/numbers/remove", {"number": "+998712000001"}))[0] == 303
    assert (await admin.post("/settings/trunks/main/remove")).headers["HX-Redirect"]
    await put_trunk(web_site.database, Trunk("spare", "x"))
    assert "spare" in await _page(admin, "/settings/numbers")


async def test_message_templates(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR)
    form = {"new": "1", "name": "offer", "channel": "sms", "language": "ru", "body": "Hello {name}"}
    assert (await _sent(admin, "/settings/templates", form))[0] == 303
    assert "Hello {name}" in await _page(admin, "/settings/templates/edit?name=offer&channel=sms&language=ru")
    status, _, text = await _sent(admin, "/settings/templates", form | {"body": "Hello {"})
    assert (status, "brace" in text) == (422, True)
    look = await (await admin.post("/settings/templates/look", data=form)).text()
    assert "Hello ‹name›" in look
    assert (await _sent(admin, "/settings/templates/remove", form))[0] == 303
    assert (await admin.get("/settings/templates/edit?name=offer&channel=sms&language=ru")).status == 404


async def test_a_token_is_shown_once_and_works(web_site: Site, login: Login) -> None:
    seller = await login(Role.SELLER)
    status, _, text = await _sent(seller, "/settings/tokens", {"name": "cal", "scopes": "tasks", "days": "30"})
    assert status == 200
    [secret] = re.findall(r'id="secret">(trk_[^<]+)<', text)
    answer = await seller.get("/api/v1/tasks", headers={"Authorization": f"Bearer {secret}"})
    assert answer.status == 200
    page = await _page(seller, "/settings/tokens")
    assert secret not in page
    assert (await _sent(seller, "/settings/tokens/1/revoke", {}))[0] == 303
    assert "Revoked" in await _page(seller, "/settings/tokens")
    assert (await _sent(seller, "/settings/tokens", {"name": "x", "days": "30"}))[0] == 422


async def test_a_webhook_from_its_making_to_its_log(web_site: Site, login: Login) -> None:
    admin, other = await login(Role.ADMINISTRATOR), await login(Role.ADMINISTRATOR)
    form = [("url", "https://crm.example.com/h"), ("events", "call.ended"), ("events", "deal.changed")]
    status, _, text = await _sent(admin, "/settings/webhooks", form)
    assert status == 200
    assert re.search(r'id="secret">whsec_[A-Za-z0-9+/=]{44}<', text.replace("&#43;", "+").replace("&#61;", "="))
    status, _, text = await _sent(admin, "/settings/webhooks", [("url", "http://10.0.0.1/"), ("events", "call.ended")])
    assert (status, "inside this network" in text) == (422, True)
    await admin.post("/settings/webhooks/1/ping")
    page = await _page(admin, "/settings/webhooks/1")
    assert "<code>ping</code>" in page
    assert "whsec_" not in page
    assert "Make a new secret" not in await _page(other, "/settings/webhooks/1")  # not his
    assert (await _sent(admin, "/settings/webhooks/1/off", {}))[0] == 303
    assert not (await webhooks.one_webhook(admin.actor, 1, web_site.database)).webhook.enabled
    assert (await admin.post("/settings/webhooks/1/remove")).headers["HX-Redirect"]
    assert "Nobody is told" in await _page(admin, "/settings/webhooks")


async def test_the_audit_log_is_filtered_paged_and_saved(web_site: Site, login: Login) -> None:
    admin = await login(Role.ADMINISTRATOR, "Ada")
    for n in range(60):
        await _sent(admin, "/settings/teams", {"name": f"Team {n}"})
    page = await _page(admin, "/settings/audit?action=team")
    assert page.count("<code>team.created</code>") == 50
    [after] = set(re.findall(r'href="/settings/audit\?action=team&amp;after=([^"]+)"', page))
    rest = await (
        await admin.get(f"/settings/audit?action=team&after={after}", headers={"HX-Request-Type": "partial"})
    ).text()
    assert rest.count("<code>team.created</code>") == 10
    assert "Nothing fits" in await _page(admin, "/settings/audit?since=2099-01-01")
    answer = await admin.get("/settings/audit/export?action=team")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    lines = (await answer.text()).splitlines()
    assert lines[0] == "at,by,action,noun,key,address,details"
    assert len(lines) == 61
    assert "audit.exported" in await _page(admin, "/settings/audit")


# --- search and the bell ------------------------------------------------------------------------------------
async def test_search_below_the_box_and_as_a_page(web_site: Site, login: Login) -> None:
    seller, other = await login(Role.SELLER, "Sabina"), await login(Role.SELLER, "Otabek")
    masked = await login(Role.SELLER, "Bobur", masked=True)
    mine = await add_contact(web_site.database, "Rustam Aliyev", "+998901234567", owner_id=seller.actor.user_id)
    page = await _page(seller, "/search?q=rust")
    assert f'href="/contacts/{mine}"' in page
    part = await (await seller.get("/search?q=90 123-45", headers={"HX-Request-Type": "partial"})).text()
    assert (f'href="/contacts/{mine}"' in part, "<h1>" in part) == (True, False)
    assert "Nothing found" in await _page(other, "/search?q=rustam")
    assert "at least three" in await _page(seller, "/search?q=ru")
    await add_contact(web_site.database, "Call 90 765 43 21", "+998907654321", owner_id=masked.actor.user_id)
    text = await _page(masked, "/search?q=call")
    assert "765" not in text


async def test_the_bell_shows_what_is_new_and_forgets_what_was_read(web_site: Site, login: Login) -> None:
    seller, other = await login(Role.SELLER, "Sabina"), await login(Role.SELLER, "Otabek")
    task = await create_task(CreateTask("Ring 90 123 45 67", utc_now(), "x"), web_site.database, utc_now())
    new = [
        Notice(seller.actor.user_id, f"task {task}", NoticeKind.TASK_GIVEN, "Ring Rustam", "/tasks"),
        Notice(other.actor.user_id, "k", NoticeKind.DEAL_MOVED, "Not hers"),
    ]
    await notices.tell(new, web_site.database, utc_now())
    bell = await (await seller.get("/notifications/bell")).text()
    assert "A task was handed to you" in bell
    assert "Ring Rustam" in bell
    assert "Not hers" not in bell
    assert "notice-unread" in bell
    answer = await seller.get("/notifications/1/open")
    assert (answer.status, answer.headers["Location"]) == (303, "/tasks")
    assert (await seller.get("/notifications/2/open")).status == 404
    assert "notice-unread" not in await (await seller.get("/notifications/bell")).text()
    assert "You have read all" in await _page(seller, "/notifications?unread=1")
    assert "notice-unread" not in await (await other.post("/notifications/read")).text()


@pytest.mark.parametrize("path", ["/settings/audit", "/settings/templates/edit", "/settings/webhooks/1", "/search"])
async def test_whatever_stands_in_the_address_is_no_fault_of_ours(web_site: Site, login: Login, path: str) -> None:
    admin = await login(Role.ADMINISTRATOR)
    for query in ("after=x", "since=0001-01-01&until=9999-12-31", "q=%00%ff", "user=99999999999999999999", "name=%00"):
        assert (await admin.get(f"{path}?{query}")).status < 500, query


# --- numbers to transfer to ---------------------------------------------------------------------------------
async def test_numbers_to_transfer_to_are_noted_and_removed(web_site: Site, login: Login) -> None:
    admin, path = await login(Role.ADMINISTRATOR), "/settings/transfer-numbers"
    assert "No number is noted yet" in await _page(admin, path)
    doctor = {"name": " Doctor  on duty ", "number": "71 234 56 78"}
    assert (await _sent(admin, path, doctor))[:2] == (303, f"{path}?saved=1")
    page = await _page(admin, path)
    assert "Doctor on duty" in page
    assert "71 234 56 78" in page.replace("\u00a0", " ").replace("-", " ")
    for wrong, said in ((doctor, "another number has this name"), ({"name": "x", "number": "12"}, "phone number")):
        status, _, text = await _sent(admin, path, wrong)
        assert (status, said in text or "numbering plan" in text) == (422, True), wrong
        assert f'value="{wrong["name"]}"' in text  # what was written is kept
    answer = await admin.get("/api/v1/settings/transfer-numbers")
    assert await answer.json() == [{"name": "Doctor on duty", "number": "+998712345678"}]
    assert (await _sent(admin, path + "/remove", {"name": "Doctor on duty"}))[0] == 303
    assert (await _sent(admin, path + "/remove", {"name": "Doctor on duty"}))[0] == 404
    assert "No number is noted yet" in await _page(admin, path)
