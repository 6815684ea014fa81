"""What a lead hears first, by the real voice: there before he is dialed, the same that his call then plays."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from crm_core.domain.campaigns import Campaign, CampaignPolicy, CampaignState, DialMode
from crm_core.domain.conversations import Briefing
from crm_core.domain.leads import Lead, LeadState
from crm_core.errors import BadInput, NotFound, Unavailable
from ivr_bot.dialog.actions import Play
from ivr_bot.dialog.engine import begin
from ivr_bot.dialog.pieces import Audio, Text
from ivr_bot.dialog.reading import load_script, read_script
from ivr_bot.dialog.script import Script
from ivr_bot.dialog.shipped import shipped_scripts
from ivr_bot.first_words import RenderedFirst, fields_of, first_pieces, language_of
from ivr_bot.player import Player
from ivr_bot.speech.ports import LINE_RATE
from ivr_bot.speech.prompts import NOW, Line, Prompts
from ivr_bot.speech.pyttsx3_tts import VOICES, Pyttsx3Speaker
from ivr_bot.warming import parts_of
from tests.fakes.call_media import FakeCallMedia
from tests.fakes.speaker import FakeSpeaker

AT = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)
NAME_ALONE = """
script: visit
languages: [en]
fields: [name, plate]
who: "Lola calls."
start: whom
nodes:
  whom: {kind: say, prompt: {pieces: ["Good day.", "{name}"]}, next: rating}
  rating: {kind: rating, from: 1, to: 5, prompt: "How was it, from one to five?", next: bye}
  bye: {kind: hang_up, prompt: "Goodbye {name}, your plate is {plate}."}
"""
TWO_LANGUAGES = """
script: invited
languages: [en, ru]
fields: [name]
who: {en: "Lola calls.", ru: "Звонит Лола."}
start: ask
nodes:
  ask:
    kind: yes_no
    prompt: {en: "Hello {name}. Do you come?", ru: "Здравствуйте, {name}. Вы придёте?"}
    if_yes: bye
    if_no: bye
  bye: {kind: hang_up, prompt: {en: "Goodbye.", ru: "До свидания."}}
"""
CAMPAIGN = Campaign(1, "autumn", CampaignState.RUNNING, CampaignPolicy("carrier", DialMode.BOT, script="visit"))


def lead(lead_id: int) -> Lead:
    return Lead(lead_id, 1, lead_id, LeadState.OPEN, 0, 0, None)


@dataclass
class Briefed:
    """Leads by number, as the core knows them."""

    of: dict[int, Briefing] = field(default_factory=dict)

    async def foresee(self, campaign_id: int, lead_id: int) -> Briefing | None:
        return self.of.get(lead_id)


class Kept(FakeCallMedia):
    """Keeps what is to be played."""

    def __init__(self) -> None:
        super().__init__()
        self.played: list[bytes] = []

    def play(self, ulaw: bytes, mark: str) -> None:
        self.played.append(ulaw)
        super().play(ulaw, mark)


def briefing(script: str, fields: Mapping[str, str], **changes: str) -> Briefing:
    return replace(Briefing("", script, None, fields=fields), **changes)  # type: ignore[arg-type]


def rendered_first(prompts: Prompts, script: Script, folder: Path, *briefings: Briefing) -> RenderedFirst:
    return RenderedFirst(prompts, lambda _: script, folder, Briefed(dict(enumerate(briefings))), lambda: AT)


def real(folder: Path) -> Prompts:
    return Prompts(folder, dict.fromkeys(VOICES, Pyttsx3Speaker()))


@pytest.mark.parametrize("path", shipped_scripts(), ids=lambda path: path.stem)
async def test_of_each_shipped_script_all_that_a_lead_hears_first_is_there(path: Path, tmp_path: Path) -> None:
    """Two leads at once; then another process, which has the same folder, plays it without rendering anything."""
    script, prompts = load_script(path), real(tmp_path)
    both = [briefing(script.name, dict.fromkeys(script.fields, "five") | {"name": name}) for name in ("Ali", "Zuhra")]
    words = rendered_first(prompts, script, tmp_path, *both)
    await asyncio.gather(*(words.make_ready(CAMPAIGN, lead(number)) for number in range(2)))
    await prompts.close()
    elsewhere = Prompts(tmp_path, dict.fromkeys(VOICES, Pyttsx3Speaker()))
    for one in both:
        pieces = list(first_pieces(script, one, AT))
        assert pieces
        for piece in pieces:
            assert not isinstance(piece, Audio)
            ulaw = await elsewhere.at_hand(Line(piece.text, piece.language))
            assert ulaw is not None
            assert len(ulaw) > LINE_RATE / 4


async def test_the_call_plays_just_these_though_the_voice_is_gone_by_then(tmp_path: Path) -> None:
    script, speaker = read_script(NAME_ALONE, "visit.yml"), FakeSpeaker()
    prompts = Prompts(tmp_path, {"en": speaker})
    of = briefing("visit", {"name": "Ali", "plate": "7"})
    await rendered_first(prompts, script, tmp_path, of).make_ready(CAMPAIGN, lead(0))
    assert speaker.said == ["Good day.", "Ali", "How was it, from one to five?"]
    speaker.faults["Goodbye Ali, your plate is 7."] = Unavailable("the voice is gone")
    call = Kept()
    player = Player(call, prompts, tmp_path)
    dialog, actions = begin(script, fields_of(script, of), language_of(script, of), AT)
    player.foresee(dialog)
    for action in actions:
        if isinstance(action, Play):
            await player.play(action, "en", dialog.node)
    player.close()
    wanted = [await prompts.at_hand(Line(text, "en")) for text in speaker.said[:3]]
    assert call.played == wanted


async def test_what_he_may_hear_later_is_left_to_the_call(tmp_path: Path) -> None:
    script, prompts = read_script(NAME_ALONE, "visit.yml"), real(tmp_path)
    of = briefing("visit", {"name": "Ali", "plate": "01 A 777"})
    await rendered_first(prompts, script, tmp_path, of).make_ready(CAMPAIGN, lead(0))
    assert await prompts.at_hand(Line("Ali", "en")) is not None
    assert await prompts.at_hand(Line("Goodbye Ali, your plate is 01 A 777.", "en")) is None


async def test_words_are_in_the_language_of_the_person(tmp_path: Path) -> None:
    script, prompts = read_script(TWO_LANGUAGES, "invited.yml"), real(tmp_path)
    of = briefing("invited", {"name": "Али"}, language="ru")
    await rendered_first(prompts, script, tmp_path, of).make_ready(CAMPAIGN, lead(0))
    lines = [Line(piece.text, piece.language) for piece in first_pieces(script, of, AT) if isinstance(piece, Text)]
    assert lines == [Line("Здравствуйте, Али. Вы придёте?", "ru")]
    assert None not in [await prompts.at_hand(line) for line in lines]


@pytest.mark.parametrize("name", ["", "?!", " - "])
async def test_a_lead_of_whom_nothing_can_be_said_is_told_apart(name: str, tmp_path: Path) -> None:
    script, speaker = read_script(NAME_ALONE, "visit.yml"), FakeSpeaker()
    words = rendered_first(Prompts(tmp_path, {"en": speaker}), script, tmp_path, briefing("visit", {"name": name}))
    with pytest.raises(BadInput, match="lead 0: the script says"):
        await words.make_ready(CAMPAIGN, lead(0))
    assert speaker.said == []


async def test_a_voice_that_fails_is_no_fault_of_the_lead_and_later_it_works(tmp_path: Path) -> None:
    script, speaker = read_script(NAME_ALONE, "visit.yml"), FakeSpeaker()
    speaker.faults["Ali"] = Unavailable("the voice is gone")
    words = rendered_first(Prompts(tmp_path, {"en": speaker}), script, tmp_path, briefing("visit", {"name": "Ali"}))
    with pytest.raises(Unavailable, match="the voice is gone"):
        await words.make_ready(CAMPAIGN, lead(0))
    speaker.faults.clear()
    await words.make_ready(CAMPAIGN, lead(0))


async def test_a_language_that_nobody_speaks_here_is_no_fault_of_the_lead(tmp_path: Path) -> None:
    script = read_script(NAME_ALONE, "visit.yml")
    words = rendered_first(
        Prompts(tmp_path, {"ru": FakeSpeaker("ru")}), script, tmp_path, briefing("visit", {"name": "A"})
    )
    with pytest.raises(Unavailable, match="nobody speaks 'en' here"):
        await words.make_ready(CAMPAIGN, lead(0))


async def test_a_script_that_was_taken_away_is_no_fault_of_the_lead(tmp_path: Path) -> None:
    def gone(name: str) -> Script:
        raise NotFound("script", name)

    book = Briefed({0: briefing("visit", {})})
    words = RenderedFirst(Prompts(tmp_path, {"en": FakeSpeaker()}), gone, tmp_path, book, lambda: AT)
    with pytest.raises(Unavailable, match="there is no script 'visit'"):
        await words.make_ready(CAMPAIGN, lead(0))


async def test_no_room_to_keep_them_is_no_fault_of_the_lead(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    script = read_script(NAME_ALONE, "visit.yml")
    prompts = Prompts(tmp_path / "file" / "prompts", {"en": FakeSpeaker()})
    with pytest.raises(Unavailable):
        await rendered_first(prompts, script, tmp_path, briefing("visit", {"name": "Ali"})).make_ready(
            CAMPAIGN, lead(0)
        )


async def test_who_is_on_the_line_goes_before_those_to_be_dialed(tmp_path: Path) -> None:
    order: list[str] = []
    began = asyncio.Event()

    class Slow(FakeSpeaker):
        async def speak(self, text: str, language: str) -> bytes:
            await asyncio.sleep(0.01)
            order.append(text)
            began.set()
            return await super().speak(text, language)

    script = read_script(NAME_ALONE, "visit.yml")
    prompts = Prompts(tmp_path, {"en": Slow()})
    await prompts.render_all(parts_of(script, tmp_path))
    order.clear()
    leads = [briefing("visit", {"name": f"Lead {number}"}) for number in range(6)]
    words = rendered_first(prompts, script, tmp_path, *leads)
    making = [asyncio.create_task(words.make_ready(CAMPAIGN, lead(number))) for number in range(6)]
    await began.wait()
    await prompts.audio(Line("Goodbye Ali.", "en"), NOW)
    assert order.index("Goodbye Ali.") <= 4  # two were under way, and two may have begun
    await asyncio.gather(*making)
    assert len(order) == 7
