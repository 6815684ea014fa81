"""Starting and stopping real Asterisks, and the dialplan's promises, on real SIP and RTP."""

from __future__ import annotations

import array
import csv
import os
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from pbx.control import command_line, down, restart, status, up
from pbx.control_process import ProcessMark
from pbx.doctor import examine
from pbx.doctor_live import ask_site
from pbx.errors import PbxNotStarted
from pbx.install import install
from pbx.site import PbxSite, SitePorts, pbx_site
from tests.asterisk.asterisk import AgiLog, Pair, Wire, answering_agi, is_free, opened_wire, running_pair, until


@pytest.fixture
def lone() -> SitePorts:
    """Ports for the tests that start a PBX by itself."""
    sip, ami, wss = [port for port in range(15900, 15990) if is_free(port)][:3]
    return SitePorts(sip=sip, ami=ami, wss=wss, rtp_first=24000, rtp_last=24499)


@pytest.fixture(scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    async with running_pair(tmp_path_factory.mktemp("pair")) as pair:
        yield pair


@pytest.fixture
async def wire(pair: Pair) -> AsyncIterator[Wire]:
    async with opened_wire(pair.pbx) as wire:
        yield wire
        await wire.send("Hangup", Channel="/^PJSIP/")


@pytest.fixture
async def decisions() -> dict[str, dict[str, str]]:
    """What the service answers, by route; tests fill it in."""
    return {}


@pytest.fixture
async def agi(pair: Pair, decisions: dict[str, dict[str, str]]) -> AsyncIterator[AgiLog]:
    async with answering_agi(pair.ports.agi, lambda request: decisions.get(request["agi_network_script"], {})) as log:
        yield log


def _records(site: PbxSite, channel_id: str) -> list[list[str]]:
    if not site.cdr_file.exists():
        return []
    with site.cdr_file.open(newline="") as file:
        return [row for row in csv.reader(file) if row[3] == channel_id]


def _loudness(samples: array.array[int]) -> float:
    return float((sum(sample * sample for sample in samples) / max(1, len(samples))) ** 0.5)


async def _parked(wire: Wire, phone: str, leg: str) -> str:
    """An operator logged in on an open leg; its channel's name."""
    await wire.originate(f"PJSIP/{phone}", leg, "operator-park", "s")
    answer = await wire.seen("OriginateResponse", ActionID=leg)
    assert answer["Response"] == "Success"
    return answer["Channel"]


# --- the process -----------------------------------------------------------------------------------------------------


def test_a_pbx_comes_up_is_found_again_and_leaves_nothing_behind(tmp_path: Path, lone: SitePorts) -> None:
    site = pbx_site(tmp_path / "pbx", ports=lone, network_ports=None)
    asterisk = install()
    mounts = Path("/proc/self/mountinfo").read_text()
    pid = up(site, asterisk)
    try:
        assert up(site, asterisk) == pid  # runs already: left alone
        state = status(site)
        assert (state.pid, state.is_ready, state.problem) == (pid, True, None)
        assert "22.10" in command_line(site, asterisk, "core show version") or asterisk.version > (22, 10, 99)
        assert examine(site.config, secret=site.ami_secret, live=ask_site(site, asterisk)) == []
        assert Path("/proc/self/mountinfo").read_text() == mounts
        second = restart(site, asterisk)
        assert second != pid
    finally:
        assert down(site)
    assert not down(site)
    assert status(site).problem == "not running"
    assert not site.pid_file.exists()
    assert not list((site.folder / "root").iterdir())
    with pytest.raises(ChildProcessError):  # no zombie of ours
        os.waitpid(second, os.WNOHANG)


def test_a_process_that_took_our_number_is_never_killed(tmp_path: Path, lone: SitePorts) -> None:
    site = pbx_site(tmp_path / "pbx", ports=lone)
    mark = ProcessMark.of(os.getpid())
    assert mark is not None
    ProcessMark(mark.pid, mark.started - 1).write(site.pid_file)
    assert not down(site)


def test_the_error_says_why_asterisk_does_not_start(tmp_path: Path, lone: SitePorts) -> None:
    site = pbx_site(tmp_path / "pbx", ports=lone, network_ports=None)
    with socket.create_server(("127.0.0.1", lone.ami)), pytest.raises(PbxNotStarted, match=f"{lone.ami} is taken"):
        up(site, install())
    missing = replace(install(), binary=Path("/usr/sbin/no-asterisk"))
    with pytest.raises(PbxNotStarted, match="no-asterisk"):
        up(site, missing)
    assert status(site).pid is None


# --- calls -----------------------------------------------------------------------------------------------------------


async def test_a_person_who_answers_is_bridged_at_once_and_recorded_on_both_sides(
    pair: Pair, wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]]
) -> None:
    await _parked(wire, "op1", "op-1")
    decisions["answered"] = {"TL_ACTION": "bridge", "TL_OPERATOR": "op-1"}
    recording = pair.pbx.recordings / "a" / "att-1.raw"
    await wire.dial("+998901000001", "att-1", variables={"TL_RECORD": str(recording)})
    answered = await wire.seen("Newstate", Uniqueid="att-1", ChannelStateDesc="Up")
    entered = await wire.seen("BridgeEnter", Uniqueid="att-1")
    started = await wire.seen("Newchannel", Uniqueid="att-1")
    assert float(answered["Timestamp"]) - float(started["Timestamp"]) < 0.5  # no name server is asked
    assert float(entered["Timestamp"]) - float(answered["Timestamp"]) < 0.25
    # The bridge gives the customer the older leg's Linkedid: calls are known by Uniqueid.
    assert (answered["Linkedid"], entered["Linkedid"]) == ("att-1", "op-1")
    await until(lambda: recording.exists() and recording.stat().st_size > 4 * 8000 * 4, 10)
    await wire.send("Hangup", Channel=answered["Channel"])
    await wire.seen("Hangup", Uniqueid="att-1")
    await until(lambda: len(_records(pair.pbx, "att-1")) == 1)
    (record,) = _records(pair.pbx, "att-1")
    assert record[5].startswith("PJSIP/network-")
    assert record[6].startswith("PJSIP/op1-")
    assert (record[10], record[13]) == ("ANSWERED", "16")
    assert float(record[0]) <= float(record[1]) < float(record[2])
    samples = array.array("h", recording.read_bytes())
    assert _loudness(samples[0::2]) > 200
    assert _loudness(samples[1::2]) > 200
    assert not [event for event in wire.events if event.get("Event") == "Hangup" and event["Uniqueid"] == "op-1"]


async def test_the_customer_is_on_the_left_and_one_record_is_written_when_the_operator_hangs_up(
    pair: Pair, wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]]
) -> None:
    operator = await _parked(wire, "op2", "op-2")
    decisions["answered"] = {"TL_ACTION": "bridge", "TL_OPERATOR": "op-2"}
    recording = pair.pbx.recordings / "att-2.raw"
    await wire.dial("998909000001", "att-2", variables={"TL_RECORD": str(recording), "TL_RECORD_OPTIONS": "Db"})
    await wire.seen("BridgeEnter", Uniqueid="att-2")
    await until(lambda: recording.exists() and recording.stat().st_size > 4 * 8000 * 3, 10)
    await wire.send("Hangup", Channel=operator)
    await wire.seen("Hangup", Uniqueid="att-2")
    await until(lambda: len(_records(pair.pbx, "att-2")) == 1)
    samples = array.array("h", recording.read_bytes())
    assert _loudness(samples[0::2]) < 50  # the customer says nothing
    assert _loudness(samples[1::2]) > 200
    assert _records(pair.pbx, "op-2") == []  # a parked leg keeps no records


async def test_an_operator_who_went_away_is_asked_for_once_more(
    wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]]
) -> None:
    decisions["answered"] = {"TL_ACTION": "bridge", "TL_OPERATOR": "nobody"}
    await wire.dial("998908000001", "att-3")
    await agi.asked("att-3")
    await until(lambda: len([one for one in agi.requests if one["agi_uniqueid"] == "att-3"]) == 2)
    assert agi.requests[-1]["agi_arg_1"] == "RETRY"


async def test_without_the_service_the_callee_hears_a_message_and_is_let_go(pair: Pair, wire: Wire) -> None:
    await wire.dial("998909000001", "att-4")
    await wire.seen("Hangup", 15, Uniqueid="att-4")
    await until(lambda: len(_records(pair.pbx, "att-4")) == 1)
    assert float(_records(pair.pbx, "att-4")[0][12]) >= 3


async def test_a_key_pressed_over_the_message_asks_to_be_left_alone(wire: Wire, agi: AgiLog) -> None:
    await wire.dial("998900000001", "att-5")
    request = await agi.asked("att-5", "optout")
    assert request["agi_arg_1"] == "9"


@pytest.mark.parametrize(
    ("number", "status", "cause"),
    [("998902000001", "486", "17"), ("998904000001", "404", "1"), ("998905000001", "503", "34")],
)
async def test_the_network_refuses_as_networks_do(wire: Wire, number: str, status: str, cause: str) -> None:
    await wire.dial(number, f"att-{status}")
    ended = await wire.seen("Hangup", Uniqueid=f"att-{status}")
    assert (ended["TechCause"], ended["Cause"]) == (status, cause)


async def test_a_number_that_is_nobodys_is_not_in_service(wire: Wire) -> None:
    await wire.dial("4912345", "att-6")
    assert (await wire.seen("Hangup", Uniqueid="att-6"))["Cause"] == "1"


@pytest.mark.slow
@pytest.mark.parametrize("voice", [0, 1, 2, 3, 4])
@pytest.mark.parametrize(("kind", "verdict"), [(1, "HUMAN"), (6, "MACHINE")])
async def test_people_are_people_and_machines_are_machines(
    wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]], kind: int, voice: int, verdict: str
) -> None:
    decisions["answered"] = {"TL_ACTION": "hangup"}
    await wire.dial(f"99890{kind}0{voice}0001", f"amd-{kind}-{voice}", "amd")
    assert (await agi.asked(f"amd-{kind}-{voice}"))["agi_arg_1"] == verdict


async def test_silence_is_not_a_machine(wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]]) -> None:
    decisions["answered"] = {"TL_ACTION": "hangup"}
    await wire.dial("998909000001", "amd-silent", "amd")
    assert (await agi.asked("amd-silent"))["agi_arg_1"] == "NOTSURE"


async def test_a_phone_that_does_not_answer_is_reported_and_a_second_one_rings(
    wire: Wire, agi: AgiLog, decisions: dict[str, dict[str, str]]
) -> None:
    decisions["answered"] = {"TL_ACTION": "ring", "TL_DIAL": "PJSIP/op7-noanswer", "TL_RING_SECONDS": "1"}
    decisions["unanswered"] = {"TL_ACTION": "ring", "TL_DIAL": "PJSIP/op3"}
    await wire.dial("998901000001", "att-7")
    assert (await agi.asked("att-7", "unanswered"))["agi_arg_1"] == "NOANSWER"
    await wire.seen("BridgeEnter", Uniqueid="att-7")


async def test_an_incoming_call_brings_both_numbers(pair: Pair, agi: AgiLog) -> None:
    async with opened_wire(pair.network) as network:
        await network.send(
            "Originate",
            Channel="PJSIP/998712000000@pbx",
            CallerID="<+998901112233>",
            Context="caller",
            Exten="2",
            Priority="1",
            Async="true",
        )
        await until(lambda: bool(agi.requests))
        await network.send("Hangup", Channel="/^PJSIP/pbx/")
    request = agi.requests[0]
    assert request["agi_network_script"] == "incoming"
    assert (request["agi_arg_1"], request["agi_arg_2"]) == ("998712000000", "+998901112233")


async def test_a_phone_logs_in_by_its_code_and_may_dial_nothing_else(pair: Pair, wire: Wire, agi: AgiLog) -> None:
    async with opened_wire(pair.network) as network:
        for dialed in ("*70", "998901000001"):
            await network.send(
                "Originate",
                Channel=f"PJSIP/{dialed}@op4",
                Context="caller",
                Exten="operator",
                Priority="1",
                Async="true",
            )
        await until(lambda: bool(agi.requests))
        refused = await network.seen("Hangup", Cause="1")
        assert refused["Channel"].startswith("PJSIP/op4-")
        await network.send("Hangup", Channel="/^PJSIP/op4/")
    assert [(one["agi_network_script"], one["agi_arg_1"]) for one in agi.requests] == [("operator-login", "op4")]
