"""Conversations that broke off: called again by the campaign's own rule, whichever of call and talk is told first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from crm_core.db.engine import Database
from crm_core.domain.attempts import Outcome
from crm_core.domain.campaigns import RetryPolicy, Unfinished
from crm_core.domain.conversations import Ending
from crm_core.domain.unfinished import again_at, is_open, parse_rule
from crm_core.errors import BadInput
from crm_core.events import LeadClosed
from crm_core.handlers.campaigns import every_campaign
from crm_core.handlers.conversations import DatabaseConversationBook
from tests.crm_core.dialing import NOW, add_campaign, after, lead_row, published
from tests.crm_core.shell import Shell
from tests.crm_core.talks import HUNG_UP, bot_campaign, dial, end_call, settle, talk, talked

TWO_HOURS = timedelta(hours=2)
RULE = RetryPolicy(unfinished=Unfinished(TWO_HOURS, 1))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2h:1", Unfinished(TWO_HOURS, 1)),
        ("90m:3", Unfinished(timedelta(minutes=90), 3)),
        ("1d", Unfinished(timedelta(days=1), 1)),
        (" 45 S:2 ", Unfinished(timedelta(seconds=45), 2)),
    ],
)
def test_a_rule_is_read_as_it_is_written(text: str, rule: Unfinished) -> None:
    assert parse_rule(text) == rule


@pytest.mark.parametrize("text", ["", "2", "h", "2h:", "2h:0", "0h:1", "two hours", "2h:1:1", "-2h", "2w"])
def test_what_is_no_rule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadInput, match="as 2h:1"):
        parse_rule(text)


def test_a_result_that_says_more_goes_before_the_rule() -> None:
    assert is_open(Ending.HUNG_UP, None)
    assert is_open(Ending.FAILED, "unfinished")
    assert not is_open(Ending.HUNG_UP, "not_interested")
    assert not is_open(Ending.FINISHED, None)
    assert not is_open(Ending.TRANSFERRED, None)
    assert again_at(RetryPolicy(), 1, 1, NOW) is None


@pytest.mark.parametrize("first", ["talk", "end"])
@pytest.mark.parametrize(
    "changes", [HUNG_UP, HUNG_UP | {"disposition": "unfinished"}, HUNG_UP | {"ending": Ending.FAILED}]
)
async def test_who_hung_up_is_called_again_once(database: Database, first: str, changes: dict[str, Any]) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, first=first, **changes)
    await settle(database, after(41))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.next_attempt_at, row.open_attempt) == ("open", after(40) + TWO_HOURS, None)
    assert await dial(database, campaign, 5, after(7000)) == []
    (again,) = await dial(database, campaign, 5, after(7300))
    await talked(database, again, first=first, **changes)
    await settle(database, after(7400))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.close_reason) == ("closed", "unfinished")
    assert [payload["reason"] for _, payload in await published(database, LeadClosed)] == ["unfinished"]


async def test_told_long_after_its_call_it_is_called_again_all_the_same(database: Database) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await end_call(database, attempt, Outcome.ANSWERED, after(40))
    await settle(database, after(90))
    assert (await lead_row(database, campaign, attempt.lead_id)).close_reason == "talked"
    await DatabaseConversationBook(database).record(talk(attempt.id, began=after(10), **HUNG_UP), after(100))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.close_reason, row.next_attempt_at) == ("open", None, after(40) + TWO_HOURS)


@pytest.mark.parametrize("first", ["talk", "end"])
@pytest.mark.parametrize(
    ("disposition", "reason"),
    [("do_not_call", "do_not_call"), ("not_interested", "not_interested"), ("surveyed", "surveyed")],
)
async def test_refusals_and_answers_are_never_called_again(
    database: Database, first: str, disposition: str, reason: str
) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, first=first, ending=Ending.HUNG_UP, disposition=disposition)
    await settle(database, after(41))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.close_reason) == ("closed", reason)


async def test_a_wrong_number_is_never_called_again(database: Database) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, ending=Ending.HUNG_UP, disposition="wrong_number")
    await settle(database, after(41))
    assert await dial(database, campaign, 5, after(90000)) == []
    assert (await lead_row(database, campaign, attempt.lead_id)).close_reason == "wrong_number"


@pytest.mark.parametrize("scope", ["all", "campaign"])
async def test_who_asked_not_to_be_called_is_not_called_on_another_number_either(
    database: Database, scope: str
) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, do_not_call=scope, **HUNG_UP)
    await settle(database, after(41))
    row = await lead_row(database, campaign, attempt.lead_id)
    assert (row.state, row.close_reason) == ("closed", "unfinished")


async def test_a_callback_asked_for_goes_before_the_rule(database: Database) -> None:
    campaign = await bot_campaign(database, retry=RULE)
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, ending=Ending.HUNG_UP, disposition="callback", callback_at=after(9000))
    await settle(database, after(41))
    assert (await lead_row(database, campaign, attempt.lead_id)).next_attempt_at == after(9000)


async def test_the_cap_over_all_attempts_holds(database: Database) -> None:
    campaign = await bot_campaign(database, retry=RetryPolicy(max_attempts=1, unfinished=Unfinished(TWO_HOURS, 3)))
    (attempt,) = await dial(database, campaign, 5)
    await talked(database, attempt, **HUNG_UP)
    await settle(database, after(41))
    assert (await lead_row(database, campaign, attempt.lead_id)).close_reason == "unfinished"


async def test_without_a_rule_results_decide_as_ever(database: Database) -> None:
    campaign = await bot_campaign(database, ["Tashkent"] * 2)
    first, second = await dial(database, campaign, 5)
    await talked(database, first, **HUNG_UP)
    await talked(database, second, ending=Ending.HUNG_UP, disposition="unfinished")
    await settle(database, after(41))
    assert (await lead_row(database, campaign, first.lead_id)).close_reason == "unfinished"
    assert (await lead_row(database, campaign, second.lead_id)).next_attempt_at == after(40) + timedelta(days=1)


async def test_the_rule_from_the_command_line(shell: Shell, database: Database) -> None:
    await add_campaign(database, "source", leads_wanted=1)
    common = ("campaign", "create", "autumn", "--trunk", "carrier", "--list", "source-list")
    await shell(*common, "--script", "satisfaction_survey", "--retry-unfinished", "2h:1", "--calls-per-minute", "200")
    policy = next(one.policy for one in await every_campaign(database) if one.name == "autumn")
    assert policy.retry == RULE
    assert round(policy.calls_per_second, 4) == 3.3333
    assert "dials at most, a minute │ 200" in await shell("campaign", "report", "autumn")
    await shell("campaign", "change", "autumn", "--retry-unfinished", "none", "--calls-per-minute", "400.5")
    assert "But it is to dial 400.5 calls a minute and trunk carrier takes 300." in await shell(
        "campaign", "start", "autumn"
    )
    policy = next(one.policy for one in await every_campaign(database) if one.name == "autumn")
    assert policy.retry.unfinished is None
