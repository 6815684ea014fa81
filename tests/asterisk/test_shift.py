"""An operator's shift, by keyboard, in a real Chromium on the real switch: the test of the whole product.

A campaign dials the simulated network; who answers is bridged to the phone in the browser, both hear each other, his
card is open; what the operator concludes becomes a deal and a task on the manager's pages. And all this while pages
are loaded again, tabs are opened, the push is cut and the web's process is killed.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from crm_core.db.tables import calls, recordings
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import Record
from tests.asterisk.asterisk import Pair
from tests.asterisk.shift import Workday, opened_shift_browser, opened_workday

#: People who answer and speak; the digit after 1 is for how many seconds they let it ring.
FIRST, SECOND = "+998901000001", "+998901010002"
NAMES = {FIRST: "Person 0", SECOND: "Person 1"}
QUIET = -50.0
#: Seconds for which the web's process is away.
DOWN = 5.0
#: Seconds at most until a page has come back: it asks every 15 s in the end, and a process takes a while to start.
BACK = 45.0
SCRIPT = "Good morning {name}, this is Trunkline.\n\n# Too dear\n\nThere is a smaller one."


@pytest.fixture(scope="session")
async def shift_browser(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with opened_shift_browser(tmp_path_factory.mktemp("shift")) as browser:
        yield browser


@pytest.fixture
async def day(
    pair: Pair, tmp_path: Path, sqlite_url: str, redis_url: str, shift_browser: Browser
) -> AsyncIterator[Workday]:
    async with opened_workday(pair, tmp_path, sqlite_url, redis_url, shift_browser) as opened:
        yield opened


async def test_a_shift_from_the_log_in_to_the_managers_pages(day: Workday) -> None:
    await day.scene.campaign(FIRST, SECOND, record=Record.BRIDGED, agent_script=SCRIPT)
    desk = await day.desk()
    keys = {"interested": "1", "callback": "2"}
    for result, key in keys.items():
        call = await day.scene.call(lambda row: row.bridged_at and not row.ended_at)
        await desk.shows("Talking")
        await desk.has(NAMES[call.number])
        await expect(desk.page.locator(".desk-script")).to_contain_text(f"Good morning {NAMES[call.number]}")
        await expect(desk.phone.locator("#phone")).to_have_attribute("data-talk", "person")
        await desk.speaks(2.5)
        await desk.press("x")
        await desk.shows("Write up")
        assert (await day.is_in(AgentState.WRAP_UP)).leg == await desk.leg(), "the line is still open"
        recording = await day.scene.row(recordings, recordings.c.call_id == call.id)
        assert min(recording.customer_dbfs, recording.agent_dbfs) > QUIET, "both are heard"
        await desk.press(key)
        if result == "callback":
            await expect(desk.page.locator("input[name=callback]")).to_be_visible()
            await desk.press("y")  # tomorrow morning
        await desk.press("Enter")
        written = await day.scene.call(lambda row: row.disposition, calls.c.id == call.id)
        assert written.disposition == result
    await desk.shows("Available")
    await day.manager_sees("/deals", ".column", "Interested")
    await day.manager_sees("/tasks?whose=all", ".task-title", "Call back")


async def test_in_mid_call_a_page_loaded_again_and_a_second_tab_show_the_truth(day: Workday) -> None:
    await day.scene.campaign(FIRST, agent_script=SCRIPT)
    desk = await day.desk()
    await day.scene.bridged(FIRST)
    await desk.has(NAMES[FIRST])
    leg = await desk.leg()
    await desk.page.reload()
    second = await desk.page.context.new_page()
    await day.faults.watch(second)
    await second.goto(desk.page.url)
    for page in (desk.page, second):
        await desk.has(NAMES[FIRST], page)
        await desk.shows("Talking", page)
        await expect(page.locator("#phone-bar")).to_have_attribute("data-state", "open")
    assert await desk.leg() == leg, "the phone has not noticed"
    await second.keyboard.press("m")
    for page in (desk.page, second):
        await expect(page.locator("[data-command=toggle_mute]")).to_have_attribute("aria-pressed", "true")
    await second.keyboard.press("x")
    for page in (desk.page, second):
        await desk.shows("Write up", page)
        await expect(page.locator("[data-command=toggle_mute]")).to_have_attribute("aria-pressed", "false")
    await desk.page.bring_to_front()
    await desk.press("1", "Enter")
    for page in (desk.page, second):
        await desk.shows("Available", page)


async def test_a_person_is_handed_to_a_colleague_by_keyboard(day: Workday) -> None:
    colleague = await day.scene.agent("op2", campaign=None)
    await day.scene.campaign(FIRST)
    desk = await day.desk()
    await desk.shows("Talking")
    person = (await day.is_in(AgentState.ON_CALL)).call_id
    await desk.press("t")
    await expect(desk.page.locator("#transfer .transfer-line")).to_contain_text(colleague.name)
    await desk.press("1")
    await desk.shows("Write up")
    await expect(desk.page.locator("#transfer")).to_be_hidden()
    assert (await day.scene.agent_in(colleague.id, AgentState.ON_CALL)).call_id == person
    assert (await day.is_in(AgentState.WRAP_UP)).leg == await desk.leg(), "his line is open for the next"


async def test_the_talk_goes_on_while_the_push_is_cut_and_while_the_web_is_down(day: Workday) -> None:
    day.faults.expect("net::|Failed to (load|fetch)|ERR_|NetworkError")
    await day.scene.campaign(FIRST, SECOND, record=Record.BRIDGED)
    desk = await day.desk()
    call = await day.scene.call(lambda row: row.bridged_at and not row.ended_at)
    await desk.has(NAMES[call.number])
    await desk.shows("Talking")

    day.cable.is_out = True
    day.cable.cut()
    await expect(desk.page.locator("#live")).not_to_have_attribute("data-state", "on")
    await day.scene.hang_up_there(await day.scene.network_channel(call.number))
    await day.is_in(AgentState.WRAP_UP)
    await desk.shows("Talking")  # it cannot know better, and #live says so
    day.cable.is_out = False
    await desk.shows("Write up")
    await desk.press("3", "Enter")

    other = await day.scene.call(lambda row: row.bridged_at and not row.ended_at)
    await desk.has(NAMES[other.number])
    await desk.shows("Talking")
    await day.web.kill()
    await expect(desk.page.locator("#live")).not_to_have_attribute("data-state", "on")
    await desk.speaks(DOWN)
    assert (await day.is_in(AgentState.ON_CALL)).leg == await desk.leg()
    await day.web.start()
    await expect(desk.page.locator("#live")).to_have_attribute("data-state", "on", timeout=BACK * 1000)
    await desk.has(NAMES[other.number])
    await desk.press("x")
    await desk.shows("Write up")
    recording = await day.scene.row(recordings, recordings.c.call_id == other.id)
    assert recording.seconds > DOWN
    assert min(recording.customer_dbfs, recording.agent_dbfs) > QUIET, "both were heard"
    await desk.press("1", "Enter")
    await desk.shows("Available")
