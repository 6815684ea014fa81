"""AMI text becomes typed events, and nothing malformed gets past."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from pbx.ami_events import (
    RING,
    UP,
    ChannelCreated,
    ChannelEnteredBridge,
    ChannelHungUp,
    ChannelLeftBridge,
    ChannelRenamed,
    ChannelStateChanged,
    ContactRemoved,
    MalformedAmiEvent,
    OriginateFailed,
    SwitchStopped,
    parse_event,
    parse_listed,
)
from tests.pbx.ami_text import NOON, recorded_messages

MESSAGES = recorded_messages()


def recorded(event: str, **headers: str) -> dict[str, str]:
    wanted = {"Event": event, **headers}.items()
    return next(message for message in MESSAGES if wanted <= message.items())


def test_a_new_channel_of_ours_has_our_id_and_no_caller() -> None:
    event = parse_event(recorded("Newchannel", Uniqueid="att-busy"), NOON)
    assert isinstance(event, ChannelCreated)
    assert (event.channel, event.linkedid, event.state, event.caller) == ("att-busy", "att-busy", 0, None)
    assert event.name.startswith("PJSIP/network-")


def test_a_new_channel_from_the_network_has_caller_and_number_dialed() -> None:
    event = parse_event(recorded("Newchannel", ChannelState="4", CallerIDNum="+998901234567"), NOON)
    assert isinstance(event, ChannelCreated)
    assert (event.state, event.caller, event.exten, event.context) == (
        RING,
        "+998901234567",
        "998712000000",
        "incoming",
    )


def test_a_hangup_carries_cause_and_sip_status() -> None:
    event = parse_event(recorded("Hangup", Uniqueid="att-busy"), NOON)
    assert isinstance(event, ChannelHungUp)
    assert (event.cause, event.sip_status) == (17, "486")


def test_a_hangup_without_sip_status_has_none() -> None:
    event = parse_event(recorded("Hangup", Uniqueid="att-giveup2"), NOON)
    assert isinstance(event, ChannelHungUp)
    assert (event.cause, event.sip_status) == (0, None)


def test_the_time_is_the_switchs_to_the_microsecond() -> None:
    headers = recorded("Newstate", Uniqueid="att-1", ChannelState="6") | {"Timestamp": "1795318440.113210"}
    assert parse_event(headers, NOON) == ChannelStateChanged(
        "att-1", UP, datetime.fromtimestamp(1795318440, UTC) + timedelta(microseconds=113210)
    )


def test_an_unstamped_event_has_the_time_of_its_receipt() -> None:
    headers = recorded("Newstate", Uniqueid="att-1", ChannelState="6")
    del headers["Timestamp"]
    assert parse_event(headers, NOON) == ChannelStateChanged("att-1", UP, NOON)


def test_bridges_are_entered_and_left() -> None:
    entered = parse_event(recorded("BridgeEnter", Uniqueid="att-1"), NOON)
    left = parse_event(recorded("BridgeLeave", Uniqueid="att-1"), NOON)
    assert isinstance(entered, ChannelEnteredBridge)
    assert isinstance(left, ChannelLeftBridge)
    assert entered.bridge == left.bridge
    assert left.at > entered.at


def test_only_a_failed_originate_is_an_event() -> None:
    assert parse_event(recorded("OriginateResponse", Response="Success"), NOON) is None
    failed = parse_event(recorded("OriginateResponse", Uniqueid="op-leg-x"), NOON)
    assert isinstance(failed, OriginateFailed)
    assert (failed.channel, failed.target) == ("op-leg-x", "PJSIP/op9")


def test_a_contact_that_is_removed_is_told_and_one_that_comes_is_not() -> None:
    came = recorded("ContactStatus")
    assert parse_event(came, NOON) is None
    gone = parse_event(came | {"ContactStatus": "Removed"}, NOON)
    assert isinstance(gone, ContactRemoved)
    assert gone.phone == came["EndpointName"]


def test_renames_and_shutdown_are_told() -> None:
    assert parse_event({"Event": "Rename", "Uniqueid": "a", "Newname": "PJSIP/b-1"}, NOON) == ChannelRenamed(
        "a", "PJSIP/b-1"
    )
    assert parse_event({"Event": "Shutdown"}, NOON) == SwitchStopped(NOON)


@pytest.mark.parametrize("name", ["NewConnectedLine", "DialBegin", "FullyBooted", "Nonsense", ""])
def test_what_nobody_needs_is_none(name: str) -> None:
    assert parse_event({"Event": name}, NOON) is None


@pytest.mark.parametrize(
    ("name", "header"),
    [
        (name, header)
        for name, headers in {
            "Newchannel": ("Uniqueid", "Channel", "Linkedid", "ChannelState", "CallerIDNum", "Context", "Exten"),
            "Newstate": ("Uniqueid", "ChannelState"),
            "BridgeEnter": ("Uniqueid", "BridgeUniqueid"),
            "BridgeLeave": ("Uniqueid", "BridgeUniqueid"),
            "Hangup": ("Uniqueid", "Cause"),
            "OriginateResponse": ("Response",),
            "ContactStatus": ("EndpointName", "ContactStatus"),
        }.items()
        for header in headers
    ],
)
def test_a_missing_header_is_named_an_error(name: str, header: str) -> None:
    headers = recorded(name) | {"ContactStatus": "Removed"}
    del headers[header]
    with pytest.raises(MalformedAmiEvent) as caught:
        parse_event(headers, NOON)
    assert caught.value.event == name


@pytest.mark.parametrize(("header", "value"), [("Timestamp", "soon"), ("ChannelState", "Up"), ("Timestamp", "1e300")])
def test_a_header_that_is_no_number_is_an_error(header: str, value: str) -> None:
    with pytest.raises(MalformedAmiEvent):
        parse_event(recorded("Newstate") | {header: value}, NOON)


def test_a_listed_channel_tells_its_bridge_and_since_when_it_lives() -> None:
    bridged = parse_listed(recorded("CoreShowChannel", Uniqueid="att-1"), NOON)
    assert bridged.bridge
    assert bridged.linkedid == "op-leg-1"
    assert bridged.started_at < NOON
    alone = parse_listed(recorded("CoreShowChannel", Uniqueid="att-1") | {"BridgeId": "", "Duration": "01:02:03"}, NOON)
    assert alone.bridge is None
    assert NOON - alone.started_at == timedelta(hours=1, minutes=2, seconds=3)


def test_a_list_entry_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(MalformedAmiEvent):
        parse_listed(recorded("CoreShowChannel") | {"Duration": "long"}, NOON)


def test_the_whole_recording_parses() -> None:
    events = [parse_event(message, NOON) for message in MESSAGES]
    assert sum(event is not None for event in events) > 60
