"""AGI text in and out, cut anywhere."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import BadInput
from pbx.agi_wire import (
    AgiAnswer,
    AgiReply,
    BadAgi,
    LineReader,
    answer_line,
    parse_reply,
    parse_request,
)

#: Recorded from Asterisk 22.10.1.
REQUEST = """agi_network: yes
agi_network_script: answered
agi_request: agi://127.0.0.1:14873/answered
agi_channel: PJSIP/network-00000010
agi_language: en
agi_type: PJSIP
agi_uniqueid: att-1
agi_version: 22.10.1+dfsg+~cs6.17.60671434-1
agi_callerid: +998712000000
agi_calleridname: unknown
agi_callingpres: 0
agi_callingani2: 0
agi_callington: 0
agi_callingtns: 0
agi_dnid: unknown
agi_rdnis: unknown
agi_context: hand-off
agi_extension: bridge
agi_priority: 9
agi_enhanced: 0.0
agi_accountcode:\x20
agi_threadid: 139872121501376
agi_arg_1: RETRY
agi_arg_2: NONEXISTENT

"""


@given(st.lists(st.text(alphabet="abc: ", max_size=8)), st.data())
def test_lines_survive_any_split(lines: list[str], data: st.DataObject) -> None:
    stream = "".join(line + "\n" for line in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    reader = LineReader()
    pieces = pairwise([0, *cuts, len(stream)])
    assert [line for a, b in pieces for line in reader.feed(stream[a:b])] == lines


@given(st.lists(st.integers(0, len(REQUEST)), max_size=10))
def test_a_request_is_read_whatever_the_pieces(cuts: list[int]) -> None:
    reader = LineReader()
    pieces = pairwise([0, *sorted(cuts), len(REQUEST)])
    lines = [line for a, b in pieces for line in reader.feed(REQUEST.encode()[a:b])]
    request = parse_request(lines[:-1])
    assert (request.route, request.args) == ("answered", ("RETRY", "NONEXISTENT"))
    assert (request.channel, request.channel_name) == ("att-1", "PJSIP/network-00000010")
    assert request.caller == "+998712000000"


def test_carriage_returns_are_taken_off() -> None:
    assert LineReader().feed(b"200 result=0\r\nHANG") == ["200 result=0"]


def test_a_peer_that_never_ends_is_refused() -> None:
    reader = LineReader(limit=100)
    reader.feed(b"x" * 100)
    with pytest.raises(BadAgi):
        reader.feed(b"x")


@given(st.lists(st.text(max_size=40), max_size=30))
def test_any_text_is_a_request_or_a_named_error(lines: list[str]) -> None:
    try:
        parse_request(lines)
    except BadAgi:
        pass
    else:
        assert {"agi_request", "agi_uniqueid", "agi_channel"} <= {line.partition(":")[0] for line in lines}


def test_empty_arguments_keep_their_places() -> None:
    lines = ["agi_request: agi://h/answered", "agi_uniqueid: a", "agi_channel: c", "agi_arg_1: ", "agi_arg_2: x"]
    request = parse_request(lines)
    assert (request.arg(0), request.arg(1), request.arg(2), request.caller) == ("", "x", "", None)


def test_more_than_nine_arguments_stay_in_order() -> None:
    head = ["agi_request: agi://h/r", "agi_uniqueid: a", "agi_channel: c"]
    request = parse_request([*head, *(f"agi_arg_{n}: {n}" for n in (10, 2, 1, 9))])
    assert request.args == ("1", "2", "9", "10")


def test_all_variables_go_out_in_one_command() -> None:
    answer = AgiAnswer({"TL_ACTION": "bridge", "TL_OPERATOR": "PJSIP/op1-0000000a"})
    assert answer_line(answer) == b"EXEC MSet TL_ACTION=bridge,TL_OPERATOR=PJSIP/op1-0000000a\n"


def test_nothing_to_set_is_no_command_and_a_refusal_hangs_up() -> None:
    assert answer_line(AgiAnswer()) == b""
    assert answer_line(AgiAnswer({"TL_ACTION": "ring"}, hang_up=True)) == b"HANGUP\n"


@given(st.text(max_size=20))
def test_a_value_the_dialplan_could_misread_is_refused(value: str) -> None:
    try:
        line = answer_line(AgiAnswer({"TL_ACTION": value}))
    except BadInput:
        return
    assert line == f"EXEC MSet TL_ACTION={value}\n".encode()
    assert not set(value) & set(" ,;|$\"'\\(){}[]\r\n=")


def test_a_name_that_is_no_variable_is_refused() -> None:
    with pytest.raises(BadInput):
        answer_line(AgiAnswer({"CHANNEL(language)": "en"}))


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("200 result=0", AgiReply(200, 0)),
        ("200 result=-1", AgiReply(200, -1)),
        ("200 result=1 (some value)", AgiReply(200, 1)),
        ("510 Invalid or unknown command", AgiReply(510, None)),
        ("511 Command Not Permitted on a dead channel or intercept routine", AgiReply(511, None)),
        ("520-Invalid command syntax.  Proper usage follows:", None),
        ("520 End of proper usage.", AgiReply(520, None)),
        ("HANGUP", None),
        ("", None),
    ],
)
def test_replies_are_read(line: str, reply: AgiReply | None) -> None:
    assert parse_reply(line) == reply


@pytest.mark.parametrize(
    ("reply", "done"), [((200, 0), True), ((200, 1), True), ((200, -1), False), ((511, None), False)]
)
def test_only_200_with_a_result_is_done(reply: tuple[int, int | None], done: bool) -> None:
    assert AgiReply(*reply).is_done is done
