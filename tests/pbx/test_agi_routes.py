"""Questions of the dialplan reach the desk, and its hand-offs become variables."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.domain.attempts import Verdict
from crm_core.errors import Unavailable
from crm_core.ports import HandOff, IncomingCall, PersonAnswered
from pbx.agi_routes import ACTIONS, ROUTES, AgiRoutes
from pbx.agi_wire import AgiRequest

FOLDER = Path("/srv/recordings")


class Desk:
    """Answers with one hand-off and keeps what it was asked; or raises."""

    def __init__(self, hand_off: HandOff | None = None, error: Exception | None = None, welcome: bool = True) -> None:
        self._hand_off, self._error, self._welcome = hand_off or HandOff("abandon"), error, welcome
        self.asked: list[object] = []

    def _take(self, what: object) -> HandOff:
        self.asked.append(what)
        if self._error is not None:
            raise self._error
        return self._hand_off

    async def answered(self, person: PersonAnswered) -> HandOff:
        return self._take(person)

    async def incoming(self, call: IncomingCall) -> HandOff:
        return self._take(call)

    async def waiting(self, channel: str) -> HandOff:
        return self._take(channel)

    async def unanswered(self, channel: str) -> HandOff:
        return self._take(channel)

    async def after_bot(self, channel: str) -> HandOff:
        return self._take(channel)

    async def left(self, channel: str) -> None:
        self._take(("left", channel))

    async def opted_out(self, channel: str, key: str) -> None:
        self._take((channel, key))

    async def phone_login(self, channel: str, channel_name: str, phone: str) -> bool:
        self._take((channel, channel_name, phone))
        return self._welcome


def request(route: str, *args: str) -> AgiRequest:
    return AgiRequest(route, args, "a-1", "PJSIP/network-00000001", None)


def routes(desk: Desk, *, may_record: bool = True) -> AgiRoutes:
    return AgiRoutes(desk, FOLDER, lambda: may_record, "UZ")


@pytest.mark.parametrize(
    ("args", "person"),
    [
        (("HUMAN", "HUMAN-600-600"), PersonAnswered("a-1", Verdict.HUMAN, "HUMAN-600-600")),
        (("MACHINE", "LONGGREETING-2500-2500"), PersonAnswered("a-1", Verdict.MACHINE, "LONGGREETING-2500-2500")),
        (("NOTSURE", "TOOLONG-5000"), PersonAnswered("a-1", Verdict.UNSURE, "TOOLONG-5000")),
        (("HANGUP", ""), PersonAnswered("a-1", Verdict.UNSURE, "")),
        (("", ""), PersonAnswered("a-1", Verdict.UNSURE, "")),
        ((), PersonAnswered("a-1", Verdict.UNSURE, "")),
        (("RETRY", "NONEXISTENT"), PersonAnswered("a-1", Verdict.UNSURE, "", again=True)),
    ],
)
async def test_whoever_answered_is_told_with_the_verdict(args: tuple[str, ...], person: PersonAnswered) -> None:
    desk = Desk()
    await routes(desk).decide(request("answered", *args))
    assert desk.asked == [person]


async def test_a_bridge_names_the_agents_leg_and_the_file_to_record_to() -> None:
    desk = Desk(HandOff("bridge", agent_leg="PJSIP/op1-0000000a", record="2026/11/22/a-1.raw", notice="tl/notice"))
    answer = await routes(desk).decide(request("answered", "", ""))
    assert answer.variables == {
        "TL_ACTION": "bridge",
        "TL_OPERATOR": "PJSIP/op1-0000000a",
        "TL_NOTICE": "tl/notice",
        "TL_RECORD": "/srv/recordings/2026/11/22/a-1.raw",
        "TL_RECORD_OPTIONS": "D",
    }


async def test_a_full_disk_costs_the_recording_not_the_call() -> None:
    desk = Desk(HandOff("bridge", agent_leg="PJSIP/op1-0000000a", record="2026/11/22/a-1.raw"))
    answer = await routes(desk, may_record=False).decide(request("answered", "", ""))
    assert answer.variables == {"TL_ACTION": "bridge", "TL_OPERATOR": "PJSIP/op1-0000000a"}


async def test_an_announcement_is_named_as_asterisk_wants_it_and_only_if_it_is_there(tmp_path: Path) -> None:
    (tmp_path / "announcements").mkdir()
    (tmp_path / "announcements" / "17.5.ulaw").write_bytes(b"x")
    outside = f"../{tmp_path.name}/announcements/17.5.ulaw"
    for announcement, named in (("announcements/17.5.ulaw", True), ("announcements/17.ulaw", False), (outside, False)):
        desk = Desk(HandOff("ring", agent_phone="op2", announcement=announcement))
        answer = await AgiRoutes(desk, tmp_path, lambda: True, "UZ").decide(request("after-bot"))
        assert answer.variables.get("TL_ANNOUNCE") == (f"{tmp_path}/announcements/17.5" if named else None)
        assert answer.variables["TL_ACTION"] == "ring"


async def test_who_left_while_the_agent_was_told_is_told_to_the_desk() -> None:
    desk = Desk()
    assert (await routes(desk).decide(request("left"))).variables == {}
    assert desk.asked == [("left", "a-1")]


async def test_a_phone_is_rung_for_so_long() -> None:
    answer = await routes(Desk(HandOff("ring", agent_phone="op2"))).decide(request("answered", "", ""))
    assert answer.variables == {"TL_ACTION": "ring", "TL_DIAL": "PJSIP/op2", "TL_RING_SECONDS": "20"}


async def test_an_abandoned_person_hears_the_campaigns_message_and_its_key() -> None:
    desk = Desk(HandOff("abandon", message="tl/sorry&tl/name", opt_out_key="9"))
    answer = await routes(desk).decide(request("unanswered", "NOANSWER"))
    assert answer.variables == {"TL_ACTION": "abandon", "TL_MESSAGE": "tl/sorry&tl/name", "TL_OPT_OUT_KEY": "9"}
    assert desk.asked == ["a-1"]


@pytest.mark.parametrize(
    ("line", "caller", "call_line", "call_caller"),
    [
        ("998712000000", "998901234567", "+998712000000", "+998901234567"),
        ("712000000", "901234567", "+998712000000", "+998901234567"),
        ("100", "", "100", None),
    ],
)
async def test_a_caller_is_told_with_numbers_as_the_call_record_has_them(
    line: str, caller: str, call_line: str, call_caller: str | None
) -> None:
    desk = Desk(HandOff("closed"))
    await routes(desk).decide(request("incoming", line, caller))
    assert desk.asked == [IncomingCall("a-1", "PJSIP/network-00000001", call_line, call_caller)]


async def test_an_opt_out_is_passed_on_and_sets_nothing() -> None:
    desk = Desk()
    answer = await routes(desk).decide(request("optout", "9"))
    assert (desk.asked, answer.variables, answer.hang_up) == ([("a-1", "9")], {}, False)


@pytest.mark.parametrize("welcome", [True, False])
async def test_a_phone_that_logs_in_is_let_through_or_hung_up(welcome: bool) -> None:
    desk = Desk(welcome=welcome)
    answer = await routes(desk).decide(request("operator-login", "op3"))
    assert desk.asked == [("a-1", "PJSIP/network-00000001", "op3")]
    assert answer.hang_up is not welcome


@pytest.mark.parametrize("route", ["answered", "incoming", "waiting", "unanswered", "optout"])
@pytest.mark.parametrize("error", [Unavailable("no database"), ValueError("a fault"), TimeoutError()])
async def test_a_desk_that_fails_hands_the_person_to_abandon(
    route: str, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await routes(Desk(error=error)).decide(request(route, "1", "2"))
    assert answer.variables == {"TL_ACTION": "abandon"}
    assert [record.__dict__["route"] for record in caplog.records] == [route]


async def test_a_desk_that_fails_lets_nobody_log_in() -> None:
    assert (await routes(Desk(error=Unavailable("x"))).decide(request("operator-login", "op1"))).hang_up


@pytest.mark.parametrize(
    "hand_off",
    [
        HandOff("dance"),
        HandOff("bridge", agent_leg="PJSIP/op1,xF(a^b^c)"),
        HandOff("bridge", agent_leg="x", record="../../etc/passwd.raw"),
        HandOff("bridge", agent_leg="x", record="/etc/passwd.raw"),
        HandOff("bridge", agent_leg="x", record="2026/a.wav"),
        HandOff("abandon", message="${SHELL(reboot)}"),
    ],
)
async def test_what_the_dialplan_could_misread_never_reaches_it(hand_off: HandOff) -> None:
    assert (await routes(Desk(hand_off)).decide(request("answered", "", ""))).variables == {"TL_ACTION": "abandon"}


async def test_an_unknown_route_is_logged_and_nobody_is_left_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    assert (await routes(Desk()).decide(request("nonsense"))).variables == {"TL_ACTION": "abandon"}
    assert caplog.records[0].__dict__["route"] == "nonsense"


async def test_every_route_told_to_the_doctor_is_answered(caplog: pytest.LogCaptureFixture) -> None:
    desk = Desk()
    for route in ROUTES:
        await routes(desk).decide(request(route, "1", "2"))
    assert len(desk.asked) == len(ROUTES)
    assert caplog.records == []


async def test_every_action_of_the_dialplan_may_be_given() -> None:
    for action in ACTIONS:
        answer = await routes(Desk(HandOff(action))).decide(request("answered", "", ""))
        assert answer.variables["TL_ACTION"] == action
