"""Every closed question can be answered by keys."""

from __future__ import annotations

from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr_bot.dialog.answering import Answer, meaning_of_keys
from ivr_bot.dialog.heard import Pressed
from ivr_bot.dialog.keys import keyed, offer, taken
from ivr_bot.dialog.languages import language_named
from ivr_bot.dialog.script import LANGUAGES, Ask, AskKind, Option, Prompt, Script
from ivr_bot.dialog.state import Dialog
from tests.ivr_bot.dialog.scripts import NOW, SHIPPED, lead

_OPTIONS = (
    Option("a", "1", {each: ("first",) for each in LANGUAGES}, "x"),
    Option("b", "2", {each: ("second",) for each in LANGUAGES}, "x"),
)
_KINDS = st.sampled_from(list(AskKind))


def _ask(kind: AskKind) -> Ask:
    options = _OPTIONS if kind is AskKind.CHOICE else ()
    return Ask("q", 1, kind, Prompt({}), "q", options=options, low=1, high=10)


@given(_KINDS, st.text(max_size=14))
def test_no_keys_break_a_question(kind: AskKind, digits: str) -> None:
    value = keyed(_ask(kind), digits, NOW)
    assert value is None or len(digits) <= taken(_ask(kind))[1]


@pytest.mark.parametrize("kind", [kind for kind in AskKind if kind is not AskKind.FREE])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_closed_question_offers_its_keys(kind: AskKind, language: str) -> None:
    assert offer(_ask(kind), language, NOW)


@given(st.dates(NOW.date(), date(2027, 11, 24)))
def test_a_keyed_day_is_the_next_one(day: date) -> None:
    assert keyed(_ask(AskKind.DATE), day.strftime("%d%m"), NOW) == day.isoformat()


@given(st.times())
def test_a_keyed_time_is_that_time(at: time) -> None:
    assert keyed(_ask(AskKind.TIME), at.strftime("%H%M"), NOW) == at.strftime("%H:%M")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("speak russian", "ru"),
        ("по-узбекски", "uz"),
        ("oʻzbekcha", "uz"),
        ("o'zbek tilida", "uz"),
        ("ruscha", "ru"),
        ("english or russian", None),
    ],
)
def test_a_language_is_known_by_its_name(text: str, language: str | None) -> None:
    assert language_named(text, LANGUAGES) == language


_CLOSED = [
    (of, node)
    for of in SHIPPED
    for node in of.nodes.values()
    if isinstance(node, Ask) and node.kind is not AskKind.FREE
]


@pytest.mark.parametrize(("of", "ask"), _CLOSED, ids=[f"{of.name} {ask.name}" for of, ask in _CLOSED])
def test_every_closed_question_of_the_shipped_scripts_takes_keys(of: Script, ask: Ask) -> None:
    dialog = Dialog(of, "en", lead(of), NOW)
    keys = {AskKind.DATE: "0112", AskKind.TIME: "0930", AskKind.AMOUNT: "50000"}.get(ask.kind, "1")
    meaning = meaning_of_keys(dialog, ask, Pressed(keys))
    assert isinstance(meaning, Answer)
    assert set(keys) <= set(taken(ask)[0])
    assert len(keys) <= taken(ask)[1]
