"""Every text is said in every language, and rightly."""

from __future__ import annotations

import gettext
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message

from crm_core.web.pages import island_words
from crm_core.web.pages.catalogues import FOLDER, Words, mark, merged, read_area, read_catalogues
from crm_core.web.viewer import LANGUAGES, SOURCE_LANGUAGE
from scripts.catalogues import SHELL, WEB, area_of, areas, extracted, keys, missing, update

TRANSLATED = [code for code in LANGUAGES if code != SOURCE_LANGUAGE]
_PLACEHOLDER = re.compile(r"%\((\w+)\)s|%(?![(%])")
#: In Uzbek oʻ and gʻ carry U+02BB, the glottal stop is U+02BC; nothing else that looks like them is right.
_LOOKALIKE = re.compile(r"(?<=\w)['`´‘’](?=\w)|(?<=[oOgG])['`´‘’ʼ]")


AREAS = areas()
each_area = pytest.mark.parametrize("area", AREAS)
each_language = pytest.mark.parametrize("code", TRANSLATED)


@pytest.fixture(scope="module")
def sources() -> Mapping[str, Catalog]:
    return extracted()


def _area(code: str, area: str) -> list[Message]:
    path = FOLDER / code / f"{area}.po"
    return [one for one in read_area(path, code) if one.id] if path.exists() else []


def _forms(said: object) -> list[str]:
    return [str(one) for one in said] if isinstance(said, (tuple, list)) else [str(said)]


@each_language
@each_area
def test_the_catalogues_say_what_the_sources_say(sources: Mapping[str, Catalog], area: str, code: str) -> None:
    said = {(one.context or "", _forms(one.id)[0]) for one in _area(code, area)}
    assert said == set(keys(sources[area]) if area in sources else ()), f"run scripts/catalogues.py {area}"


@each_language
def test_no_area_is_left_over(code: str) -> None:
    assert {path.stem for path in (FOLDER / code).glob("*.po")} <= set(AREAS)


@each_language
@each_area
def test_nothing_is_missing_or_in_doubt(area: str, code: str) -> None:
    assert [one.id for one in _area(code, area) if one.fuzzy or not all(_forms(one.string))] == []


@each_language
@each_area
def test_placeholders_are_those_of_the_source(area: str, code: str) -> None:
    for message in _area(code, area):
        wanted = {name for form in _forms(message.id) for name in _PLACEHOLDER.findall(form)}
        for form in _forms(message.string):
            assert set(_PLACEHOLDER.findall(form)) == wanted, (message.id, form)


@each_language
def test_two_areas_do_not_say_the_same_differently(code: str) -> None:
    said: dict[object, tuple[str, list[str]]] = {}
    for area in AREAS:
        for message in filter(lambda one: all(_forms(one.string)), _area(code, area)):
            first = said.setdefault((message.context, _forms(message.id)[0]), (area, _forms(message.string)))
            assert _forms(message.string) == first[1], (message.id, first[0], area)


@each_area
def test_uzbek_has_its_own_apostrophes(area: str) -> None:
    assert [form for one in _area("uz", area) for form in _forms(one.string) if _LOOKALIKE.search(form)] == []


@pytest.mark.parametrize("wrong", ["o'zbek", "so’rov", "ma'lumot", "gʼalaba"])
def test_a_wrong_apostrophe_is_found(wrong: str) -> None:
    assert _LOOKALIKE.search(wrong)


@pytest.mark.parametrize("right", ["oʻzbek", "maʼlumot", "sheʼr"])
def test_a_right_apostrophe_is_not(right: str) -> None:
    assert not _LOOKALIKE.search(right)


def test_russian_counts_in_three_forms() -> None:
    words = Words(read_catalogues()["ru"])
    said = [words.ngettext("%(num)s new", "%(num)s new", n) for n in (1, 2, 5, 11, 21, 104)]
    one, few, many = said[:3]
    assert len({one, few, many}) == 3
    assert said[3:] == [many, one, few]


def test_arabic_counts_in_six_forms() -> None:
    catalogue = merged(FOLDER / "ar", "ar")
    assert catalogue.num_plurals == 6
    plural = gettext.c2py(catalogue.plural_expr)  # what GNUTranslations itself uses
    assert [plural(n) for n in (0, 1, 2, 3, 11, 100)] == [0, 1, 2, 3, 4, 5]


def test_the_source_language_says_what_is_written() -> None:
    words = Words(read_catalogues()["en"])
    assert words.gettext("Tasks") == "Tasks"
    assert [words.ngettext("%(num)s new", "%(num)s newer", n) for n in (1, 2)] == ["%(num)s new", "%(num)s newer"]
    assert words.pgettext("theme", "Dark") == "Dark"
    assert words.npgettext("theme", "one", "many", 2) == "many"


def test_a_marked_text_is_itself_and_translated_later() -> None:
    assert Words(read_catalogues()["uz"]).gettext(mark("Tasks")) == "Vazifalar"


def test_a_language_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \.po file"):
        read_catalogues(tmp_path)


def test_an_untranslated_text_is_said_in_english(tmp_path: Path) -> None:
    for code in TRANSLATED:
        (tmp_path / code).mkdir()
        (tmp_path / code / "shell.po").write_text('msgid ""\nmsgstr ""\n\nmsgid "Tasks"\nmsgstr ""\n')
    assert Words(read_catalogues(tmp_path)["ru"]).gettext("Tasks") == "Tasks"


def test_a_source_belongs_to_its_area() -> None:
    assert area_of(WEB / "templates" / "base.html") == SHELL
    assert area_of(WEB / "templates" / "deals" / "list.html") == "deals"
    assert area_of(WEB / "pages" / "rendering.py") == SHELL
    assert area_of(WEB / "pages" / "deals_board.py") == "deals"
    assert area_of(WEB / "viewer.py") == SHELL


def test_an_update_keeps_what_was_said_and_lists_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.catalogues.FOLDER", tmp_path)
    (tmp_path / "ru").mkdir()
    path = tmp_path / "ru" / "x.po"
    path.write_text('msgid ""\nmsgstr ""\n\nmsgid "Tasks"\nmsgstr "Задачи"\n\nmsgid "Old"\nmsgstr "Старое"\n')
    source = Catalog(domain="x")
    source.add("Tasks", locations=[("templates/x/list.html", 7)])
    source.add(("%(num)s task", "%(num)s tasks"), locations=[("templates/x/list.html", 9)])
    (tmp_path / "ru" / "y.po").write_text('msgid ""\nmsgstr ""\n\nmsgid "Call"\nmsgstr "Звонок"\n')
    source.add("Call")
    assert missing(update("x", source, "ru")) == ["%(num)s task"]
    written = path.read_text()
    assert "Старое" not in written
    assert 'msgstr "Задачи"' in written
    assert 'msgstr "Звонок"' in written  # as another area says it
    assert "POT-Creation-Date" not in written
    assert "list.html:7" not in written
    update("x", source, "ru")
    assert path.read_text() == written


def test_the_scripts_of_every_page_find_their_words() -> None:
    source = (WEB / "islands" / "site_words.ts").read_text()
    block = re.search(r"const ENGLISH = \{(.*?)\n\};", source, re.DOTALL)
    assert block is not None
    assert dict(re.findall(r'(\w+): "(.*)",', block[1])) == dict(island_words.WORDS)
