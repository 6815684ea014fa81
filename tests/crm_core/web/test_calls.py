"""Calls and recordings: seen by whom, listened to in pieces, noted, deleted."""

from __future__ import annotations

import math
import struct
import wave
from array import array
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from crm_core.db.tables import audit_log, recordings
from crm_core.domain.access import Role
from crm_core.domain.pacing_records import AbandonRecord, PacingRecord
from crm_core.domain.waveform import peaks
from crm_core.handlers.hopper import DatabaseHopper
from crm_core.web.pages.calls_pacing import WHYS
from dialer.pacing import Why
from tests.crm_core.crm import add_call, rows
from tests.crm_core.dialing import NOW, TRUNK, add_campaign, attempts_for
from tests.crm_core.web.conftest import Login, Site, Visitor, utc_now


def _write(file: Path, seconds: float = 1.0) -> None:
    """A tone on the person's side that grows louder, silence on the agent's."""
    file.parent.mkdir(parents=True, exist_ok=True)
    frames = int(8000 * seconds)
    with wave.open(str(file), "wb") as wav:
        wav.setnchannels(2)
        wav.setsampwidth(2)
        wav.setframerate(8000)
        tone = (int(16000 * n / frames * math.sin(n / 3)) for n in range(frames))
        wav.writeframes(b"".join(struct.pack("<hh", left, 0) for left in tone))


async def _recorded(site: Site, call_id: str, whose: Visitor, **call: Any) -> int:
    now = utc_now()
    times = {"started_at": now - timedelta(minutes=1), "answered_at": now, "bridged_at": now, "ended_at": now}
    await add_call(site.database, call_id, direction="outgoing", agent_id=whose.actor.user_id, **(times | call))
    path = f"2026/11/18/{call_id}.wav"
    _write(site.place.recordings / path)
    row = {"call_id": call_id, "path": path, "bytes": 32044, "seconds": 1.0, "sha256": "0" * 64, "channels": 2}
    row |= {"customer_dbfs": -10.0, "agent_dbfs": -96.0, "at": now}
    async with site.database.work() as work:
        return int(await work.scalar(insert(recordings).values(row).returning(recordings.c.id)))


async def test_a_seller_lists_his_own_calls_and_a_manager_all(web_site: Site, login: Login) -> None:
    mine, other, manager = [await login(role) for role in (Role.SELLER, Role.SELLER, Role.MANAGER)]
    await _recorded(web_site, "c1", mine, number="+998901234567")
    await _recorded(web_site, "c2", other)
    listed = await (await mine.get("/api/v1/calls")).json()
    assert [call["id"] for call in listed["items"]] == ["c1"]
    assert len((await (await manager.get("/api/v1/calls")).json())["items"]) == 2
    first = await (await manager.get("/api/v1/calls?limit=1")).json()
    rest = await (await manager.get(f"/api/v1/calls?limit=1&cursor={first['next']}")).json()
    assert {first["items"][0]["id"], rest["items"][0]["id"]} == {"c1", "c2"}
    assert rest["next"] is None
    assert (await mine.get("/api/v1/calls/c2")).status == 404


async def test_a_recording_is_played_in_pieces_and_each_listening_is_noted_once(web_site: Site, login: Login) -> None:
    me, agent = await login(Role.SELLER), await login(Role.AGENT)
    recording = await _recorded(web_site, "c1", me)
    path = f"/api/v1/recordings/{recording}"
    whole = await me.get(f"{path}/audio")
    assert (whole.status, whole.headers["Content-Type"]) == (200, "audio/wav")
    piece = await me.get(f"{path}/audio", headers={"Range": "bytes=100-199"})
    assert (piece.status, await piece.read()) == (206, (await whole.read())[100:200])
    noted = await rows(web_site.database, audit_log)
    listened = [row for row in noted if row["action"] == "recording.listened"]
    assert [(row["user_id"], row["key"], row["details"]) for row in listened] == [
        (me.actor.user_id, str(recording), {"call": "c1"})
    ]
    assert (await me.get(f"{path}/file")).status == 403
    assert (await agent.get(f"{path}/audio")).status == 403


async def test_the_picture_of_a_recording_and_its_end(web_site: Site, login: Login) -> None:
    me, admin = await login(Role.SELLER), await login(Role.ADMINISTRATOR)
    recording = await _recorded(web_site, "c1", me)
    path = f"/api/v1/recordings/{recording}"
    for _ in range(2):  # reckoned, then kept
        left, right = (await (await me.get(f"{path}/waveform")).json())["peaks"]
        assert len(left) == 1000
        assert left[900] > 4 * left[100] > 0
        assert set(right) == {0.0}
    assert (await me.ask("DELETE", path)).status == 403
    assert (await admin.ask("DELETE", path)).status == 204
    assert (await admin.get(f"{path}/audio")).status == 404
    assert not list(web_site.place.recordings.rglob("*.wav"))
    assert not list(web_site.place.recordings.rglob("*.json"))
    whole = await (await admin.get("/api/v1/calls/c1")).json()
    assert whole["recordings"][0]["deleted_at"] is not None


async def test_whoever_sees_the_campaign_sees_why_a_person_was_lost(web_site: Site, login: Login) -> None:
    mine, manager = await login(Role.SELLER), await login(Role.MANAGER)
    campaign = await add_campaign(web_site.database, leads_wanted=1)
    (attempt,) = await attempts_for(web_site.database, campaign)
    seen = PacingRecord(NOW, "fcc", 2, 0, 3, 1, 0, 4, 0, 1200, 3, 2, 0, "risk", 0.031, 0.05)
    hopper = DatabaseHopper(web_site.database, lambda: NOW)
    await hopper.lease([replace(attempt, paced=seen)], TRUNK, NOW)
    await hopper.keep_abandons([AbandonRecord(attempt.id, campaign.id, NOW, None, None)])
    await _recorded(web_site, attempt.id, mine, campaign_id=campaign.id, outcome="abandoned")
    await _recorded(web_site, "talked", mine, campaign_id=campaign.id, outcome="answered")
    paced = (await (await manager.get(f"/api/v1/calls/{attempt.id}")).json())["pacing"]
    assert (paced["dialed"]["law"], paced["dialed"]["to_open"], paced["last"]) == ("fcc", 2, None)
    page = await (await manager.get(f"/calls/{attempt.id}", headers={"Accept": "text/html"})).text()
    assert "What the dialer saw and decided" in page
    assert "1,200" in page
    assert "3.1%" in page
    assert (await (await mine.get(f"/api/v1/calls/{attempt.id}")).json())["pacing"] is None
    assert (await (await manager.get("/api/v1/calls/talked")).json())["pacing"] is None


def test_there_are_words_for_whatever_bounds_a_decision() -> None:
    assert {why.value for why in Why} <= set(WHYS)


async def test_a_path_that_leaves_the_folder_is_no_recording(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER)
    recording = await _recorded(web_site, "c1", me)
    _write(web_site.place.recordings.parent / "secret.wav")
    async with web_site.database.work() as work:
        await work.run(recordings.update().values(path="../secret.wav"))
    assert (await me.get(f"/api/v1/recordings/{recording}/audio")).status == 404


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=300), st.integers(1, 40), st.integers(1, 50))
def test_every_sample_is_under_its_peak_and_every_peak_is_a_sample(side: list[int], points: int, cut: int) -> None:
    stereo = array("h", [sample for left in side for sample in (left, 0)]).tobytes()
    pieces = [stereo[at : at + 4 * cut] for at in range(0, len(stereo), 4 * cut)]
    left, right = peaks(pieces, len(side), 2, points)
    assert len(left) == min(points, len(side))
    for n, sample in enumerate(side):
        assert left[n * len(left) // len(side)] >= round(abs(sample) / 32768, 3)
    assert set(left) <= {round(abs(sample) / 32768, 3) for sample in side}
    assert set(right) == {0.0}
