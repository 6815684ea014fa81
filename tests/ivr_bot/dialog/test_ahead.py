"""Which of a person's own words can come, and how soon."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ivr_bot.dialog.ahead import own_texts, without_name
from ivr_bot.dialog.engine import begin, step
from ivr_bot.dialog.heard import Said
from ivr_bot.dialog.pieces import Text
from ivr_bot.dialog.reading import load_script, read_script
from ivr_bot.dialog.shipped import found_script
from ivr_bot.dialog.state import Dialog

NOW = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
SCRIPT = """
script: debt
languages: [en, ru]
fields: [name, debt, company]
who: {en: "This is {company}.", ru: "Это {company}."}
start: hello
nodes:
  hello: {kind: say, prompt: {en: "Hello {name}.", ru: "Здравствуйте, {name}."}, next: pays}
  pays:
    kind: yes_no
    prompt: {en: ["You owe {debt}. Will you pay?", "{debt} is open: will you pay?"], ru: "Вы заплатите {debt}?"}
    again: {en: "Will you pay {debt}, {name}?", ru: "Заплатите?"}
    if_yes: day
    if_no: bye
  day: {kind: date, prompt: {en: "When?", ru: "Когда?"}, next: noted}
  noted: {kind: say, prompt: {en: "{name}, you pay on {day}.", ru: "Вы платите {day}."}, next: bye}
  bye: {kind: hang_up, prompt: {en: "Goodbye {name}.", ru: "До свидания."}}
"""


def _begun(lead: dict[str, str] | None = None) -> Dialog:
    lead = lead or {"name": "Ali", "debt": "five dollars", "company": "Lola"}
    return begin(read_script(SCRIPT, "debt.yml"), lead, "en", NOW)[0]


def test_what_is_said_soonest_comes_first_and_what_waits_for_an_answer_is_not_there() -> None:
    own = {one.text.text: one.after for one in own_texts(_begun())}
    assert own == {
        "You owe five dollars. Will you pay?": 0,
        "five dollars is open: will you pay?": 0,
        "Will you pay five dollars, Ali?": 1,
        "Goodbye Ali.": 1,
        "This is Lola.": 1,
    }
    assert list(own.values()) == sorted(own.values())


def test_after_an_answer_what_holds_it_is_there() -> None:
    dialog, _ = step(_begun(), Said("yes", 1.0, NOW))
    assert not any("pay on" in one.text.text for one in own_texts(dialog))
    dialog = Dialog(dialog.script, "en", dialog.lead, NOW, "noted", slots={**dialog.slots, "day": "2026-03-09"})
    assert own_texts(dialog)[0].text == Text("Ali, you pay on 9 March.", "en")


def test_nothing_more_is_said_once_it_is_over() -> None:
    dialog, _ = step(_begun(), Said("no", 1.0, NOW))
    assert dialog.ended
    assert own_texts(dialog) == ()


def test_a_text_without_the_name_is_what_a_nameless_person_hears() -> None:
    dialog = _begun()
    assert without_name(dialog, Text("Hello Ali.", "en")) == Text("Hello .", "en")
    assert without_name(dialog, Text("You owe five dollars. Will you pay?", "en")) is None
    assert without_name(_begun({"name": "", "debt": "x", "company": "y"}), Text("Hello .", "en")) is None
    assert without_name(dialog, Text("When?", "en")) is None


@pytest.mark.parametrize("name", ["appointment_reminder", "debt_reminder", "satisfaction_survey", "after_hours"])
def test_shipped_scripts_name_their_fields_and_leave_no_gap(name: str) -> None:
    script = load_script(found_script(name))
    dialog, _ = begin(script, {field: f"<{field}>" for field in (*script.fields, "name")}, script.languages[-1], NOW)
    own = own_texts(dialog)
    assert own
    assert all("<" in one.text.text and "{" not in one.text.text for one in own)
