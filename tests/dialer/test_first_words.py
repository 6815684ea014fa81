"""What leads of the bot hear first is rendered before they are dialed, and nobody is dialed to hear nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from crm_core.domain.campaigns import Campaign, CampaignState, DialMode
from crm_core.domain.leads import Lead, WhyNot
from crm_core.errors import BadInput, Unavailable
from dialer.engine import Dialer
from dialer.first_words import rest_after
from dialer.screening import screened
from dialer.settings import DialerSettings
from tests.dialer import clock
from tests.dialer.clock import START, now
from tests.dialer.scene import TRUNK, Switch, campaign, lead, number
from tests.fakes.hopper import FakeHopper
from tests.fakes.roster import agent

SECOND = timedelta(seconds=1)


@dataclass
class Voice:
    """Takes `seconds` for a lead, `places` of them at once. `answer` may raise what a rendering raises."""

    seconds: float = 0.06
    places: int = 2
    answer: Callable[[Lead], None] = lambda lead: None
    began: list[tuple[datetime, int]] = field(default_factory=list)
    ready: dict[int, datetime] = field(default_factory=dict)
    under_way: int = 0
    most: int = 0

    def __post_init__(self) -> None:
        self._room = asyncio.Semaphore(self.places)

    async def make_ready(self, campaign: Campaign, lead: Lead) -> None:
        self.began.append((now(), lead.id))
        async with self._room:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            try:
                await asyncio.sleep(self.seconds)
            finally:
                self.under_way -= 1
        self.answer(lead)
        self.ready.setdefault(lead.id, now())


def bot(campaign_id: int = 1, **changes: object) -> Campaign:
    return campaign(campaign_id, **({"mode": DialMode.BOT, "script": "survey", "max_lines": 1000} | changes))


def a_room(*campaigns: Campaign, leads: int = 50) -> FakeHopper:
    hopper = FakeHopper()
    hopper.lines = {TRUNK.name: replace(TRUNK, max_lines=1000)}
    for of in campaigns:
        first = 1000 * of.id
        hopper.add(of, [lead(first + n, campaign_id=of.id, numbers=(number(first + n),)) for n in range(1, leads + 1)])
    return hopper


def run(
    hopper: FakeHopper,
    voice: Voice,
    seconds: float,
    settings: DialerSettings | None = None,
    meanwhile: Callable[[], None] = lambda: None,
    halfway: float = 0.5,
) -> Switch:
    switch = Switch()
    dialing = settings or DialerSettings(max_lines=1000)

    async def main() -> None:
        dialer = Dialer(switch, hopper, hopper.roster, dialing, now, voice)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(dialer.run())
            await asyncio.sleep(seconds * halfway)
            meanwhile()
            await asyncio.sleep(seconds * (1 - halfway))
            running.cancel()

    clock.run(main())
    return switch


def dialed(hopper: FakeHopper, switch: Switch) -> dict[int, datetime]:
    """When each lead was dialed; fails where one was dialed twice."""
    leads = [(hopper.attempts[order.channel].lead_id, at) for at, order in switch.sent]
    assert len(leads) == len(dict(leads))
    return dict(leads)


def test_nobody_is_dialed_before_his_words_are_ready() -> None:
    hopper, voice = a_room(bot()), Voice()
    sent = dialed(hopper, run(hopper, voice, 30))
    assert len(sent) == 50
    assert all(voice.ready[lead_id] <= at for lead_id, at in sent.items())
    assert voice.most == 2


def test_two_hundred_calls_a_minute_are_dialed_with_a_voice_that_takes_its_time() -> None:
    """espeak-ng takes 0.06 s; here each text takes four times that."""
    hopper, voice = a_room(bot(calls_per_second=200 / 60), leads=700), Voice(seconds=0.24)
    sent = dialed(hopper, run(hopper, voice, 121))
    second_minute = [at for at in sent.values() if START + timedelta(seconds=60) <= at < START + timedelta(seconds=120)]
    assert len(second_minute) in (199, 200, 201)


def test_words_are_made_for_few_more_than_are_dialed() -> None:
    hopper, voice = a_room(bot(calls_per_second=2.0), leads=300), Voice()
    sent = dialed(hopper, run(hopper, voice, 20))
    assert len(sent) >= 39
    assert len(voice.began) <= len(sent) + 3 * 2 + 2
    assert len({lead_id for _, lead_id in voice.began}) == len(voice.began)


def test_a_slow_voice_delays_no_other_campaign() -> None:
    hopper, voice = a_room(bot(1), campaign(2), leads=5), Voice(seconds=3600)
    hopper.roster.add(*(agent(n, START, campaign_id=2) for n in range(1, 4)))
    switch = run(hopper, voice, 4)
    assert {hopper.attempts[order.channel].campaign_id for _, order in switch.sent} == {2}
    assert len(switch.sent) == 3
    assert all(at - START < SECOND for at, _ in switch.sent)


def test_a_lead_whose_words_nobody_can_say_rests_with_the_reason_and_the_others_are_dialed() -> None:
    def answer(lead: Lead) -> None:
        if lead.id == 1003:
            raise BadInput("prompt", "'!' has nothing that can be said")

    hopper, voice = a_room(bot()), Voice(answer=answer)
    sent = dialed(hopper, run(hopper, voice, 30))
    assert set(range(1001, 1051)) - set(sent) == {1003}
    (rested,) = hopper.rested
    assert (rested.lead_id, rested.why) == (1003, WhyNot.WORDS_UNSAYABLE)
    assert rested.until is not None
    found = screened(hopper.leads[1, 1003], hopper.campaigns[1], TRUNK, START + SECOND * 30)
    assert (found.why, found.until) == (WhyNot.WORDS_UNSAYABLE, rested.until)


def test_a_voice_that_is_down_is_tried_again_and_then_all_are_dialed() -> None:
    def answer(lead: Lead) -> None:
        if now() < START + SECOND * 60:
            raise Unavailable("espeak-ng is gone")

    hopper, voice = a_room(bot()), Voice(answer=answer)
    sent = dialed(hopper, run(hopper, voice, 300))
    assert set(sent) == set(range(1001, 1051))
    assert min(sent.values()) >= START + SECOND * 60
    assert {one.why for one in hopper.rested} == {WhyNot.WORDS_NOT_READY}
    # Neither the list nor the processor is worn out meanwhile.
    tried = [at for at, _ in voice.began if at < START + SECOND * 60]
    assert len(tried) <= 12
    assert min(sent.values()) < START + SECOND * 95


def test_a_voice_that_is_down_stops_neither_those_who_are_ready_nor_other_campaigns() -> None:
    down = [False]

    def answer(lead: Lead) -> None:
        if down[0] and lead.campaign_id == 1:
            raise Unavailable("no voice for this script")

    hopper, voice = a_room(bot(1, calls_per_second=1.0), bot(2, calls_per_second=1.0)), Voice(answer=answer)
    switch = run(hopper, voice, 20, meanwhile=lambda: down.__setitem__(0, True))
    of = [(hopper.attempts[order.channel].campaign_id, at) for at, order in switch.sent]
    assert len([at for campaign_id, at in of if campaign_id == 1 and at > START + SECOND * 10]) >= 2
    assert len([at for campaign_id, at in of if campaign_id == 2]) >= 19


def test_words_that_do_not_come_are_given_up_after_some_seconds() -> None:
    hopper, voice = a_room(bot(), leads=1), Voice(seconds=3600)
    assert not run(hopper, voice, 6).sent
    (rested,) = hopper.rested
    assert rested.why is WhyNot.WORDS_NOT_READY
    assert rested.until is not None
    assert rested.until >= START + DialerSettings().words_within


def test_a_paused_campaign_has_no_words_made() -> None:
    hopper, voice = a_room(bot(calls_per_second=1.0)), Voice()

    def pause() -> None:
        hopper.campaigns[1] = replace(hopper.campaigns[1], state=CampaignState.PAUSED)

    run(hopper, voice, 20, meanwhile=pause)
    assert max(at for at, _ in voice.began) <= START + SECOND * 11.5


def test_without_a_voice_here_the_bot_dials_at_once() -> None:
    hopper, switch = a_room(bot(), leads=3), Switch()

    async def main() -> None:
        running = asyncio.create_task(Dialer(switch, hopper, hopper.roster, DialerSettings(), now).run())
        await asyncio.sleep(2)
        running.cancel()

    clock.run(main())
    assert len(switch.sent) == 3


def test_rests_grow_to_an_end() -> None:
    rests = [rest_after(faults, SECOND, SECOND * 30) for faults in range(1, 100)]
    assert rests[:5] == [SECOND, SECOND * 2, SECOND * 4, SECOND * 8, SECOND * 16]
    assert set(rests[5:]) == {SECOND * 30}
