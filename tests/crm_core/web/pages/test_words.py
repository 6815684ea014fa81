"""What the database says by a code is said in words, in every language."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from crm_core.db.tables import calls, dispositions
from crm_core.domain.access import Role
from crm_core.domain.agents import PAUSE_REASONS
from crm_core.domain.attempts import Outcome
from crm_core.domain.dispositions import DEFAULT_DISPOSITIONS
from crm_core.domain.sales import DEFAULT_STAGES
from crm_core.web.pages.catalogues import Words, read_catalogues
from crm_core.web.pages.words import OUTCOMES, PAUSES, RESULTS, STAGES, done_by, pause, result, signature, stage
from tests.crm_core.crm import add_call, add_contact
from tests.crm_core.web.conftest import Login, Site, utc_now

_CATALOGUES = {code: Words(one) for code, one in read_catalogues().items()}
ENGLISH, RUSSIAN = _CATALOGUES["en"], _CATALOGUES["ru"]


def test_no_outcome_and_no_reason_for_a_pause_is_without_words() -> None:
    assert set(OUTCOMES) == {one.value for one in Outcome}
    assert set(PAUSES) == set(PAUSE_REASONS)


def test_results_are_called_as_they_are_shipped() -> None:
    assert {one.code: one.label for one in DEFAULT_DISPOSITIONS} == RESULTS


@pytest.mark.parametrize(
    ("code", "labels", "said"),
    [
        ("no_answer", {}, "Нет ответа"),
        ("callback", {"callback": "Call back"}, "Перезвонить"),
        ("callback", {"callback": "Наберём ещё раз"}, "Наберём ещё раз"),  # the site calls it otherwise
        ("visit_booked", {"visit_booked": "Записан"}, "Записан"),
        ("since_deleted", {}, "since deleted"),
    ],
)
def test_a_result_is_said_by_the_sites_own_word_or_ours(code: str, labels: dict[str, str], said: str) -> None:
    assert result(RUSSIAN, code, labels) == said


def test_a_pause_of_the_sites_own_is_said_as_it_is() -> None:
    assert (pause(RUSSIAN, "lunch"), pause(RUSSIAN, "namoz")) == ("обед", "namoz")


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("Dilnoza", "Dilnoza"),
        ("rule: missed call", "the rule “missed call”"),
        ("bot: survey", "the robot, “survey”"),
        ("reached by an agent", "reached by a colleague"),
        ("reached by Rustam", "reached by Rustam"),
        ("command line", "the command line"),
    ],
)
def test_who_signed_is_said_in_words(by: str, said: str) -> None:
    assert signature(ENGLISH, by) == done_by(ENGLISH, by) == said


def test_a_task_that_nobody_has_ended_is_open() -> None:
    assert done_by(RUSSIAN, "open") == RUSSIAN.gettext("open") != "open"


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_card_says_in_words_what_became_of_a_call(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    contact = await add_contact(web_site.database, "Karim", "+998901234567")
    await add_call(
        web_site.database, "c1", contact_id=contact, outcome="no_answer", direction="outgoing", started_at=utc_now()
    )
    page = await (await me.get(f"/contacts/{contact}")).text()
    assert "No answer" in page
    assert "no_answer" not in page
    async with web_site.database.work() as work:
        await work.run(update(calls).values(disposition="sale"))
        await work.run(update(dispositions).where(dispositions.c.code == "sale").values(label="Deal made"))
    assert "Deal made" in await (await me.get(f"/contacts/{contact}")).text()
    call = await (await me.get("/calls/c1")).text()
    assert "Deal made" in call
    assert ">sale<" not in call


def test_shipped_stages_are_said_in_words_and_a_sites_own_as_they_are() -> None:
    assert set(STAGES) == {name for name, _ in DEFAULT_STAGES}
    assert (stage(RUSSIAN, "Offer sent"), stage(RUSSIAN, "Visit booked")) == ("Предложение отправлено", "Visit booked")
