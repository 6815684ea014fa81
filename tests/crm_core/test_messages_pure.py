"""Templates, addresses and the retry schedule: nothing but words and numbers."""

from __future__ import annotations

import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from crm_core.domain.messages import (
    FaultKind,
    MessageChannel,
    RetrySchedule,
    Template,
    checked,
    fields_of,
    is_tried_again,
    next_try,
    parse_address,
    parse_any_address,
    render,
)
from crm_core.errors import BadInput
from crm_core.messaging.seed import shipped_templates
from ivr_bot.dialog.reading import load_script
from ivr_bot.dialog.script import Message as MessageNode
from ivr_bot.dialog.shipped import shipped_scripts

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
NAMES = st.from_regex(r"[a-z_][a-z0-9_]{0,8}", fullmatch=True)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}\x00"), max_size=30)


def sms(body: str) -> Template:
    return Template("offer", MessageChannel.SMS, "en", body)


def test_a_text_is_filled_and_two_braces_are_one() -> None:
    words = render(sms("{{{name}}}: {offer}, {offer}!"), {"name": " Ann ", "offer": "tea", "more": "x"})
    assert words.body == "{Ann}: tea, tea!"
    assert fields_of(sms("{b} {a} {b}")) == ("b", "a")


def test_all_missing_fields_are_named_at_once_and_an_empty_one_is_missing() -> None:
    with pytest.raises(BadInput, match="nothing is known for name, price"):
        render(sms("{name} {offer} {price}"), {"offer": "tea", "name": "  "})


def test_a_subject_stays_one_line_whatever_fills_it() -> None:
    mail = Template("offer", MessageChannel.EMAIL, "en", "{x}", "For {x}")
    words = render(mail, {"x": "you\r\nBcc: all@example.com"})
    assert words.subject == "For you Bcc: all@example.com"
    assert words.body == "you\r\nBcc: all@example.com"


@given(st.lists(st.tuples(WORDS, NAMES), max_size=5), WORDS, st.dictionaries(NAMES, st.from_regex(r"\w+")))
def test_what_is_rendered_is_the_text_with_the_fields_in_their_places(
    pieces: list[tuple[str, str]], last: str, extra: dict[str, str]
) -> None:
    template = sms("".join(f"{words}{{{name}}}" for words, name in pieces) + last)
    fields = extra | {name: f"<{name}>" for _, name in pieces}
    assert render(template, fields).body == "".join(f"{words}<{name}>" for words, name in pieces) + last
    if pieces:
        gone = pieces[0][1]
        with pytest.raises(BadInput, match=rf"\b{gone}\b"):
            render(template, {name: value for name, value in fields.items() if name != gone})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("Hello {name", "brace stands alone"),
        ("Hello name}", "brace stands alone"),
        ("Hello {}", "{} is no field"),
        ("Hello {0}", "{0} is no field"),
        ("Hello {name.__class__}", "is no field"),
        ("Hello {name!r}", "{name!r} is no field"),
        ("Hello {name:>10}", "{name:>10} is no field"),
        ("  ", "no text"),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused(body: str, said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        checked(sms(body))


def test_a_subject_belongs_to_an_e_mail_and_to_nothing_else() -> None:
    with pytest.raises(BadInput, match="needs a subject"):
        checked(Template("offer", MessageChannel.EMAIL, "en", "text"))
    with pytest.raises(BadInput, match="sms has no subject"):
        checked(Template("offer", MessageChannel.SMS, "en", "text", "subject"))
    with pytest.raises(BadInput, match="brace stands alone"):
        checked(Template("offer", MessageChannel.EMAIL, "en", "text", "for {you"))


@given(st.text(string.printable, max_size=20))
def test_no_text_breaks_the_check(body: str) -> None:
    try:
        template = checked(sms(body))
    except BadInput:
        return
    render(template, dict.fromkeys(fields_of(template), "x"))


def test_addresses_are_stored_in_one_form() -> None:
    assert parse_address(MessageChannel.EMAIL, " Ann.Lee@Example.COM ") == "ann.lee@example.com"
    assert parse_address(MessageChannel.SMS, "90 123 45 67", "UZ") == "+998901234567"
    assert parse_address(MessageChannel.WHATSAPP, "+998 90 123-45-67") == "+998901234567"
    assert parse_address(MessageChannel.TELEGRAM, "123456789") == "123456789"
    assert parse_address(MessageChannel.TELEGRAM, "@Lola_news") == "@lola_news"
    assert parse_any_address("Ann@Example.com") == "ann@example.com"
    assert parse_any_address("901234567", "UZ") == "+998901234567"
    assert parse_any_address("123456789012") == "123456789012"
    assert parse_any_address("@lola_news") == "@lola_news"


@pytest.mark.parametrize(
    ("channel", "raw"),
    [
        (MessageChannel.EMAIL, "ann"),
        (MessageChannel.EMAIL, "ann@example"),
        (MessageChannel.EMAIL, "a b@example.com"),
        (MessageChannel.EMAIL, "ann@example.com\nBcc: x@example.com"),
        (MessageChannel.EMAIL, "ann@example.com>,<eve@example.com"),
        (MessageChannel.EMAIL, "a" * 200 + "@example.com"),
        (MessageChannel.SMS, "ann@example.com"),
        (MessageChannel.SMS, "+99890"),
        (MessageChannel.TELEGRAM, "ann"),
        (MessageChannel.TELEGRAM, "12 34"),
    ],
)
def test_what_is_no_address_of_its_channel_is_refused(channel: MessageChannel, raw: str) -> None:
    with pytest.raises(BadInput):
        parse_address(channel, raw)


def test_waits_grow_up_to_the_longest_and_then_it_is_given_up() -> None:
    schedule = RetrySchedule(timedelta(minutes=1), 3, timedelta(minutes=20), 5)
    due = [next_try(schedule, attempts, NOON, None) for attempts in range(1, 7)]
    assert [at and (at - NOON) / timedelta(minutes=1) for at in due] == [1, 3, 9, 20, None, None]


def test_a_provider_may_ask_for_a_longer_wait_within_reason() -> None:
    schedule = RetrySchedule()
    assert next_try(schedule, 1, NOON, timedelta(minutes=10)) == NOON + timedelta(minutes=10)
    assert next_try(schedule, 1, NOON, timedelta(seconds=1)) == NOON + timedelta(minutes=1)
    assert next_try(schedule, 1, NOON, timedelta(days=1)) == NOON + schedule.longest_asked


@given(
    st.timedeltas(timedelta(seconds=1), timedelta(hours=2)),
    st.floats(1, 10),
    st.timedeltas(timedelta(seconds=1), timedelta(hours=5)),
    st.integers(1, 20),
)
def test_every_schedule_ends_and_never_waits_longer_than_its_longest(
    first: timedelta, factor: float, longest: timedelta, attempts: int
) -> None:
    assume(first <= longest)
    schedule = RetrySchedule(first, factor, longest, attempts)
    waits = []
    for done in range(1, attempts):
        again = next_try(schedule, done, NOON, None)
        assert again is not None
        waits.append(again - NOON)
    assert next_try(schedule, attempts, NOON, None) is None
    assert waits == sorted(waits)
    assert all(first <= wait <= longest for wait in waits)


def test_what_may_have_gone_out_is_repeated_only_where_that_does_no_harm() -> None:
    for repeatable in (True, False):
        assert is_tried_again(FaultKind.TEMPORARY, repeatable=repeatable)
        assert not is_tried_again(FaultKind.PERMANENT, repeatable=repeatable)
        assert is_tried_again(FaultKind.UNCERTAIN, repeatable=repeatable) is repeatable


def test_shipped_texts_are_sound_and_say_the_same_in_each_language() -> None:
    by_kind: dict[tuple[str, str], dict[str, set[str]]] = {}
    for template in shipped_templates():
        checked(template)
        by_kind.setdefault((template.name, template.channel), {})[template.language] = set(fields_of(template))
    for languages in by_kind.values():
        assert set(languages) == {"en", "ru", "uz"}
        assert len({frozenset(fields) for fields in languages.values()}) == 1


def test_every_message_of_a_shipped_script_has_its_text_and_fills_it() -> None:
    shipped = {(t.name, t.channel, t.language): t for t in shipped_templates()}
    seen = 0
    for path in shipped_scripts():
        script = load_script(path)
        for node in script.nodes.values():
            if isinstance(node, MessageNode):
                for language in script.languages:
                    template = shipped[node.template, MessageChannel(node.channel), language]
                    assert set(fields_of(template)) <= set(node.fields)
                    seen += 1
    assert seen >= 2
