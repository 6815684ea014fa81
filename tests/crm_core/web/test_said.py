"""What errors say reaches people in their language; what is not translated yet is listed here."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from crm_core.domain.access import Role
from crm_core.errors import BadInput, Conflict, Forbidden, NotFound, Stale, TooMany
from crm_core.web.pages.catalogues import Words, read_catalogues
from crm_core.web.said import said, said_error
from crm_core.web.viewer import LANGUAGES, SOURCE_LANGUAGE
from scripts.error_messages import LEFT, left, met, of_module
from tests.crm_core.crm import add_contact
from tests.crm_core.web.conftest import Login, Site

OTHERS = [code for code in LANGUAGES if code != SOURCE_LANGUAGE]
_HOLE = re.compile(r"%\((\w+)\)s")


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture(scope="module")
def tongues() -> dict[str, Words]:
    return {code: Words(one) for code, one in read_catalogues().items()}


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_an_error_can_have_is_found_with_what_stands_in_it(tongues: dict[str, Words], code: str) -> None:
    english = []
    for one in met():
        if one.context is not None:
            continue
        names = _HOLE.findall(one.text)
        text = one.text % {name: f"'v{n}'" for n, name in enumerate(names)} if names else one.text
        told = said(text, tongues[code], code)
        if told == text or any(f"'v{n}'" not in told for n in range(len(set(names)))):
            english.append((one.module, text, told))
    assert english == []


def test_what_is_left_in_english_is_of_these_places_alone() -> None:
    """The command line, a process that does not start, faults of ours. New texts anywhere else are asked for by
    scripts/catalogues.py."""
    counted = Counter(one.module for one in left())
    assert all(module.startswith(LEFT) for module in counted)
    # What stands here may shrink. A module that is added to LEFT is to be entered with its reason.
    assert sum(counted.values()) <= 10, "\n".join(f"{module}: {many}" for module, many in counted.most_common())
    assert len(met()) > 500


def test_a_message_is_made_of_every_way_a_text_is_written() -> None:
    source = (
        "MOST = 5\n"
        "def f(name, x):\n"
        '    do = "Choose another name" if x else f"Take the name {name}"\n'
        '    raise BadInput("name", f"there is {name!r} already in {len(x)} places", do)\n'
        '    raise Conflict("somebody was " "first")\n'
        '    raise NotFound("contact", 7)\n'
    )
    found = [(one.text, one.context) for one in of_module(ast.parse(source), "x.py")]
    assert found == [
        ("there is %(name)s already in %(x)s places", None),
        ("Choose another name", None),
        ("Take the name %(name)s", None),
        ("somebody was first", None),
        ("contact", "thing"),
    ]


def test_an_error_is_said_by_what_it_is(tongues: dict[str, Words]) -> None:
    ru = tongues["ru"]
    told = {
        str(error): said_error(error, ru, "ru")
        for error in (
            BadInput("name", "the name is empty", "Choose another name"),
            NotFound("contact", 7),
            NotFound("report", "x", "There is: a, b"),
            Stale("deal", 7, {}, {}),
            Forbidden("deals.see"),
            TooMany("you ask too often", 5),
            Conflict("this file is being imported already"),
        )
    }
    assert list(told.values()) == [
        "название пустое. Выберите другое название",
        "не найдено: контакт 7",
        "не найдено: отчёт x. Есть: a, b",
        "Пока вы смотрели, это изменил кто-то другой: посмотрите снова и решите",
        told["this needs the right 'deals.see': ask an administrator for it"],
        "вы спрашиваете слишком часто: попробуйте через 5 с",
        "этот файл уже загружается",
    ]
    assert "deals.see" not in told["this needs the right 'deals.see': ask an administrator for it"]
    for error_text in told:
        assert said(error_text, tongues["en"], "en") == error_text


def test_texts_put_together_are_taken_apart(tongues: dict[str, Words]) -> None:
    ru = tongues["ru"]
    row = "left out: column 'When': 'tomorrow' is no date (Write year-month-day, such as 2026-11-30)"
    assert said(row, ru, "ru") == (
        "пропущено: столбец 'When': 'tomorrow' — не дата (Пишите год-месяц-день, например 2026-11-30)"
    )
    assert said("phone: '12' is not a phone number", ru, "ru") == "'12' — не номер телефона"
    assert said("something nobody has written", ru, "ru") == "something nobody has written"
    assert said("", ru, "ru") == ""
    assert said("x" * 10_000, ru, "ru") == "x" * 10_000


async def test_pages_and_the_api_tell_faults_in_the_language_chosen(web_site: Site, login: Login) -> None:
    me = await login(Role.MANAGER)
    me.client.cookie_jar.update_cookies({"language": "ru"})
    wrong = await me.post("/contacts", data={"name": "", "numbers": "12"})
    assert "не номер телефона" in await wrong.text() or "нет в плане нумерации" in await wrong.text()
    assert "не найдено: контакт 999" in await (await me.get("/contacts/999")).text()
    contact = await add_contact(web_site.database, "Karim", "+998901234567", owner_id=me.actor.user_id)
    refused = await me.post(f"/contacts/{contact}/numbers", data={"number": "12"})
    text = await refused.text()
    assert (refused.status, re.search("[а-я]", text) is not None) == (409, True), text
    problem = await (await me.get("/api/v1/contacts/999")).json()
    assert problem["detail"] == "не найдено: контакт 999"
    me.client.cookie_jar.update_cookies({"language": ""})
    for asked, told in (("uz", "topilmadi: kontakt 999"), ("", "there is no contact 999")):
        answer = await me.get("/api/v1/contacts/999", headers={"Accept-Language": asked})
        assert (await answer.json())["detail"] == told
    bad = await me.post("/api/v1/contacts", json={"numbers": ["12"]}, headers={"Accept-Language": "ru"})
    body = await bad.json()
    assert re.search("[а-я]", body["detail"])
    assert not re.search("[а-я]", body["what"])  # programs read it


async def test_a_wrong_password_is_told_in_the_language_of_the_door(web_site: Site, login: Login) -> None:
    me = await login(Role.SELLER, "Dilnoza")
    me.client.cookie_jar.clear()
    me.client.cookie_jar.update_cookies({"language": "uz"})
    answer = await me.post("/login", data={"name": "Dilnoza", "password": "not the one at all"})
    assert "ism yoki parol notoʻgʻri" in await answer.text()
