"""Rehearsals on a database: what is read, kept and compared, in a real process of their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from crm_core.cli.rehearsal import world_from_campaign
from crm_core.db.engine import Database
from crm_core.db.tables import agent_log, attempts, rehearsals
from crm_core.domain.agents import AgentState
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import Campaign, CampaignState
from crm_core.domain.past_calls import Part, PastCalls
from crm_core.domain.past_estimates import Estimate
from crm_core.domain.rehearsal import DayAhead, Forecast, RehearsalRoom
from crm_core.errors import BadInput, NotFound, Unavailable
from crm_core.handlers.campaigns import Order, order_campaign
from crm_core.handlers.past_calls import past_calls
from crm_core.handlers.rehearsal import Tools, Wanted, rehearse
from crm_core.handlers.rehearsal_compare import compared
from dialer.rehearsal_process import RehearsalProcess
from dialer.screening import screened
from dialer.simulate_rules import rules, usual_policy
from dialer.simulate_shift import Shift
from tests.crm_core.crm import rows
from tests.crm_core.dialing import NOW, add_agent, add_campaign, change_lead, lead_ids, number_of
from tests.crm_core.shell import Shell

TOOLS = Tools(screened, RehearsalProcess())
PART = Part("autumn-list", "Asia/Tashkent")


async def dialed(
    database: Database, campaign: Campaign, at: datetime, outcomes: list[Outcome], agent: int | None = None
) -> None:
    """One attempt after the other, each of the next lead; talks last a minute after 8 s of ringing."""
    ids = await lead_ids(database, campaign)
    for n, outcome in enumerate(outcomes):
        begins = at + timedelta(minutes=2 * n)
        rang, talks = begins + timedelta(seconds=8), outcome is Outcome.ANSWERED
        row = {
            "id": f"tl-{campaign.id}-{int(begins.timestamp())}",
            "campaign_id": campaign.id,
            "lead_id": ids[n % len(ids)],
            "number": number_of(n % len(ids)),
            "trunk": "carrier",
            "caller_id": "+998712000000",
            "created_at": begins,
            "leased_until": begins,
            "answered_at": rang if talks else None,
            "bridged_at": rang if talks else None,
            "ended_at": rang + timedelta(seconds=60 if talks else 10),
            "outcome": outcome.value,
            "disposition": "callback" if talks and n % 2 else None,
        }
        async with database.work() as work:
            await work.run(insert(attempts).values(row))
    if agent is not None:
        states = [
            (AgentState.AVAILABLE, 0),
            (AgentState.ON_CALL, 60),
            (AgentState.WRAP_UP, 120),
            (AgentState.PAUSED, 140),
        ]
        lines = [
            {"agent_id": agent, "state": s.value, "campaign_id": campaign.id, "at": at + timedelta(seconds=after)}
            for s, after in [*states, (AgentState.LOGGED_OUT, 200)]
        ]
        async with database.work() as work:
            await work.run(insert(agent_log), lines)


MIXED = [Outcome.ANSWERED, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.ANSWERED, Outcome.GIVEN_UP, Outcome.NOT_IN_SERVICE]


async def test_past_calls_are_counted_by_part_hour_and_attempt(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=2)
    agent = await add_agent(site, campaign=campaign)
    await dialed(site, campaign, NOW, MIXED, agent.id)
    past = await past_calls(site, campaign, NOW + timedelta(days=1))
    assert (past.dials, past.people, past.busy, past.dead, past.failed) == (5, 2, 1, 1, 1)
    assert past.own_dials == 5
    assert (past.talks, past.callbacks) == (2, 1)
    assert past.talk.kept == [60.0, 60.0]
    assert sorted(past.rings.kept) == [8.0, 8.0]
    assert set(past.by_part) == {PART}
    assert set(past.by_hour) == {12}  # noon in Tashkent
    assert {nth: one.dials for nth, one in past.by_nth.items()} == {1: 2, 2: 2, 3: 1}
    assert past.wrap_up.kept == [20.0]
    assert past.pause.kept == [60.0]
    assert past.logged_in == 140.0


async def test_history_is_read_in_pieces_without_loss(site: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.handlers.past_calls._PIECE", 2)
    campaign = await add_campaign(site, leads_wanted=2)
    await dialed(site, campaign, NOW, MIXED)
    assert (await past_calls(site, campaign, NOW + timedelta(days=1))).dials == 5


async def test_other_campaigns_tell_too_but_not_as_its_own_and_old_calls_tell_nothing(site: Database) -> None:
    old = await add_campaign(site, "spring", leads_wanted=2, first=50)
    await dialed(site, old, NOW, MIXED)
    campaign = await add_campaign(site, leads_wanted=2)
    past = await past_calls(site, campaign, NOW + timedelta(days=1))
    assert (past.dials, past.own_dials) == (5, 0)
    assert (await past_calls(site, campaign, NOW + timedelta(days=1), others=False)).dials == 0
    assert (await past_calls(site, campaign, NOW + timedelta(days=91))).dials == 0


async def test_a_rehearsal_is_made_in_a_process_and_kept(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=40)
    ids = await lead_ids(site, campaign)
    await change_lead(site, campaign, ids[0], state="closed")
    await change_lead(site, campaign, ids[1], next_attempt_at=NOW + timedelta(days=2), attempts=1)
    told: list[tuple[int, int]] = []
    kept = await rehearse(campaign, Wanted(3, runs=4), TOOLS, site, NOW, "Dilnoza", lambda d, w: told.append((d, w)))
    assert kept.forecast.leads == 39
    assert kept.forecast.finish is not None
    assert kept.forecast.finish > NOW + timedelta(days=2)
    assert kept.forecast.parts[0].part == PART
    assert told[-1] == (100, 100)
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    found = await compared(campaign, site, NOW)
    assert found is not None
    assert (found.forecast, found.made_by, found.compared) == (kept.forecast, "Dilnoza", None)


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(), "nobody is logged in for campaign autumn"),
        (Wanted(0), "0 is not between 1 and 500"),
        (Wanted(5, runs=1), "1 is not between 4 and 200"),
        (Wanted(5, begins_at=NOW - timedelta(hours=1)), "is over"),
        (Wanted(5, by=NOW - timedelta(hours=1)), "is not after the begin"),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_way_out(
    seeded_database: Database, wanted: Wanted, says: str
) -> None:
    campaign = await add_campaign(seeded_database, leads_wanted=3)
    with pytest.raises(BadInput, match=says) as caught:
        await rehearse(campaign, wanted, TOOLS, seeded_database, NOW, "x")
    assert caught.value.do


async def test_a_campaign_without_leads_to_dial_says_what_to_do(seeded_database: Database) -> None:
    campaign = await add_campaign(seeded_database, leads_wanted=0)
    with pytest.raises(BadInput, match=r"it has no leads\. Add a list"):
        await rehearse(campaign, Wanted(2), TOOLS, seeded_database, NOW, "x")


async def test_those_logged_in_are_the_operators_unless_told_otherwise(seeded_database: Database) -> None:
    campaign = await add_campaign(seeded_database, leads_wanted=3)
    for n in range(2):
        await add_agent(seeded_database, f"op{n}", campaign=campaign)
    await add_agent(seeded_database, "home", AgentState.LOGGED_OUT, campaign)
    await add_agent(seeded_database, "other")
    seen: list[RehearsalRoom] = []

    async def rehearser(room: RehearsalRoom, past: PastCalls, told: Callable[[int, int], None]) -> Forecast:
        seen.append(room)
        return forecast()

    await rehearse(campaign, Wanted(), Tools(screened, rehearser), seeded_database, NOW, "x")
    assert seen[0].questions.operators == 2


async def test_a_rehearsal_that_takes_too_long_is_ended(seeded_database: Database) -> None:
    campaign = await add_campaign(seeded_database, leads_wanted=3)
    tools = Tools(screened, RehearsalProcess(timedelta(seconds=0.01)))
    with pytest.raises(Unavailable, match="ask for fewer runs"):
        await rehearse(campaign, Wanted(2), tools, seeded_database, NOW, "x")
    assert await compared(campaign, seeded_database, NOW) is None


# --- compared -----------------------------------------------------------------------------------------------
def forecast() -> Forecast:
    some, none = Estimate(2, 1, 3, 4), Estimate(0, 0, 0, 4)
    share, dials = Estimate(0.5, 0.3, 0.7, 4), Estimate(6, 4, 8, 4)
    day = DayAhead(NOW + timedelta(hours=6), dials, some, some, none, share)
    return Forecast(
        operators=2,
        begins_at=NOW,
        runs=4,
        leads=3,
        finish_low=NOW + timedelta(hours=1),
        finish=NOW + timedelta(hours=2),
        finish_high=None,
        finished=0.75,
        dials=dials,
        people=some,
        talks=some,
        reached=share,
        occupancy=share,
        occupancy_due=share,
        abandoned_share=none,
        talk_minutes=Estimate(20, 10, 30, 4),
        hours=(),
        days=(day,),
        parts=(),
        by=None,
        operators_by=None,
        assumed=("talk",),
        dials_seen=0,
    )


async def rehearsed(database: Database, campaign: Campaign, at: datetime) -> None:
    async def rehearser(room: RehearsalRoom, past: PastCalls, told: Callable[[int, int], None]) -> Forecast:
        return forecast()

    await rehearse(campaign, Wanted(2), Tools(screened, rehearser), database, at, "x")


async def test_a_day_that_is_over_is_compared_while_the_campaign_dials(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=3)
    agent = await add_agent(site, campaign=campaign)
    await rehearsed(site, campaign, NOW)
    await dialed(site, campaign, NOW + timedelta(minutes=5), MIXED, agent.id)
    early = await compared(campaign, site, NOW + timedelta(hours=1))
    assert early is not None
    assert early.compared is None
    found = await compared(campaign, site, NOW + timedelta(hours=7))
    assert found is not None
    assert found.compared is not None
    assert not found.compared.is_final
    figures = {one.name: (one.happened, one.within) for one in found.compared.figures}
    assert figures["dials"] == (6, True)
    assert figures["people"] == (2, True)
    assert figures["abandoned_share"] == (0, True)
    assert figures["occupancy"][0] == pytest.approx(80 / 140)


async def test_a_later_begin_moves_the_days_that_are_compared(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=3)
    await rehearsed(site, campaign, NOW)
    await dialed(site, campaign, NOW + timedelta(days=2), MIXED)
    early = await compared(campaign, site, NOW + timedelta(days=2, hours=5))
    late = await compared(campaign, site, NOW + timedelta(days=2, hours=7))
    assert early is not None
    assert late is not None
    assert early.compared is None
    assert late.compared is not None


async def test_only_a_rehearsal_from_before_the_first_dial_is_compared(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=3)
    await dialed(site, campaign, NOW, MIXED)
    await rehearsed(site, campaign, NOW + timedelta(hours=1))
    assert await compared(campaign, site, NOW + timedelta(days=1)) is None


async def test_the_comparison_is_kept_when_the_campaign_ends(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=3)
    await rehearsed(site, campaign, NOW)
    await dialed(site, campaign, NOW + timedelta(minutes=5), MIXED)
    await order_campaign(site, campaign.name, Order.STOP, NOW + timedelta(hours=1))
    ended, _ = await order_campaign(site, campaign.name, Order.FINISH, NOW + timedelta(hours=1))
    assert ended.state is CampaignState.FINISHED
    async with site.work() as work:
        await work.run(attempts.delete())  # what is kept needs the calls no more
    found = await compared(ended, site, NOW + timedelta(days=400))
    assert found is not None
    assert found.compared is not None
    assert found.compared.is_final
    figures = {one.name: one.happened for one in found.compared.figures}
    assert (figures["dials"], figures["talks"]) == (6, 2)
    assert figures["reached"] == pytest.approx(1 / 3)
    assert found.compared.finished_at is None  # leads are still open


async def test_a_list_worked_off_is_compared_with_the_finish_that_was_expected(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=3)
    await rehearsed(site, campaign, NOW)
    await dialed(site, campaign, NOW, MIXED)
    for lead in await lead_ids(site, campaign):
        await change_lead(site, campaign, lead, state="closed")
    found = await compared(campaign, site, NOW + timedelta(hours=1))
    assert found is not None
    assert found.compared is not None
    assert found.compared.finished_at == NOW + timedelta(minutes=10)
    days = {one.name: one for one in found.compared.figures}["days"]
    assert not days.within  # sooner than nine of ten runs
    assert [row["compared"] is not None for row in await rows(site, rehearsals)] == [True]


# --- on the command line ------------------------------------------------------------------------------------
async def test_the_command_tells_what_to_expect_and_compares(site: Database, shell: Shell) -> None:
    campaign = await add_campaign(site, leads_wanted=20)
    said = await shell("campaign", "rehearse", "autumn", "--operators", "3", "--runs", "4", "--by", "2099-01-01 12:00")
    assert "20 leads, 3 operators, 4 runs, 0 past dials" in said
    assert "finished by Thu 01 Jan 12:00" in said
    assert "Nothing is known of: how often people answer" in said
    assert "No rehearsed day of dialing is over yet" in await shell("campaign", "rehearse", "autumn", "--compare")
    await dialed(site, campaign, datetime.now(UTC), MIXED)
    for lead in await lead_ids(site, campaign):
        await change_lead(site, campaign, lead, state="closed")
    said = await shell("campaign", "rehearse", "autumn", "--compare")
    assert "autumn at its end, as rehearsed on" in said
    assert "days from first to last dial" in said


async def test_a_campaigns_past_calls_become_a_world_to_simulate(site: Database) -> None:
    campaign = await add_campaign(site, leads_wanted=2)
    with pytest.raises(BadInput, match="has dialed nobody in the last 90 days"):
        await world_from_campaign(site, campaign.name, 4, 2.0, NOW)
    for day in range(1, 9):
        await dialed(site, campaign, NOW - timedelta(days=day), MIXED)
    world = await world_from_campaign(site, campaign.name, 4, 2.0, NOW)
    assert (world.agents, world.hours, world.max_lines) == (4, 2.0, 30)
    assert [since for since, _ in world.answers.steps] == [0.0, 3600.0]
    assert 0.3 < world.answers.steps[0][1] < 0.6
    assert world.answers.failed == pytest.approx(0.2)
    assert Shift(world, 1).run(rules(usual_policy(world))["progressive"]()).talks > 0


async def test_the_command_says_what_is_wrong(site: Database, shell: Shell) -> None:
    await add_campaign(site, leads_wanted=1)
    with pytest.raises(NotFound, match="winter"):
        await shell("campaign", "rehearse", "winter")
    with pytest.raises(BadInput, match=r"--by: 'soon' is no time\. Write it as"):
        await shell("campaign", "rehearse", "autumn", "--by", "soon")
    said = await shell("campaign", "rehearse", "autumn", "--compare")
    assert "was not rehearsed before its first dial" in said
