"""What is recorded of a call, from when on, and what the person is told before."""

from __future__ import annotations

import hashlib
import wave
from array import array
from datetime import datetime
from pathlib import Path
from typing import Any

from crm_core.db.tables import recordings
from crm_core.domain.campaigns import Record
from tests.asterisk.asterisk import until
from tests.asterisk.scene import SECONDS, Scene

#: A notice of 1.6 s.
NOTICE, NOTICE_SECONDS = "queue-thankyou", 1.6
QUIET = -60.0


async def _recorded(scene: Scene, call: Any) -> Any:
    row = await scene.row(recordings, recordings.c.call_id == call.id)
    file = scene.pair.pbx.recordings / row.path
    assert hashlib.sha256(file.read_bytes()).hexdigest() == row.sha256
    assert file.stat().st_size == row.bytes
    with wave.open(str(file)) as wav:
        assert (wav.getnchannels(), wav.getframerate()) == (row.channels, 8000) == (2, 8000)
        assert abs(wav.getnframes() / 8000 - row.seconds) < 0.01
    return row


def _both_have_spoken(raw: Path) -> bool:
    content = raw.read_bytes()
    samples = array("h", content[: len(content) // 4 * 4])
    return all(sum(abs(sample) > 1000 for sample in samples[side::2]) > 800 for side in (0, 1))


def _files(folder: Path, call_id: str) -> list[Path]:
    return list(folder.rglob(f"{call_id}*"))


async def test_a_campaign_records_talks_or_from_the_answer_or_never(scene: Scene) -> None:
    numbers = {Record.BRIDGED: "+998901000001", Record.ANSWERED: "+998901010002", Record.NEVER: "+998901020003"}
    phones = {Record.BRIDGED: "op1", Record.ANSWERED: "op2", Record.NEVER: "op3"}
    for record, number in numbers.items():
        await scene.campaign(number, name=record.value, record=record, consent_notice=NOTICE)
        await scene.agent(phones[record], record.value, wait=False)
    talks = {record: await scene.bridged(number) for record, number in numbers.items()}
    folder = scene.pair.pbx.recordings
    for record in (Record.BRIDGED, Record.ANSWERED):
        (raw,) = _files(folder, talks[record].id)
        await until(lambda raw=raw: _both_have_spoken(raw), SECONDS)  # type: ignore[misc]
    assert _files(folder, talks[Record.NEVER].id) == []
    for talk in talks.values():
        await scene.hang_up(talk.id)
    ended = {record: await scene.ended(number) for record, number in numbers.items()}
    spans = {
        Record.BRIDGED: (ended[Record.BRIDGED].bridged_at, ended[Record.BRIDGED].ended_at),
        Record.ANSWERED: (ended[Record.ANSWERED].answered_at, ended[Record.ANSWERED].ended_at),
    }
    for record, (began, end) in spans.items():
        row = await _recorded(scene, ended[record])
        assert abs(row.seconds - (end - began).total_seconds()) < 0.8, record
        assert row.customer_dbfs > QUIET
        assert row.agent_dbfs > QUIET
    assert _files(folder, talks[Record.NEVER].id) == []
    assert await scene.rows(recordings, recordings.c.call_id == talks[Record.NEVER].id) == []


async def test_the_consent_notice_is_heard_before_the_bridge(scene: Scene) -> None:
    listens = "+998909000001"
    await scene.campaign(listens, consent_notice=NOTICE)
    await scene.agent("op6-silent")
    there = await scene.network_channel(listens)
    heard = await scene.heard.seen("ChannelTalkingStart", SECONDS, Uniqueid=there)
    talk = await scene.bridged(listens)
    assert float(heard["Timestamp"]) < talk.bridged_at.timestamp()
    assert _seconds(talk.answered_at, talk.bridged_at) >= NOTICE_SECONDS


def _seconds(began: datetime, ended: datetime) -> float:
    return (ended - began).total_seconds()
