"""Numbers of ours that a script answers: which one at which hours, and who is told of the call."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import update

from crm_core.db.engine import Database
from crm_core.db.tables import contacts, messages, tasks
from crm_core.domain.conversations import Answer, Conversation, Ending, Party, Turn
from crm_core.domain.messages import MessageChannel, Template
from crm_core.domain.numbers import Answering, IncomingRule, OwnNumber, answering, told_of
from crm_core.errors import BadInput, NotFound
from crm_core.handlers.call_book import DatabaseCallBook
from crm_core.handlers.call_notices import TEMPLATE
from crm_core.handlers.conversations import DatabaseConversationBook
from crm_core.handlers.messages import put_template, templates
from crm_core.handlers.numbers import every_number, parse_number, put_number, remove_number
from crm_core.handlers.reception import DatabaseReception
from crm_core.ports import IncomingCall
from tests.crm_core.dialing import NOW, add_campaign, after, incoming, number_of, rows_of
from tests.crm_core.shell import Shell

OURS, OTHER, SHORT = "+998712000000", "+998712000001", "100"
SITE = IncomingRule("night", {"company": "Lola"}, "boss@example.com")
BOTH = OwnNumber(OURS, "day", "late", {"company": "Lola Tours"}, "tours@example.com")


@pytest.mark.parametrize(
    ("own", "rule", "by_day", "by_night"),
    [
        (None, IncomingRule(), None, None),
        (None, SITE, None, "night"),
        (BOTH, SITE, "day", "late"),
        (BOTH, IncomingRule(), "day", "late"),
        (OwnNumber(OURS, day_script="day"), SITE, "day", "night"),
        (OwnNumber(OURS, night_script="late"), SITE, None, "late"),
    ],
)
def test_a_numbers_own_script_goes_before_the_sites(
    own: OwnNumber | None, rule: IncomingRule, by_day: str | None, by_night: str | None
) -> None:
    found = [answering(own, rule, after_hours) for after_hours in (False, True)]
    assert [one and one.script for one in found] == [by_day, by_night]


def test_fields_and_address_of_the_number_go_before_the_sites() -> None:
    assert answering(BOTH, SITE, True) == Answering("late", {"company": "Lola Tours"})
    assert told_of(BOTH, SITE) == "tours@example.com"
    assert told_of(OwnNumber(OURS, "day"), SITE) == told_of(None, SITE) == "boss@example.com"


async def _calls(database: Database, call: str, line: str, late: bool, number: str | None = None) -> bool:
    """Somebody calls `line`; whether a script answers. The switch tells of the call before or after."""
    reception = DatabaseReception(database, SITE)
    taken = await reception.note_incoming(IncomingCall(call, "PJSIP/x-1", line, number), late, NOW)
    told = incoming(call, number=number, line=line if line.startswith("+") else None, answered_at=NOW)
    await DatabaseCallBook(database, lambda: NOW).record_calls([told])
    return taken


async def test_what_the_desk_decides_is_what_the_bot_is_briefed_with(database: Database) -> None:
    await put_number(BOTH, database)
    await put_number(OwnNumber(SHORT, "desk"), database)
    book = DatabaseConversationBook(database, SITE)
    expected = {
        ("1.1", OURS, False): ("day", "Lola Tours"),
        ("1.2", OURS, True): ("late", "Lola Tours"),
        ("1.3", OTHER, False): None,
        ("1.4", OTHER, True): ("night", "Lola"),
        ("1.5", SHORT, False): ("desk", "Lola"),  # the switch knows no number of that kind
    }
    for (call, line, late), by in expected.items():
        assert await _calls(database, call, line, late) is (by is not None)
        briefing = await book.begin(call)
        assert (briefing and (briefing.script, briefing.fields["company"])) == by
        assert briefing is None or briefing.announces


@pytest.mark.parametrize(("announces", "rule"), [(True, SITE), (False, IncomingRule("night", announces=False))])
async def test_the_site_says_whether_callers_are_announced(
    database: Database, announces: bool, rule: IncomingRule
) -> None:
    await _calls(database, "1.1", OTHER, True)
    briefing = await DatabaseConversationBook(database, rule).begin("1.1")
    assert briefing is not None
    assert briefing.announces is announces


def spoken(call: str, language: str = "en") -> Conversation:
    turns = (
        Turn(Party.BOT, "What is it about?", "topic", after(1), after(2)),
        Turn(Party.PERSON, "It does not work", "topic", after(3), after(4), "whisper", 0.9),
    )
    answers = (Answer("topic", "fault", "It does not work", after(3)), Answer("good_time", "tomorrow", "", after(5)))
    return Conversation(call, "night", language, NOW, after(30), Ending.FINISHED, "bye", turns, answers)


async def test_who_is_to_know_of_a_call_is_written_to_once_in_its_own_commit(database: Database) -> None:
    await add_campaign(database)
    caller = number_of(0)
    async with database.work() as work:
        await work.run(update(contacts).values(name="Dilnoza"))
    await _calls(database, "1.1", OTHER, True, caller)
    book = DatabaseConversationBook(database, SITE)
    for _ in range(2):
        await book.record(spoken("1.1"), after(31))
    (mail,) = await rows_of(database, messages)
    assert (mail.channel, mail.to, mail.state, mail.call_id) == ("email", "boss@example.com", "queued", "1.1")
    assert mail.subject.startswith(f"Dilnoza {caller} called at ")
    for words in (OTHER, "topic: fault", "good time: tomorrow", "» It does not work", "1.1"):
        assert words in mail.body
    assert await rows_of(database, tasks) == []


async def test_a_withheld_number_and_silence_are_told_too_in_the_language_spoken(database: Database) -> None:
    await _calls(database, "1.1", OTHER, True)
    silent = Conversation("1.1", "night", "ru", NOW, after(9), Ending.HUNG_UP, "topic")
    await DatabaseConversationBook(database, SITE).record(silent, after(31))
    (mail,) = await rows_of(database, messages)
    assert mail.subject.startswith("Звонок: Скрытый номер, ")
    assert "На вопросы ответа нет." in mail.body


async def test_nobody_is_written_to_where_nobody_is_named_or_nobody_called(database: Database) -> None:
    await _calls(database, "1.1", OTHER, True)
    await DatabaseConversationBook(database, IncomingRule("night")).record(spoken("1.1"), after(31))
    await DatabaseConversationBook(database, SITE).record(spoken("t-1"), after(31))  # one of ours
    assert await rows_of(database, messages) == []


async def test_a_sites_own_words_stay(database: Database) -> None:
    await put_template(Template(TEMPLATE, MessageChannel.EMAIL, "en", "{caller}!", "Call"), database, NOW)
    await _calls(database, "1.1", OTHER, True)
    await DatabaseConversationBook(database, SITE).record(spoken("1.1"), after(31))
    (mail,) = await rows_of(database, messages)
    assert (mail.subject, mail.body) == ("Call", "A withheld number!")
    assert {one.language for one in await templates(database, TEMPLATE)} == {"en", "ru", "uz"}


async def test_numbers_are_put_in_their_stored_form_and_taken_away(database: Database) -> None:
    stored = await put_number(OwnNumber("71 200-00-00", "day", notify="A@B.uz"), database, "UZ")
    assert stored == OwnNumber(OURS, "day", notify="a@b.uz")
    await put_number(BOTH, database)
    assert await every_number(database) == [BOTH]
    assert await remove_number(OURS, database) == OURS
    with pytest.raises(NotFound, match="number list"):
        await remove_number(OURS, database)
    with pytest.raises(BadInput, match="nothing would answer"):
        await put_number(OwnNumber(OURS), database)
    with pytest.raises(BadInput, match="e-mail"):
        await put_number(OwnNumber(OURS, "day", notify="the boss"), database)


def test_a_short_number_is_a_number_of_ours() -> None:
    assert parse_number(" 100 ") == "100"
    with pytest.raises(BadInput):
        parse_number("reception")


async def test_the_command_line_gives_a_number_to_scripts(shell: Shell, database: Database) -> None:
    assert "Agents answer every number" in await shell("number", "list")
    fields = ("--field", "company=Lola", "--field", "opens=at nine")
    put = ("number", "put", OURS, "--night-script", "after_hours", "--notify", "boss@example.com")
    assert await shell(*put, *fields) == f"{OURS} is answered by night after_hours."
    told = await shell("number", "list")
    for words in (OURS, "agents", "after_hours", "company=Lola; opens=at nine", "boss@example.com"):
        assert words in told
    with pytest.raises(BadInput, match="nothing is given for opens"):
        await shell(*put, *fields[:2])
    with pytest.raises(NotFound, match="script"):
        await shell("number", "put", OURS, "--day-script", "gone")
    with pytest.raises(BadInput, match="--field"):
        await shell(*put, "--field", "Lola")
    assert (await every_number(database))[0].night_script == "after_hours"
    assert await shell("number", "remove", OURS) == f"{OURS} is answered by agents again."


async def test_a_sites_own_script_may_answer(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    text = 'script: hello\nlanguages: [en]\nwho: "We."\nstart: bye\nnodes:\n  bye: {kind: hang_up, prompt: "Hello."}\n'
    (tmp_path / "scripts" / "hello.yml").write_text(text)
    told = await shell("number", "put", OURS, "--day-script", "hello", "--night-script", "hello")
    assert told == f"{OURS} is answered by day hello and by night hello."
