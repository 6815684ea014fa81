"""The infobot's campaigns on real Asterisks: asked by voice, answered by keys and by voice, written down, handed on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.db.tables import agents, attempts, conversations, outbox, recordings, tasks
from crm_core.domain.agents import AgentState
from crm_core.domain.campaigns import DialMode
from crm_core.handlers.campaigns import Order, order_campaign, put_trunk
from crm_core.handlers.conversations import transcript
from tests.asterisk.asterisk import Pair
from tests.asterisk.scene import TRUNK, Scene, now, open_until_today, opened_scene

#: People who answer and say nothing, and one who talks (an English woman).
CALLER = "+998901234567"
SILENT, ALSO_SILENT, TALKS = "+998909000001", "+998909000002", "+998901000001"
RATING = """
script: rating
languages: [en]
fields: [name]
operators: sales
who: "Lola calls about your visit."
start: rating
nodes:
  rating:
    kind: rating
    from: 0
    to: 9
    prompt: "How was your visit, from nought to nine?"
    next: how_bad
  how_bad:
    kind: branch
    cases: [{if: {of: rating, at_most: 3}, go: sorry}]
    otherwise: done
  sorry: {kind: task, task: call_back, text: "Bad rating: {rating}", next: done}
  done: {kind: disposition, code: not_interested, next: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""
OPEN = """
script: opinion
languages: [en]
who: "Lola calls about your visit."
start: opinion
nodes:
  opinion: {kind: free, prompt: "Well?", barge_in: false, next: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""

SURVEY = """
script: survey
languages: [en]
fields: [name]
who: "Lola calls about your visit."
start: may_ask
nodes:
  may_ask: {kind: yes_no, prompt: "Hello {name}. May I ask something?", if_yes: rating, if_no: bye}
  rating: {kind: rating, from: 0, to: 9, prompt: "How was your visit?", next: why}
  why: {kind: free, prompt: "Why?", next: done}
  done: {kind: disposition, code: surveyed, next: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""
PERSON = """
script: person
languages: [en]
operators: sales
who: "Lola calls about your visit."
start: talk
nodes:
  talk: {kind: yes_no, prompt: "Do you want to hear more?", if_yes: bye, if_no: bye}
  bye: {kind: hang_up, prompt: "Thank you."}
"""


@pytest.fixture
async def scene(pair: Pair, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setenv("DESK_NIGHT_SCRIPT", "rating")
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "rating.yml").write_text(RATING)
    (scripts / "opinion.yml").write_text(OPEN)
    (scripts / "person.yml").write_text(PERSON)
    (scripts / "survey.yml").write_text(SURVEY)
    async with opened_scene(pair, tmp_path, sqlite_url, TRUNKLINE_ROLES="web,pbx,dialer,worker,bot") as scene:
        yield scene


async def test_a_survey_is_answered_by_keys_and_a_bad_rating_is_a_task(scene: Scene) -> None:
    await scene.campaign(SILENT, mode=DialMode.BOT, script="rating")
    there = await scene.network_channel(SILENT)
    await scene.hears(there)
    await scene.presses(there, "2")
    attempt = await scene.attempt(SILENT)
    assert (attempt.outcome, attempt.disposition) == ("answered", "not_interested")
    talked = await scene.row(conversations)
    assert (talked.script, talked.ending, talked.last_node) == ("rating", "finished", "bye")
    said, answers = await transcript(attempt.id, scene.database)
    assert [(answer.question, answer.value) for answer in answers] == [("rating", "2")]
    assert [(turn.party, turn.engine) for turn in said][:2] == [("bot", ""), ("person", "keys")]
    task = await scene.row(tasks)
    assert (task.title, task.kind, task.number) == ("Bad rating: 2", "callback", SILENT)
    # The bot's result is no reason to withdraw what the bot has promised.
    await scene.row(outbox, outbox.c.type == "LeadDisposed", fact=lambda row: row.done_at)
    assert (await scene.row(tasks)).done_at is None
    recording = await scene.row(recordings)
    assert recording.agent_dbfs > -50  # the bot
    call = await scene.ended(SILENT)
    assert (call.outcome, call.bridged_at) == ("answered", None)


async def test_people_who_speak_and_press_are_understood_each_for_himself(scene: Scene) -> None:
    """Key 1 is yes; the digit is said by a person; the sentence is "All of our representatives are currently busy"."""
    said = {"+998931530001": "5", "+998931830002": "8", "+998931930003": "9"}
    await put_trunk(scene.database, replace(TRUNK, prefixes=("+99893",)))
    await scene.campaign(*said, mode=DialMode.BOT, script="survey")
    for number, rating in said.items():
        attempt = await scene.row(attempts, attempts.c.number == number, fact=lambda row: row.settled_at, wait=60)
        turns, answers = await transcript(attempt.id, scene.database)
        given = {answer.question: answer.value for answer in answers}
        assert (given["may_ask"], given["rating"]) == ("yes", rating), [(turn.party, turn.text) for turn in turns]
        assert "representatives" in given["why"]
        assert {turn.engine.partition("/")[0] for turn in turns if turn.party == "person"} == {"keys", "whisper"}
        assert attempt.disposition == "surveyed"


async def test_an_open_question_is_answered_by_voice(scene: Scene) -> None:
    await scene.campaign(TALKS, mode=DialMode.BOT, script="opinion")
    # She hardly pauses: an open answer is cut after 20 s.
    attempt = await scene.row(attempts, fact=lambda row: row.ended_at, wait=60)
    talked = await scene.row(conversations)
    assert talked.ending == "finished"
    said, answers = await transcript(attempt.id, scene.database)
    heard = [turn for turn in said if turn.party == "person"]
    assert heard[-1].engine.startswith("whisper")
    assert [answer.question for answer in answers] == ["opinion"]
    assert len(answers[0].value.split()) >= 2


async def test_who_asks_for_a_person_is_bridged_with_one(scene: Scene) -> None:
    await scene.campaign(SILENT, mode=DialMode.BOT, script="person", start=False)
    agent = await scene.agent("op1")
    await order_campaign(scene.database, "autumn", Order.START, now())
    there = await scene.network_channel(SILENT)
    await scene.hears(there)
    await scene.presses(there, "0")
    talk = await scene.bridged(SILENT)
    assert talk.agent_id == agent.id
    await scene.agent_in(agent.id, AgentState.ON_CALL)
    await scene.hang_up(talk.id)
    talked = await scene.row(conversations)
    assert (talked.ending, talked.summary) == ("transferred", "Person 0 asks for a person.")


async def test_outside_hours_the_bot_takes_a_call_which_is_then_not_missed(scene: Scene) -> None:
    await scene.calendar(open_until_today())
    there = await scene.call_in(CALLER)
    await scene.hears(there)
    await scene.presses(there, "2")
    talked = await scene.row(conversations)
    assert (talked.script, talked.ending, talked.campaign_id) == ("rating", "finished", None)
    call = await scene.ended(CALLER)
    assert (call.direction, call.outcome, call.after_hours) == ("incoming", "answered", True)
    await scene.row(outbox, outbox.c.type == "CallEnded", fact=lambda row: row.done_at)
    assert [task.title for task in await scene.rows(tasks)] == ["Bad rating: 2"]


async def test_nobody_takes_over_so_a_task_is_made(scene: Scene) -> None:
    await scene.campaign(ALSO_SILENT, mode=DialMode.BOT, script="person")
    there = await scene.network_channel(ALSO_SILENT)
    await scene.hears(there)
    await scene.presses(there, "0")
    task = await scene.row(tasks, wait=40)
    assert task.title == "The bot promised a colleague: Person 0 asks for a person."
    assert await scene.rows(agents) == []
